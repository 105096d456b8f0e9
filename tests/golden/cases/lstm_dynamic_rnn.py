"""An LSTM unrolled by dynamic_rnn (a v1 while loop with TensorArrays) and its gradients."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, rnn_cells, weights


def build():
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    cell = rnn_cells().BasicLSTMCell(4, state_is_tuple=True)
    sequence, state = tf.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32)
    sequence = tf.identity(sequence, name="sequence")
    prediction = tf.add(tf.matmul(state.h, weights("w", 4, 2)), bias("b", 2), name="prediction")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x, lengths],
        outputs=[prediction, sequence],
        runs=[
            [noise(3, 5, 3), [5, 2, 0]],
            [noise(2, 7, 3, seed=1), [7, 1]],
        ],
        train=train,
        train_feed=lambda step: {
            x: noise(4, 5, 3, seed=step), lengths: [5, 3, 1, 4], y: noise(4, 2, seed=step)
        },
    )


main(build)
