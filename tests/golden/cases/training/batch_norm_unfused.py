"""tf.layers on images, told not to use the fused kernel."""
import tensorflow as tf
from _training import image_program

image_program(
    lambda hidden, training: tf.layers.batch_normalization(
        hidden, momentum=0.8, training=training, fused=False
    )
)
