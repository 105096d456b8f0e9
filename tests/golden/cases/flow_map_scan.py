"""map_fn, scan, foldl and foldr, whose functions read variables."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w, u = weights("w", 3, 3), weights("u", 3)
    row = lambda item: tf.squeeze(tf.tanh(tf.matmul(tf.expand_dims(item, 0), w)), 0)
    mapped = tf.map_fn(row, x, name="mapped")
    pair = tf.map_fn(lambda both: both[0] * u + both[1], (x, tf.sin(x)), dtype=tf.float32)
    scanned = tf.scan(lambda before, item: row(before) + item * u, x, initializer=tf.zeros([3]))
    turned = tf.scan(lambda before, item: before * item + u, x)
    left = tf.foldl(lambda before, item: tf.tanh(before + item * u), x)
    right = tf.foldr(lambda before, item: tf.tanh(before * u - item), x, back_prop=True)
    found = [mapped, pair, scanned, turned, left, right]
    outputs = [tf.identity(value, name="out%d" % number) for number, value in enumerate(found)]
    return Model([x], outputs, [[noise(4, 3)], [noise(1, 3, seed=1)]], gradients=True)


main(build)
