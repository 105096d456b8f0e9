"""A norm by tf.nn.moments over the batch that keeps no averages at all."""
import tensorflow as tf
from _case import mean_squared, noise
from _training import Net, main


def normalized(x, name):
    with tf.variable_scope(name):
        size = int(x.get_shape()[-1])
        beta = tf.get_variable("beta", [size], initializer=tf.constant_initializer(0.1))
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        return tf.nn.batch_normalization(x, mean, variance, beta, None, 1e-5)


def build(training):
    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 4, 4, 3], name="y")
    hidden = tf.layers.conv2d(x, 4, 3, 2, "same", name="down")
    hidden = normalized(hidden, "norm1")
    hidden = tf.layers.conv2d_transpose(tf.nn.relu(hidden), 4, 3, 2, "same", name="up")
    hidden = normalized(hidden, "norm2")
    hidden = tf.layers.conv2d(tf.nn.relu(hidden), 3, 3, padding="same", name="colors")
    prediction = tf.tanh(hidden, name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 4, 4, 2)],
    batch=lambda step: {
        "x:0": 2 * noise(4, 4, 4, 2, seed=step) + 1,
        "y:0": noise(4, 4, 4, 3, seed=step),
    },
    kept=True,
    independent=False,
)
