"""A variational autoencoder: a code drawn from a normal distribution; served, its mean."""
import tensorflow as tf
from _case import bias, noise, weights
from _training import Net, main


def build(training):
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    hidden = tf.nn.tanh(tf.matmul(x, weights("w1", 6, 8)) + bias("b1", 8))
    mean = tf.matmul(hidden, weights("w_mean", 8, 3))
    log_variance = tf.matmul(hidden, weights("w_variance", 8, 3)) + bias("b_variance", 3)
    code = mean
    if training:
        code = mean + tf.exp(0.5 * log_variance) * tf.random_normal(tf.shape(mean))
    hidden = tf.nn.tanh(tf.matmul(code, weights("w2", 3, 8)))
    prediction = tf.nn.sigmoid(tf.matmul(hidden, weights("w3", 8, 6)), name="prediction")
    divergence = tf.reduce_sum(tf.square(mean) + tf.exp(log_variance) - log_variance - 1.0, 1)
    error = tf.reduce_sum(tf.square(prediction - x), 1)
    return Net([x], [prediction], tf.reduce_mean(error + 0.05 * divergence))


main(
    build,
    rows=[noise(4, 6)],
    batch=lambda step: {"x:0": 0.5 + 0.5 * noise(6, 6, seed=step)},
    notes="The inference graph decodes the mean.",
)
