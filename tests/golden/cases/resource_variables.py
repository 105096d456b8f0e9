"""The same kind of net on resource variables, as Keras and some 1.x code already made them."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, requires, weights

# 1.0 has the class, but no use_resource, no Adam on it, and cannot store it in a collection.
requires(1, 4, "tf.get_variable has no use_resource")


def build():
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    ids = tf.placeholder(tf.int32, [None], name="ids")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.variable_scope("net", use_resource=True):
        table = weights("table", 6, 4)
        hidden = tf.tanh(tf.matmul(x, weights("w1", 5, 4)) + tf.nn.embedding_lookup(table, ids))
        output = tf.matmul(hidden, weights("w2", 4, 2)) + bias("b2", 2)
    prediction = tf.identity(output, name="prediction")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x, ids],
        outputs=[prediction],
        runs=[[noise(3, 5), [5, 0, 5]], [noise(1, 5, seed=1), [2]]],
        train=train,
        train_feed=lambda step: {
            x: noise(3, 5, seed=step), ids: [step, 4, 5], y: noise(3, 2, seed=step)
        },
    )


main(build)
