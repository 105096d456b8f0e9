"""Random crop, flip, brightness and contrast of each fed image, by tf.map_fn."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main


def augmented_image(image):
    image = tf.random_crop(image, [6, 6, 3])
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_brightness(image, 0.3)
    return tf.image.random_contrast(image, 0.7, 1.3)


def augmented(images):
    result = tf.map_fn(augmented_image, images, back_prop=False)
    return tf.reshape(result, [-1, 6, 6, 3])


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
        flip, brightness 0, contrast 1.""",
)
