"""tf.layers on vectors, of plain ops; updates under UPDATE_OPS."""
import tensorflow as tf
from _training import dense_program

dense_program(
    lambda hidden, training: tf.layers.batch_normalization(hidden, momentum=0.8, training=training)
)
