"""slim on images, by the fused kernel."""
import tensorflow as tf
from _training import image_program

slim = tf.contrib.slim

image_program(
    lambda hidden, training: slim.batch_norm(
        hidden, decay=0.8, scale=True, is_training=training, fused=True
    )
)
