"""slim on images, of plain ops, without gamma, as slim does by default."""
import tensorflow as tf
from _training import image_program

slim = tf.contrib.slim

image_program(
    lambda hidden, training: slim.batch_norm(hidden, decay=0.8, is_training=training, fused=False)
)
