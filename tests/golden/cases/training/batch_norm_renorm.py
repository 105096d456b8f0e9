"""Batch renormalization. Its corrections are clipped; unclipped they give what the averages give."""
import tensorflow as tf
from _training import image_program

image_program(
    lambda hidden, training: tf.layers.batch_normalization(
        hidden,
        momentum=0.8,
        renorm=True,
        renorm_clipping={"rmax": 1.5, "rmin": 0.7, "dmax": 0.5},
        renorm_momentum=0.8,
        training=training,
    )
)
