"""Answers that depend on the step counter, on fixed statistics and on a local variable."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    step = tf.Variable(0, trainable=False, name="global_step")
    mean = tf.get_variable("mean", initializer=tf.constant([0.5, 0.0, -0.5]), trainable=False)
    margin = tf.Variable(
        [0.25, 0.5], trainable=False, name="margin", collections=[tf.GraphKeys.LOCAL_VARIABLES]
    )
    rate = tf.train.exponential_decay(1.0, step, 2, 0.5)
    output = tf.matmul(x - mean, weights("w", 3, 2))
    prediction = tf.multiply(output, rate, name="prediction")
    with_margin = tf.add(prediction, margin, name="with_margin")
    step_now = tf.identity(step, name="step_now")
    optimizer = tf.train.GradientDescentOptimizer(rate)
    train = optimizer.minimize(mean_squared(with_margin, y), global_step=step)
    return Model(
        inputs=[x],
        outputs=[prediction, with_margin, step_now],
        runs=[[noise(3, 3)], [noise(1, 3, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 3, seed=step), y: noise(4, 2, seed=step)},
        steps=3,
        notes="""`margin` is a local variable: no checkpoint holds it, its value is that of its
            initializer.""",
    )


main(build)
