"""tf.contrib.nn.alpha_dropout, which keeps mean and variance of a selu."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    return tf.contrib.nn.alpha_dropout(tf.nn.selu(hidden), 0.7 if training else 1.0)


dense_program(layer)
