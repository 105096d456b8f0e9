"""Stochastic depth as first published: a block survives with a constant rate; served, it is scaled by it."""
import tensorflow as tf
from _case import weights
from _training import dense_program

RATES = (0.9, 0.6)


def block(x, rate, name, training):
    branch = tf.nn.relu(tf.matmul(x, weights(name, 8, 8)))
    if not training:
        return x + rate * branch
    survives = tf.floor(rate + tf.random_uniform([]))
    return x + survives * branch


def layer(hidden, training):
    for number, rate in enumerate(RATES):
        hidden = block(hidden, rate, "block%d" % number, training)
    return hidden


dense_program(
    layer,
    notes="""The mask is not divided by the rate while training, so its mean, the rate, takes its
        place.""",
)
