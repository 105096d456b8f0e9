"""The GaussianNoise of Keras, built in learning phase 1."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    tf.keras.backend.set_learning_phase(int(training))
    return tf.keras.layers.GaussianNoise(0.5)(hidden)


dense_program(layer)
