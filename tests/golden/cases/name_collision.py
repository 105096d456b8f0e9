"""Names that become equal once `/` and `:` are gone, on both sides, and parts of a split."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, split, weights


def build():
    with tf.name_scope("in"):
        first = tf.placeholder(tf.float32, [None, 4], name="x")
    second = tf.placeholder(tf.float32, [None, 4], name="in_x")
    y = tf.placeholder(tf.float32, [None, 6], name="y")
    hidden = tf.matmul(first, weights("w", 4, 6)) - tf.matmul(second, weights("w_1", 4, 6))
    parts = split(hidden, 3, 1, name="split")
    with tf.name_scope("a"):
        nested = tf.tanh(hidden, name="b")
    flat = tf.nn.relu(hidden, name="a_b")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(flat + nested, y))
    return Model(
        inputs=[first, second],
        outputs=[nested, flat, parts[1], parts[0]],
        runs=[[noise(3, 4), noise(3, 4, seed=1)], [noise(1, 4, seed=2), noise(1, 4, seed=3)]],
        train=train,
        train_feed=lambda step: {
            first: noise(2, 4, seed=step), second: noise(2, 4, seed=9 + step), y: noise(2, 6)
        },
    )


main(build)
