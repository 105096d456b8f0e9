"""The GaussianDropout of Keras, built in learning phase 1: noise around one, multiplied."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    tf.keras.backend.set_learning_phase(int(training))
    return tf.keras.layers.GaussianDropout(0.3)(hidden)


dense_program(layer)
