"""A dropout by a Python constant."""
import tensorflow as tf
from _training import dense_program

dense_program(
    lambda hidden, training: tf.nn.dropout(hidden, 0.5 if training else 1.0), since=(0, 12)
)
