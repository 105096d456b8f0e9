"""tf.layers on sequences: statistics of all steps of all rows."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def build(training):
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    hidden = tf.layers.conv1d(x, 5, 3, padding="same", name="conv")
    hidden = tf.layers.batch_normalization(hidden, momentum=0.8, training=training)
    hidden = tf.reduce_max(tf.nn.relu(hidden), 1)
    prediction = tf.matmul(hidden, weights("w", 5, 2), name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 4, 3)],
    batch=lambda step: {"x:0": 2 * noise(5, 4, 3, seed=step) + 1, "y:0": noise(5, 2, seed=step)},
)
