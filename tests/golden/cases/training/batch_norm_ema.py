"""As people wrote it before there was a layer: tf.nn.moments and an ExponentialMovingAverage of them."""
import tensorflow as tf
from _case import bias, mean_squared, noise, weights
from _training import Net, main


def batch_norm(x, training):
    size = int(x.get_shape()[-1])
    beta = tf.get_variable("beta", [size], initializer=tf.constant_initializer(0.0))
    gamma = tf.get_variable("gamma", [size], initializer=tf.constant_initializer(1.0))
    mean, variance = tf.nn.moments(x, [0], name="moments")
    average = tf.train.ExponentialMovingAverage(0.8)
    update = average.apply([mean, variance])
    if training:
        with tf.control_dependencies([update]):
            mean, variance = tf.identity(mean), tf.identity(variance)
    else:
        mean, variance = average.average(mean), average.average(variance)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def build(training):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    hidden = tf.matmul(x, weights("w1", 5, 8)) + bias("b1", 8)
    with tf.variable_scope("norm"):
        hidden = tf.nn.relu(batch_norm(hidden, training))
    prediction = tf.add(tf.matmul(hidden, weights("w2", 8, 2)), bias("b2", 2), name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(4, 5)],
    batch=lambda step: {"x:0": 2 * noise(6, 5, seed=step) + 1, "y:0": noise(6, 2, seed=step)},
    since=(0, 12),
)
