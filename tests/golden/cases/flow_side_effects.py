"""Loops and conds that assign, in the order that control dependencies give, with asserts and prints beside; stateful."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [3], name="x")
    times = tf.placeholder(tf.int32, [], name="times")
    w = weights("w", 3)
    total = tf.get_variable("total", [3], initializer=tf.zeros_initializer(), trainable=False)
    count = tf.get_variable("count", [], tf.int32, initializer=tf.zeros_initializer(), trainable=False)

    def body(i, value):
        with tf.control_dependencies([tf.assert_less(i, 10), tf.Print(i, [i])]):
            added = tf.assign_add(total, value * w)
        with tf.control_dependencies([added]):
            counted = tf.assign_add(count, 1)
        with tf.control_dependencies([counted]):
            return i + 1, value + total.read_value() * w

    _, value = tf.while_loop(lambda i, _: i < times, body, [0, x], parallel_iterations=1)
    with tf.control_dependencies([value]):
        doubled = tf.cond(times > 1, lambda: tf.assign(total, total.read_value() * 2.0), lambda: tf.assign_add(total, x))
    with tf.control_dependencies([doubled]):
        after = tf.identity(total.read_value(), name="after")
        counted = tf.identity(count.read_value(), name="counted")
    value = tf.identity(value, name="value")
    runs = [[noise(3), 2], [noise(3, seed=1), 0], [noise(3, seed=2), 3]]
    return Model([x, times], [value, after, counted], runs, stateful=True)


main(build)
