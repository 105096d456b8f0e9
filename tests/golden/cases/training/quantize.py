"""Quantization-aware training: every run updates the ranges; create_eval_graph serves them as they are."""
import tensorflow as tf
from _case import mean_squared, noise, requires
from _training import Net, main

requires(1, 8, "tf.contrib.quantize is younger")
slim = tf.contrib.slim


def build(training):
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    hidden = slim.conv2d(x, 4, 3, scope="conv1")
    hidden = slim.conv2d(hidden, 4, 3, stride=2, scope="conv2")
    hidden = slim.fully_connected(slim.flatten(hidden), 3, activation_fn=None, scope="logits")
    prediction = tf.nn.softmax(hidden, name="prediction")
    rewrite = tf.contrib.quantize
    if training:
        rewrite.create_training_graph(quant_delay=0)
    else:
        rewrite.create_eval_graph()
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 6, 6, 2)],
    batch=lambda step: {"x:0": 0.5 * noise(5, 6, 6, 2, seed=step), "y:0": noise(5, 3, seed=step)},
    notes="""The ranges of activations are averages, those of weights are the last ones seen: even the
        first run of the training graph changes both.""",
)
