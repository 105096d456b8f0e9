"""Two outputs on a shared trunk; each needs variables that the other does not."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def dense(x, name, rows, columns):
    with tf.variable_scope(name):
        return tf.matmul(x, weights("kernel", rows, columns)) + bias("bias", columns)


def build():
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    extra = tf.placeholder(tf.float32, [None, 2], name="extra")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    trunk = tf.nn.elu(dense(x, "trunk", 5, 6))
    policy = tf.nn.softmax(dense(trunk, "policy", 6, 3), name="policy_output")
    value = tf.add(dense(trunk, "value", 6, 1), dense(extra, "extra", 2, 1), name="value_output")
    loss = mean_squared(value, y) - tf.reduce_mean(tf.log(policy + 1e-3))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    return Model(
        inputs=[x, extra],
        outputs=[policy, value],
        runs=[[noise(4, 5), noise(4, 2)], [noise(1, 5, seed=1), noise(1, 2, seed=1)]],
        train=train,
        train_feed=lambda step: {
            x: noise(4, 5, seed=step), extra: noise(4, 2, seed=step), y: noise(4, 1, seed=step)
        },
    )


main(build)
