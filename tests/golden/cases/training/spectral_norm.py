"""Spectral norm: each run of the training graph does a step of power iteration and keeps its vector.

The inference graph does the same step from the vector of the checkpoint, and keeps nothing.
"""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def normalized(w, training):
    rows = int(w.get_shape()[0])
    start = tf.truncated_normal_initializer()
    u = tf.get_variable("u", [1, rows], initializer=start, trainable=False)
    v = tf.nn.l2_normalize(tf.matmul(u, w), 1)
    u_next = tf.nn.l2_normalize(tf.matmul(v, w, transpose_b=True), 1)
    u_next, v = tf.stop_gradient(u_next), tf.stop_gradient(v)
    sigma = tf.squeeze(tf.matmul(tf.matmul(u_next, w), v, transpose_b=True))
    with tf.control_dependencies([u.assign(u_next)] if training else []):
        return tf.div(w, sigma, name="normalized")


def build(training):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    hidden = x
    for number, size in enumerate([8, 8, 2]):
        with tf.variable_scope("layer%d" % number):
            hidden = tf.nn.tanh(hidden) if number else hidden
            w = weights("w", int(hidden.get_shape()[1]), size)
            hidden = tf.matmul(hidden, normalized(w, training))
    prediction = tf.identity(hidden, name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(4, 5)],
    batch=lambda step: {"x:0": noise(6, 5, seed=step), "y:0": noise(6, 2, seed=step)},
    steps=3,
    notes="""The first run of the training graph gives the outputs of the inference graph; the later
        ones no longer do, because the vectors have changed.""",
)
