"""By hand: moments, and averages with names that say nothing, kept by tf.assign."""
import tensorflow as tf
from _training import dense_program


def kept(name, first):
    start = tf.constant_initializer(first)
    return tf.get_variable(name, [8], initializer=start, trainable=False)


def layer(hidden, training):
    averages = [kept("a", 0.0), kept("b", 1.0)]
    scale = tf.get_variable("c", [8], initializer=tf.constant_initializer(1.0))
    mean, variance = averages
    if training:
        moments = tf.nn.moments(hidden, [0])
        updates = [
            tf.assign(old, old * 0.8 + new * (1 - 0.8)) for old, new in zip(averages, moments)
        ]
        with tf.control_dependencies(updates):
            mean, variance = [tf.identity(moment) for moment in moments]
    return scale * (hidden - mean) / tf.sqrt(variance + 1e-3)


dense_program(layer, since=(0, 12))
