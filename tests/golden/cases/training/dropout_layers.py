"""tf.layers.dropout with `training=True`."""
import tensorflow as tf
from _training import dense_program

dense_program(lambda hidden, training: tf.layers.dropout(hidden, 0.4, training=training))
