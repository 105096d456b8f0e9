"""tf.contrib.layers with `zero_debias_moving_mean`: the average of the mean is corrected for its start."""
import tensorflow as tf
from _training import dense_program

layers = tf.contrib.layers

dense_program(
    lambda hidden, training: layers.batch_norm(
        hidden, decay=0.8, is_training=training, zero_debias_moving_mean=True
    )
)
