"""A DropoutWrapper with one mask for all steps, drawn before the loop and read inside it."""
import tensorflow as tf
from _case import bias, mean_squared, noise, rnn_cells, weights
from _training import Net, main

cells = rnn_cells()


def build(training):
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    cell = cells.GRUCell(4)
    if training:
        cell = cells.DropoutWrapper(
            cell, 0.75, 0.75, 0.75, variational_recurrent=True, input_size=3, dtype=tf.float32
        )
    sequence, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    prediction = tf.add(
        tf.matmul(sequence[:, -1], weights("w", 4, 2)), bias("b", 2), name="prediction"
    )
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 4, 3)],
    batch=lambda step: {"x:0": noise(5, 4, 3, seed=step), "y:0": noise(5, 2, seed=step)},
)
