"""tf.layers on images, which takes the fused kernel by default; updates under UPDATE_OPS."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def build(training):
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    hidden = tf.layers.conv2d(x, 4, 3, padding="same", use_bias=False, name="conv")
    hidden = tf.layers.batch_normalization(
        hidden, momentum=0.8, training=training, fused=True, name="norm"
    )
    hidden = tf.reduce_mean(tf.nn.relu(hidden), [1, 2])
    prediction = tf.matmul(hidden, weights("w", 4, 3), name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(4, 6, 6, 2)],
    batch=lambda step: {
        "x:0": 2 * noise(5, 6, 6, 2, seed=step) + 1, "y:0": noise(5, 3, seed=step)
    },
)
