"""Dropout by a `keep_prob` placeholder: random while training, the identity at 1.0."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    keep_prob = tf.placeholder(tf.float32, name="keep_prob")
    hidden = tf.nn.tanh(tf.matmul(x, weights("w1", 5, 8)) + bias("b1", 8))
    hidden = tf.nn.dropout(hidden, keep_prob)
    output = tf.add(tf.matmul(hidden, weights("w2", 8, 2)), bias("b2", 2), name="output")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(output, y))
    return Model(
        inputs=[x],
        outputs=[output],
        bind={keep_prob: 1.0},
        runs=[[noise(4, 5)], [noise(1, 5, seed=1)]],
        train=train,
        train_feed=lambda step: {
            x: noise(6, 5, seed=step), y: noise(6, 2, seed=step), keep_prob: 0.5
        },
    )


main(build)
