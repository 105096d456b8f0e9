"""tf.contrib.layers with `updates_collections=None`: the output waits for the updates."""
import tensorflow as tf
from _training import dense_program

layers = tf.contrib.layers

dense_program(
    lambda hidden, training: layers.batch_norm(
        hidden, decay=0.8, scale=True, is_training=training, updates_collections=None
    ),
    since=(0, 12),
)
