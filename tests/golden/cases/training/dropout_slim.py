"""The dropout of slim, whose `is_training` is True by default."""
import tensorflow as tf
from _training import dense_program

slim = tf.contrib.slim

dense_program(lambda hidden, training: slim.dropout(hidden, 0.6, is_training=training))
