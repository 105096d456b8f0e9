"""A DropoutWrapper(0.75) in static_rnn: a dropout per step, no loop."""
import tensorflow as tf
from _case import bias, mean_squared, noise, rnn_cells, weights
from _training import Net, main

cells = rnn_cells()


def build(training):
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    cell = cells.BasicRNNCell(4)
    if training:
        cell = cells.DropoutWrapper(cell, output_keep_prob=0.75)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    prediction = tf.add(
        tf.matmul(outputs[-1], weights("w", 4, 2)), bias("b", 2), name="prediction"
    )
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 4, 3)],
    batch=lambda step: {"x:0": noise(5, 4, 3, seed=step), "y:0": noise(5, 2, seed=step)},
)
