"""A loop whose variable grows, one that does not run at all, and one that counts by another variable's value."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    times = tf.placeholder(tf.int32, [], name="times")
    w = weights("w", 3, 3)

    def grow(i, value):
        return i + 1, tf.concat([value, tf.tanh(tf.matmul(value, w))], 0)

    _, grown = tf.while_loop(
        lambda i, _: i < times, grow, [0, x], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])]
    )
    _, halved = tf.while_loop(
        lambda norm, _: norm > 0.1,
        lambda norm, value: (tf.reduce_sum(tf.square(value)), value / 2.0),
        [tf.reduce_sum(tf.square(x)), tf.matmul(x, w)],
        parallel_iterations=1,
    )
    _, never = tf.while_loop(lambda i, _: i < 0, lambda i, value: (i + 1, tf.matmul(value, w)), [0, x * w[0]])
    outputs = [tf.identity(value, name=name) for name, value in (("grown", grown), ("halved", halved), ("never", never))]
    return Model([x, times], outputs, [[noise(2, 3), 3], [noise(1, 3), 0]], gradients=True)


main(build)
