"""slim on vectors, which later releases take as images of one pixel."""
import tensorflow as tf
from _training import dense_program

slim = tf.contrib.slim

dense_program(
    lambda hidden, training: slim.batch_norm(hidden, decay=0.8, scale=True, is_training=training)
)
