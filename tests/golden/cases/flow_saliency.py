"""The gradients of an LSTM and of a cond by their input are outputs: stacks and gradient arrays are in the answer."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    _, state = tf.nn.dynamic_rnn(rnn_cells().LSTMCell(4), x, dtype=tf.float32)
    score = tf.reduce_sum(tf.square(tf.matmul(state.h, weights("w", 4, 2))), 1, name="score")
    (saliency,) = tf.gradients(score, x)
    saliency = tf.identity(saliency, name="saliency")
    bent = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.sin(x), lambda: x * x)
    slope = tf.identity(tf.gradients(bent, x)[0], name="slope")
    return Model([x], [score, saliency, slope], [[noise(2, 4, 3)], [-noise(2, 4, 3)]])


main(build)
