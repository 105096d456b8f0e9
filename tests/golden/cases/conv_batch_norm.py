"""A convolution and batch norm whose `is_training` placeholder becomes a cond in the graph."""
import tensorflow as tf
from _case import RELEASE, Model, bias, main, mean_squared, noise, weights


def batch_norm(x, is_training):
    if RELEASE >= (1, 0):
        return tf.layers.batch_normalization(x, momentum=0.8, training=is_training, name="norm")
    return tf.contrib.layers.batch_norm(
        x, decay=0.8, center=True, scale=True, is_training=is_training, scope="norm"
    )


def build():
    images = tf.placeholder(tf.float32, [None, 6, 6, 2], name="images")
    targets = tf.placeholder(tf.float32, [None, 3], name="targets")
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    x = tf.nn.conv2d(images, weights("conv/kernel", 3, 3, 2, 4), [1, 1, 1, 1], "SAME")
    x = tf.nn.relu(batch_norm(x, is_training))
    x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    x = tf.reshape(x, [-1, 36])
    logits = tf.nn.bias_add(tf.matmul(x, weights("dense/kernel", 36, 3)), bias("dense/bias", 3))
    prediction = tf.identity(logits, name="prediction")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.MomentumOptimizer(0.02, 0.9).minimize(mean_squared(logits, targets))
    return Model(
        inputs=[images],
        outputs=[prediction],
        bind={is_training: False},
        runs=[[noise(3, 6, 6, 2)], [noise(1, 6, 6, 2, seed=1)]],
        train=train,
        train_feed=lambda step: {
            images: 2 * noise(4, 6, 6, 2, seed=step) + 1,
            targets: noise(4, 3, seed=step),
            is_training: True,
        },
    )


main(build)
