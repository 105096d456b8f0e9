"""Ops that take the reference itself, with no `/read` between variable and use."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    row = tf.placeholder(tf.int32, [None], name="row")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    w, b = weights("w", 4, 3), weights("b", 3)
    limit = tf.get_variable("limit", initializer=tf.constant(9.0), trainable=False)
    product = tf.matmul(x, w._ref())
    shifted = tf.add(b._ref(), product) + tf.gather(w._ref(), row)
    # The output of an assignment used as a value; every run assigns the same.
    capped = tf.minimum(shifted, tf.assign(limit, 0.25))
    prediction = tf.identity(capped, name="prediction")
    size = tf.shape(w._ref(), name="size")
    copy = tf.identity(b._ref(), name="copy")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x, row],
        outputs=[prediction, size, copy],
        runs=[[noise(3, 4), [0, 3, 1]], [noise(1, 4, seed=1), [2]]],
        train=train,
        train_feed=lambda step: {
            x: noise(2, 4, seed=step), row: [step, 0], y: noise(2, 3, seed=step)
        },
    )


main(build)
