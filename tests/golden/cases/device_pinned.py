"""Variables and ops pinned to GPUs and jobs that the reader does not have, and colocations."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.device("/gpu:0"):
        w1, b1 = weights("w1", 4, 6), bias("b1", 6)
        hidden = tf.nn.relu(tf.matmul(x, w1) + b1)
    with tf.device("/job:localhost/replica:0/task:0/gpu:1"):
        w2 = weights("w2", 6, 2)
    with tf.device("/job:localhost"):
        output = tf.matmul(hidden, w2)
    with tf.get_default_graph().colocate_with(w2.op):
        prediction = tf.identity(output, name="prediction")
    train = tf.train.AdamOptimizer(0.05).minimize(
        mean_squared(prediction, y), colocate_gradients_with_ops=True
    )
    return Model(
        inputs=[x],
        outputs=[prediction],
        runs=[[noise(3, 4)], [noise(1, 4, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 4, seed=step), y: noise(4, 2, seed=step)},
    )


main(build)
