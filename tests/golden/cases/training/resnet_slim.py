"""The resnet_v2 of slim: a small block of two units, fused batch norms and their updates under UPDATE_OPS."""
import tensorflow as tf
from _case import mean_squared, noise, requires
from _training import Net, main

requires(1, 4, "slim had no nets")
from tensorflow.contrib.slim.python.slim.nets import resnet_utils, resnet_v2

slim = tf.contrib.slim


def build(training):
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    blocks = [resnet_v2.resnet_v2_block("block1", base_depth=2, num_units=2, stride=2)]
    with slim.arg_scope(resnet_utils.resnet_arg_scope(batch_norm_decay=0.8)):
        logits, _ = resnet_v2.resnet_v2(
            x, blocks, num_classes=3, is_training=training, include_root_block=False
        )
    prediction = tf.nn.softmax(tf.reshape(logits, [-1, 3]), name="prediction")
    loss = mean_squared(prediction, y) + tf.losses.get_regularization_loss()
    return Net([x], [prediction], loss)


main(
    build,
    rows=[noise(3, 8, 8, 3)],
    batch=lambda step: {
        "x:0": 2 * noise(4, 8, 8, 3, seed=step) + 1,
        "y:0": noise(4, 3, seed=step),
    },
)
