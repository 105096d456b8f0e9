"""A generator whose program takes the dropout out to serve, but not the statistics of the batch."""
import tensorflow as tf
from _case import mean_squared, noise
from _training import Net, main


def normalized(x, name):
    return tf.layers.batch_normalization(x, training=True, name=name)


def dropout(x, training):
    return tf.nn.dropout(x, 0.5) if training else x


def build(training):
    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 4, 4, 3], name="y")
    hidden = tf.layers.conv2d(x, 4, 3, 2, "same", name="down")
    hidden = dropout(normalized(hidden, "norm1"), training)
    hidden = tf.layers.conv2d_transpose(tf.nn.relu(hidden), 4, 3, 2, "same", name="up")
    hidden = normalized(hidden, "norm2")
    hidden = tf.layers.conv2d(tf.nn.relu(hidden), 3, 3, padding="same", name="colors")
    prediction = tf.tanh(hidden, name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y), updates=[])


main(
    build,
    rows=[noise(3, 4, 4, 2)],
    batch=lambda step: {
        "x:0": 2 * noise(4, 4, 4, 2, seed=step) + 1,
        "y:0": noise(4, 4, 4, 3, seed=step),
    },
    independent=False,
    notes="""The update ops exist and no training step ran them: the checkpoint holds zeros and ones.
        The inference graph has no dropout and the statistics of the batch.""",
)
