"""A residual network with NCHW, which no CPU ran; what it computes comes from the same network with NHWC."""
import numpy as np
import tensorflow as tf

from _case import Model, main, mean_squared, noise, requires

CHANNELS = {"NCHW": ("channels_first", 1), "NHWC": ("channels_last", -1)}


def network(data_format):
    """Builds the network; its input and its second output are NCHW in both."""
    images = tf.placeholder(tf.float32, [None, 3, 17, 14], name="images")
    name, axis = CHANNELS[data_format]
    x = images if data_format == "NCHW" else tf.transpose(images, [0, 2, 3, 1])
    space = [2, 3] if data_format == "NCHW" else [1, 2]

    def convolution(x, filters, size, strides=1):
        if strides > 1:  # padded by hand, as residual networks are
            amounts = [[0, 0]] * 4
            for dimension in space:
                amounts[dimension] = [size // 2, size // 2]
            x = tf.pad(x, amounts)
        padding = "same" if strides == 1 else "valid"
        return tf.layers.conv2d(x, filters, size, strides, padding, data_format=name, use_bias=size > 1)

    def norm(x):
        return tf.nn.relu(tf.layers.batch_normalization(x, axis=axis, fused=True, training=False))

    x = tf.layers.max_pooling2d(convolution(x, 6, 5, 2), 3, 2, "same", data_format=name)
    for filters, strides in [(6, 1), (8, 2)]:
        shortcut = x if strides == 1 else convolution(x, filters, 1, strides)
        inner = convolution(norm(x), filters, 3, strides)
        x = convolution(norm(inner), filters, 3) + shortcut
    side = tf.layers.separable_conv2d(x, 5, 3, padding="same", data_format=name)
    x = tf.concat([norm(x), tf.maximum(0.2 * side, side)], axis)
    features = tf.identity(x if data_format == "NCHW" else tf.transpose(x, [0, 3, 1, 2]), "features")
    logits = tf.layers.dense(tf.reduce_mean(x, space), 4, name="logits")
    return images, [tf.nn.softmax(logits, name="probabilities"), features]


def saved():
    network("NCHW")
    return tf.train.Saver()


def build():
    requires(1, 4, "tf.layers had no separable convolution with NCHW")
    images, outputs = network("NHWC")
    for variable in tf.global_variables():  # batch norms that do something
        if variable.op.name.rpartition("/")[2] in ("moving_mean", "moving_variance", "beta", "gamma"):
            shift = 0.5 + 0.4 * noise(int(variable.shape[0]), seed=len(variable.op.name))
            tf.add_to_collection("shifts", tf.assign(variable, shift))
    loss = mean_squared(outputs[0], tf.constant([[1.0, 0.0, 0.0, 0.0]]))
    with tf.control_dependencies(tf.get_collection_ref("shifts")):
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Model(
        inputs=[images],
        outputs=outputs,
        runs=[[noise(2, 3, 17, 14)], [noise(1, 3, 17, 14, seed=1)]],
        train=train,
        train_feed=lambda step: {images: noise(4, 3, 17, 14, seed=9 + step)},
        saved=saved,
    )


main(build)
