"""Three dropouts without tf.nn.dropout: by tf.floor, by tf.cast and by tf.where, each with its own rate."""
import tensorflow as tf
from _training import dense_program


def floored(x, keep):
    mask = tf.floor(keep + tf.random_uniform(tf.shape(x)))
    return x * mask * (1.0 / keep)


def cast(x, keep):
    return tf.cast(tf.random_uniform(tf.shape(x)) < keep, tf.float32) * x / keep


def chosen(x, keep):
    return tf.where(tf.random_uniform(tf.shape(x)) < keep, x / keep, tf.zeros_like(x))


def dropouts(hidden, training):
    if not training:
        return tf.nn.relu(hidden)
    hidden = cast(floored(hidden, 0.8), 0.7)
    return tf.nn.relu(chosen(hidden, 0.6))


dense_program(dropouts)
