"""A dropout by a Python constant."""
import tensorflow as tf
from _case import bias, mean_squared, noise, weights
from _training import Net, main


def build(training):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    hidden = tf.nn.tanh(tf.matmul(x, weights("w1", 5, 8)) + bias("b1", 8))
    hidden = tf.nn.dropout(hidden, 0.5 if training else 1.0)
    prediction = tf.add(tf.matmul(hidden, weights("w2", 8, 2)), bias("b2", 2), name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y), tf.train.AdamOptimizer(0.05))


main(
    build,
    rows=[noise(4, 5)],
    batch=lambda step: {"x:0": noise(6, 5, seed=step), "y:0": noise(6, 2, seed=step)},
    since=(0, 12),
)
