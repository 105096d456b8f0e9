"""A class drawn by tf.multinomial; served, the most likely one."""
import tensorflow as tf
from _case import bias, noise, weights
from _training import Net, main


def build(training):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    hidden = tf.nn.tanh(tf.matmul(x, weights("w1", 5, 8)) + bias("b1", 8))
    logits = tf.add(tf.matmul(hidden, weights("w2", 8, 6)), bias("b2", 6), name="logits")
    if training:
        drawn = tf.squeeze(tf.multinomial(logits, 1), 1)
    else:
        drawn = tf.argmax(logits, 1)
    prediction = tf.identity(drawn, name="prediction")
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    return Net([x], [prediction], tf.reduce_mean(loss))


main(
    build,
    rows=[noise(8, 5)],
    batch=lambda step: {"x:0": noise(6, 5, seed=step), "y:0": [(step + row) % 6 for row in range(6)]},
    notes="The inference graph takes the most likely class.",
)
