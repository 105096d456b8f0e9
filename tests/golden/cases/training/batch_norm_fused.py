"""tf.layers on images, by the fused kernel; updates under UPDATE_OPS."""
import tensorflow as tf
from _training import image_program

image_program(
    lambda hidden, training: tf.layers.batch_normalization(
        hidden, momentum=0.8, training=training, fused=True
    )
)
