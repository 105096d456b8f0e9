"""A loop in a loop, a cond in a loop, a loop in a cond, and a cond in a cond."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    times = tf.placeholder(tf.int32, [], name="times")
    w, v, u = weights("w", 3, 3), weights("v", 3, 3), weights("u", 3)

    def inner(_, value):
        return tf.while_loop(lambda j, _: j < times, lambda j, a: (j + 1, tf.tanh(tf.matmul(a, w) + u)), [0, value])[1]

    def outer(i, value):
        value = inner(i, value)
        bent = tf.cond(tf.equal(i % 2, 0), lambda: tf.matmul(value, v), lambda: value * tf.to_float(i) + u)
        return i + 1, bent

    nested = tf.while_loop(lambda i, _: i < 3, outer, [0, x])[1]
    nested = tf.identity(nested, name="nested")

    def deep():
        return tf.cond(times > 3, lambda: tf.sin(x) * u, lambda: tf.matmul(x, v))

    chosen = tf.cond(times > 1, lambda: inner(0, x) + u, deep)
    chosen = tf.identity(chosen, name="chosen")
    runs = [[noise(2, 3), times] for times in (0, 1, 2, 4)]
    return Model([x, times], [nested, chosen], runs, gradients=True)


main(build)
