"""A GRU, then a hand-written while loop that reads variables inside its condition and body."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, rnn_cells, weights


def build():
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    times = tf.placeholder(tf.int32, [], name="times")
    y = tf.placeholder(tf.float32, [None, 4], name="y")
    _, state = tf.nn.dynamic_rnn(rnn_cells().GRUCell(4), x, dtype=tf.float32)
    mix = weights("mix", 4, 4)
    shift = weights("shift", 4)
    limit = tf.get_variable("limit", initializer=tf.constant(6), trainable=False)

    def more(i, _):
        return tf.logical_and(i < times, i < limit.read_value())

    def step(i, value):
        # `mix` enters the loop as the value `mix/read`; read_value() sends the reference itself in.
        return i + 1, tf.tanh(tf.matmul(value, mix) + shift.read_value())

    taken, value = tf.while_loop(more, step, [tf.constant(0), state])
    prediction = tf.identity(value, name="prediction")
    taken = tf.identity(taken, name="taken")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x, times],
        outputs=[prediction, taken],
        runs=[[noise(3, 4, 3), 2], [noise(1, 4, 3, seed=1), 9], [noise(2, 4, 3, seed=2), 0]],
        train=train,
        train_feed=lambda step: {x: noise(4, 4, 3, seed=step), times: 3, y: noise(4, 4, seed=step)},
    )


main(build)
