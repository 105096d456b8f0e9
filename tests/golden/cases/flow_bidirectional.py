"""GRUs in both directions, time major, trained: the saved graph holds their gradients."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, requires, rnn_cells


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 2, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2, 6], name="y")
    cells = rnn_cells()
    lengths = tf.stack([tf.shape(x)[0], tf.shape(x)[0] // 2])
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        cells.GRUCell(3), cells.GRUCell(3), x, sequence_length=lengths, dtype=tf.float32, time_major=True
    )
    joined = tf.concat(both, 2, name="joined")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(joined, y))
    feed = {x: noise(4, 2, 3, seed=3), y: noise(4, 2, 6, seed=4)}
    return Model([x], [joined], [[noise(4, 2, 3)], [noise(6, 2, 3)]], train, lambda step: feed, gradients=True)


main(build)
