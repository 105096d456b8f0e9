"""One encoded image in; its size is recorded behind the decoder and nowhere else, and a dense layer needs it."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, requires, weights

requires(1, 4, "images in base64")
PIXELS = [[[50 * row, 60 * column, 20 * (row + column)] for column in range(4)] for row in range(5)]


def build():
    coded = tf.placeholder(tf.string, [1], name="image")
    decoded = tf.image.decode_png(tf.decode_base64(coded[0]), channels=3)
    decoded.set_shape([5, 4, 3])
    batch = tf.expand_dims(tf.image.convert_image_dtype(decoded, tf.float32), 0)
    features = tf.nn.conv2d(batch * 2 - 1, weights("filter", 2, 2, 3, 2), [1, 2, 2, 1], "VALID")
    score = tf.add(tf.matmul(tf.reshape(features, [1, -1]), weights("w", 8, 2)), bias("b", 2), name="score")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(score, 1.0))
    with tf.Session() as session:
        texts = session.run([_text(PIXELS), _text(PIXELS[::-1])])
    return Model(
        inputs=[coded],
        outputs=[score],
        runs=[[[text]] for text in texts],
        train=train,
        train_feed=lambda step: {coded: texts[:1]},
    )


def _text(pixels):
    return tf.encode_base64(tf.image.encode_png(tf.constant(pixels, tf.uint8)))


main(build)
