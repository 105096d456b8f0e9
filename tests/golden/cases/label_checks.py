"""The model waits for checks and a print of its labels, as programs do that check each batch they train on.

Saved is the training graph; the outputs are those of the graph without labels.
"""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, requires, weights

requires(1, 0, "tf.assert_less_equal was elsewhere")


def build(training=False):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    checks = [tf.assert_less_equal(tf.abs(x), 10.0, summarize=3)]
    if training:
        checks += [tf.assert_less_equal(tf.reduce_max(y), 10.0), tf.assert_equal(tf.shape(x)[0], tf.shape(y)[0])]
        checks += [tf.group(tf.Print(y, [tf.reduce_mean(y)], "labels"))]
    with tf.control_dependencies([tf.group(*checks)]):
        checked = tf.identity(x)
    prediction = tf.tanh(tf.matmul(checked, weights("w", 5, 2)) + bias("b", 2), name="prediction")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x],
        outputs=[prediction],
        runs=[[noise(4, 5)], [noise(1, 5, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(6, 5, seed=step), y: noise(6, 2, seed=step)},
        saved=training_graph,
    )


def training_graph():
    build(training=True)
    return tf.train.Saver()


main(build)
