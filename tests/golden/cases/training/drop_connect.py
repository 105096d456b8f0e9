"""Stochastic depth per example, divided by its rate while training: served, the block is just added."""
import tensorflow as tf
from _case import weights
from _training import image_program


def drop_connect(x, keep):
    mask = tf.floor(keep + tf.random_uniform([tf.shape(x)[0], 1, 1, 1], dtype=x.dtype))
    return tf.div(x, keep) * mask


def layer(hidden, training):
    branch = tf.nn.conv2d(hidden, weights("branch", 3, 3, 4, 4), [1, 1, 1, 1], "SAME")
    branch = tf.nn.tanh(branch)
    return hidden + (drop_connect(branch, 0.6) if training else branch)


image_program(layer)
