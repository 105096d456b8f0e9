"""The GaussianDropout of Keras, built in learning phase 1: noise around one, multiplied."""
import tensorflow as tf
from _training import dense_program

layers = tf.keras.layers


def layer(hidden, training):
    tf.keras.backend.set_learning_phase(int(training))
    return layers.GaussianDropout(0.3)(hidden)


dense_program(layer)
