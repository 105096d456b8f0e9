"""TensorArrays of fixed and of growing size: written, read, scattered, gathered, split, joined, in loops and out of them."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = weights("w", 3, 3)
    rows = tf.shape(x)[0]
    y = tf.matmul(x, w)
    source = tf.TensorArray(tf.float32, rows, clear_after_read=False, name="source").unstack(y)
    grown = tf.TensorArray(tf.float32, 0, dynamic_size=True, clear_after_read=False, name="grown")

    def body(i, total, grown):
        total = tf.tanh(total + source.read(i) * source.read(rows - 1 - i))
        return i + 1, total, grown.write(i, total)

    _, _, grown = tf.while_loop(lambda i, *_: i < rows, body, [0, tf.zeros([3]), grown])
    grown = grown.write(grown.size(), y[0])
    ragged = tf.TensorArray(tf.float32, 2, infer_shape=False, name="ragged").split(y, [1, rows - 1])
    turned = tf.TensorArray(tf.float32, rows, name="turned").scatter(tf.range(rows - 1, -1, -1), y)
    late = tf.TensorArray(tf.float32, 5, element_shape=[3], clear_after_read=False, name="late")
    late = late.write(4, y[1]).write(0, y[0] * 2.0)
    found = [
        grown.stack(), grown.gather([1, 0]), ragged.concat() * 1.5, turned.stack(), late.gather([4, 0]),
        tf.cond(rows > 2, lambda: late.read(4), lambda: late.read(0)),
    ]
    outputs = [tf.identity(value, name="out%d" % number) for number, value in enumerate(found)]
    size = tf.identity(grown.size(), name="size")
    return Model([x], outputs + [size], [[noise(4, 3)], [noise(2, 3, seed=1)]], gradients=True)


main(build)
