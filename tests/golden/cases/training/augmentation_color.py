"""Random hue, saturation and contrast of every image, in a while loop; old releases write them as plain ops."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def augmented(image):
    image = tf.image.random_hue(image, 0.3)
    image = tf.image.random_saturation(image, 0.2, 0.6)
    return tf.image.random_contrast(image, 0.2, 0.6)


def build(training):
    x = tf.placeholder(tf.float32, [None, 6, 6, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    images = tf.map_fn(augmented, x) if training else x
    hidden = tf.nn.conv2d(images, weights("kernel", 3, 3, 3, 4), [1, 2, 2, 1], "SAME")
    hidden = tf.reshape(tf.nn.relu(hidden), [-1, 3 * 3 * 4])
    prediction = tf.matmul(hidden, weights("w", 3 * 3 * 4, 3), name="prediction")
    optimizer = tf.train.GradientDescentOptimizer(0.002)
    return Net([x], [prediction], mean_squared(prediction, y), optimizer)


def colors(rows, seed):
    return abs(noise(rows, 6, 6, 3, seed=seed))


main(
    build,
    rows=[colors(3, 20)],
    batch=lambda step: {"x:0": colors(5, step), "y:0": noise(5, 3, seed=step)},
)
