"""tf.contrib.layers on images with `updates_collections=None`, by the fused kernel."""
import tensorflow as tf
from _training import image_program

layers = tf.contrib.layers

image_program(
    lambda hidden, training: layers.batch_norm(
        hidden, decay=0.8, is_training=training, updates_collections=None, fused=True
    )
)
