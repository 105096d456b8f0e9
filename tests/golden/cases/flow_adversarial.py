"""Losses at inputs moved along their gradients, through a dynamic_rnn and a loop in a loop: virtual adversarial training."""
import numpy as np
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    clean = tf.identity(recurrent(x, lengths, None), name="clean")
    moved = tf.identity(recurrent(x + slope(tf.reduce_sum(tf.square(clean)), x), lengths, True), name="moved")
    first = x[:, 0]
    deep = tf.identity(nested(first), name="deep")
    saliency = tf.identity(slope(tf.reduce_sum(deep * deep), first), name="saliency")
    loss = tf.reduce_mean(tf.square(deep - nested(first + saliency)), name="loss")
    runs = [[noise(2, 4, 3), np.array([2, 4], np.int32)], [-noise(3, 4, 3), np.array([1, 3, 0], np.int32)]]
    return Model([x, lengths], [clean, moved, deep, saliency, loss], runs, gradients=True)


def recurrent(x, lengths, reuse):
    with tf.variable_scope("net", reuse=reuse):
        outputs, state = tf.nn.dynamic_rnn(rnn_cells().GRUCell(3), x, lengths, dtype=tf.float32)
        return tf.matmul(state, weights("w", 3, 2)) + tf.reduce_mean(outputs[:, :, :2], 1)


def nested(value):
    with tf.variable_scope("nested", reuse=None if value.op.type == "StridedSlice" else True):
        v, u = weights("v", 3, 3), weights("u", 3, 3)

    def outer(i, value):
        value = tf.while_loop(lambda j, _: j < i, lambda j, a: (j + 1, tf.tanh(tf.matmul(a, v))), [0, value])[1]
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.matmul(value, u), lambda: tf.sin(value))

    return tf.while_loop(lambda i, _: i < 3, outer, [0, value])[1]


def slope(loss, x):
    """Returns the direction in which a loss grows, which counts as constant: a loop has no second gradient."""
    return tf.stop_gradient(0.5 * tf.nn.l2_normalize(tf.gradients(loss, x)[0], 0))


main(build)
