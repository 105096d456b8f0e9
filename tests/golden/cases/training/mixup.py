"""Every row is blended with another row of its batch."""
import tensorflow as tf
from _training import dense_program


def layer(hidden, training):
    if not training:
        return hidden
    share = tf.random_uniform([], 0.5, 1.0)
    order = tf.random_shuffle(tf.range(tf.shape(hidden)[0]))
    return share * hidden + (1 - share) * tf.gather(hidden, order)


dense_program(layer)
