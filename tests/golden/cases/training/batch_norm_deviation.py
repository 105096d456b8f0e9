"""By hand: averages of the mean and of the standard deviation."""
import tensorflow as tf
from _training import dense_program


def kept(name, first):
    start = tf.constant_initializer(first)
    return tf.get_variable(name, [8], initializer=start, trainable=False)


def layer(hidden, training):
    averages = [kept("a", 0.0), kept("b", 1.0)]
    mean, deviation = averages
    if training:
        mean, variance = tf.nn.moments(hidden, [0])
        deviation = tf.sqrt(variance + 1e-3)
        for average, new in zip(averages, [mean, deviation]):
            update = tf.assign_sub(average, 0.2 * (average - new))
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    return (hidden - mean) / deviation


dense_program(layer)
