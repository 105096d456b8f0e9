"""A penalty on the gradient of a cond, and gradients of nested conds and a `tf.case`, in the answer and with gradients."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the conditionals of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    choice = tf.placeholder(tf.int32, [], name="choice")
    w, v = weights("w", 3, 3), weights("v", 3, 3)
    hidden = tf.tanh(tf.matmul(x, w))
    bent = tf.cond(
        tf.reduce_sum(x) > 0,
        lambda: tf.sin(tf.matmul(hidden, v)),
        lambda: tf.tanh(hidden) * tf.sigmoid(tf.matmul(hidden, v)),
    )
    score = tf.reduce_sum(bent, 1, name="score")
    norm = tf.sqrt(tf.reduce_sum(tf.square(tf.gradients(score, x)[0]), 1) + 1e-6)
    penalty = tf.square(norm - 1, name="penalty")

    def inner():
        return tf.cond(choice > 2, lambda: tf.tanh(tf.matmul(x, w)), lambda: tf.square(tf.matmul(x, v)))

    nested = tf.cond(choice > 1, inner, lambda: tf.sin(x) * tf.matmul(x, w))
    pairs = [(tf.equal(choice, 0), lambda: nested * w[0]), (tf.equal(choice, 1), lambda: tf.exp(nested))]
    chosen = tf.case(pairs, default=lambda: nested * nested)
    slope = tf.identity(tf.gradients(tf.reduce_sum(chosen * chosen), x)[0], name="slope")
    runs = [[noise(2, 3) * (-1) ** number, number] for number in range(4)]
    return Model([x, choice], [score, penalty, slope], runs, gradients=True)


main(build)
