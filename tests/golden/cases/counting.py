"""A state that every run changes: the output of assign_add is part of the answer."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    calls = tf.get_variable("calls", initializer=tf.constant(10), trainable=False)
    output = tf.matmul(x, weights("w", 3, 2)) + bias("b", 2)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(output, y))
    call = tf.assign_add(calls, 1, name="call")
    prediction = tf.multiply(output, tf.cast(call, tf.float32), name="prediction")
    return Model(
        inputs=[x],
        outputs=[prediction, call],
        runs=[[noise(2, 3)], [noise(2, 3)], [noise(1, 3, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 3, seed=step), y: noise(4, 2, seed=step)},
        stateful=True,
        notes="The runs follow one another in one session, after a single restore.",
    )


main(build)
