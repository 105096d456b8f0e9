"""A dropout by what it drops, not by what it keeps."""
import tensorflow as tf
from _training import dense_program

dense_program(
    lambda hidden, training: tf.nn.dropout(hidden, rate=0.4) if training else hidden,
    since=(1, 15),
)
