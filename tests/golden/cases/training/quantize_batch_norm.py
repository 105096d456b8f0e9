"""Quantization-aware training of a fused batch norm, which is folded into the convolution before it."""
import tensorflow as tf
from _case import mean_squared, noise, requires
from _training import Net, main

requires(1, 12, "folding the norm needs a fixed batch size before")
slim = tf.contrib.slim


def build(training):
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    norm = {"is_training": training, "decay": 0.8, "scale": True, "fused": True}
    with slim.arg_scope(
        [slim.conv2d],
        normalizer_fn=slim.batch_norm,
        normalizer_params=norm,
        activation_fn=tf.nn.relu6,
    ):
        hidden = slim.conv2d(x, 4, 3, scope="conv")
    hidden = tf.reduce_mean(hidden, [1, 2], keep_dims=True)
    hidden = slim.conv2d(hidden, 3, 1, activation_fn=None, scope="logits")
    prediction = tf.squeeze(hidden, [1, 2], name="prediction")
    rewrite = tf.contrib.quantize
    if training:
        rewrite.create_training_graph(quant_delay=0)
    else:
        rewrite.create_eval_graph()
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(3, 6, 6, 2)],
    batch=lambda step: {
        "x:0": 2 * noise(5, 6, 6, 2, seed=step) + 1,
        "y:0": noise(5, 3, seed=step),
    },
)
