"""Two tf.cond: variables read before the branch (Switch) and inside it (RefSwitch)."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    flip = tf.placeholder(tf.bool, [], name="flip")
    threshold = tf.placeholder(tf.float32, [], name="threshold")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    left, right = weights("left", 4, 3), weights("right", 4, 3)
    gain, shift = weights("gain", 3), weights("shift", 3)
    chosen = tf.cond(
        flip,
        lambda: tf.matmul(x, right) * gain,
        lambda: tf.matmul(x, left.read_value()),
    )
    moved = tf.cond(
        tf.reduce_mean(x) > threshold,
        lambda: chosen + shift.read_value(),
        lambda: chosen - shift * gain.read_value(),
    )
    prediction = tf.identity(moved, name="prediction")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x, flip, threshold],
        outputs=[prediction],
        runs=[
            [noise(3, 4), True, -1.0],
            [noise(1, 4, seed=1), False, -1.0],
            [noise(2, 4, seed=2), True, 1.0],
            [noise(2, 4, seed=3), False, 1.0],
        ],
        train=train,
        train_feed=lambda step: {
            x: noise(4, 4, seed=step),
            y: noise(4, 3, seed=step),
            flip: step % 2 == 0,
            threshold: 0.5 - step % 3,
        },
    )


main(build)
