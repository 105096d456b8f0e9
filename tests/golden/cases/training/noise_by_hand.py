"""Normal noise of a constant width, added to the output of a layer."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    if not training:
        return hidden
    return hidden + tf.random_normal(tf.shape(hidden), mean=0.0, stddev=0.3)


dense_program(layer)
