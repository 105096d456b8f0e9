"""A dropout of whole channels of an image: its mask has ones for height and width."""
import tensorflow as tf
from _training import image_program


def dropout(hidden, training):
    shape = [tf.shape(hidden)[0], 1, 1, 4]
    return tf.nn.dropout(hidden, 0.6, noise_shape=shape) if training else hidden


image_program(dropout, since=(0, 12))
