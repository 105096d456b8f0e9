"""As people wrote it before there was a layer: tf.nn.moments and an ExponentialMovingAverage of them."""
import tensorflow as tf
from _training import dense_program


def batch_norm(x, training):
    beta = tf.get_variable("beta", [8], initializer=tf.constant_initializer(0.0))
    gamma = tf.get_variable("gamma", [8], initializer=tf.constant_initializer(1.0))
    mean, variance = tf.nn.moments(x, [0], name="moments")
    average = tf.train.ExponentialMovingAverage(0.8)
    update = average.apply([mean, variance])
    if training:
        with tf.control_dependencies([update]):
            mean, variance = tf.identity(mean), tf.identity(variance)
    else:
        mean, variance = average.average(mean), average.average(variance)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def layer(hidden, training):
    with tf.variable_scope("norm"):
        return batch_norm(hidden, training)


dense_program(layer, since=(0, 12))
