"""A dropout whose rate falls with the step: a computed value, neither a constant nor an input."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    step = tf.train.get_or_create_global_step()
    if not training:
        return hidden
    return tf.nn.dropout(hidden, 1.0 - tf.train.exponential_decay(0.5, step, 10, 0.9))


dense_program(layer)
