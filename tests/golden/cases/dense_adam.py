"""Two layers in scopes, trained by Adam: slots, gradients and summaries are in the graph."""
import tensorflow as tf
from _case import Model, bias, main, noise, weights


def layer(x, name, size):
    with tf.variable_scope(name):
        kernel = weights("kernel", int(x.get_shape()[1]), size)
        tf.summary.histogram("kernel_values", kernel)
        return tf.nn.bias_add(tf.matmul(x, kernel), bias("bias", size))


def build():
    features = tf.placeholder(tf.float32, [None, 12], name="features")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    hidden = tf.nn.relu(layer(features, "hidden", 8))
    logits = layer(hidden, "logits", 3)
    prediction = tf.nn.softmax(logits, name="prediction")
    with tf.name_scope("loss"):
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss = tf.reduce_mean(losses)
        tf.summary.scalar("value", loss)
    step = tf.Variable(0, trainable=False, name="global_step")
    train = tf.train.AdamOptimizer(0.05).minimize(loss, global_step=step)
    return Model(
        inputs=[features],
        outputs=[prediction],
        runs=[[noise(5, 12)], [noise(2, 12, seed=1)], [noise(0, 12)]],
        train=[train, tf.summary.merge_all()],
        train_feed=lambda step: {features: noise(6, 12, seed=step), labels: [0, 1, 2, 0, 1, 2]},
    )


main(build)
