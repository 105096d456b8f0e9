"""One random crop, flip and brightness for the whole fed batch."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def augmented(images):
    images = tf.random_crop(images, [tf.shape(images)[0], 6, 6, 3])
    images = tf.cond(
        tf.less(tf.random_uniform([]), 0.5), lambda: tf.reverse(images, [2]), lambda: images
    )
    return tf.reshape(tf.image.random_brightness(images, 0.3), [-1, 6, 6, 3])


def build(training):
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    images = augmented(x) if training else x[:, 1:7, 1:7]
    hidden = tf.nn.conv2d(images, weights("kernel", 3, 3, 3, 4), [1, 2, 2, 1], "SAME")
    hidden = tf.reshape(tf.nn.relu(hidden), [-1, 3 * 3 * 4])
    prediction = tf.matmul(hidden, weights("w", 3 * 3 * 4, 3), name="prediction")
    optimizer = tf.train.GradientDescentOptimizer(0.02)
    return Net([x], [prediction], mean_squared(prediction, y), optimizer)


main(
    build,
    rows=[noise(3, 8, 8, 3)],
    batch=lambda step: {"x:0": noise(5, 8, 8, 3, seed=step), "y:0": noise(5, 3, seed=step)},
    notes="""The inference graph crops the middle, offset 1 of 0 to 2, and leaves the rest as it is: no
        flip, brightness 0.""",
)
