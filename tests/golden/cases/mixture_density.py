"""A mixture density network: weights, widths and means of a mixture of normal distributions, cut out of one layer."""
import tensorflow as tf
from _case import Model, bias, main, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 1], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    hidden = tf.tanh(tf.matmul(x, weights("w1", 1, 4)) + bias("b1", 4))
    layer = tf.matmul(hidden, weights("w2", 4, 6)) + bias("b2", 6)
    logits, widths, means = tf.split(layer, 3, 1)
    shares, widths = tf.nn.softmax(logits), tf.exp(widths)
    density = tf.exp(-tf.square((y - means) / widths) / 2) / widths * 0.4
    loss = -tf.reduce_mean(tf.log(tf.reduce_sum(shares * density, 1)))
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    return Model(
        inputs=[x],
        outputs=[shares, widths, means],
        runs=[[noise(3, 1)], [noise(1, 1, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(8, 1, seed=step), y: noise(8, 1, seed=step + 9)},
    )


main(build)
