"""A sharded Saver: one data file for each device that holds variables."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.device("/job:localhost/task:0/cpu:0"):
        hidden = tf.nn.relu(tf.matmul(x, weights("w1", 4, 6)) + bias("b1", 6))
    with tf.device("/cpu:0"):
        prediction = tf.matmul(hidden, weights("w2", 6, 2), name="prediction")
        train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[x],
        outputs=[prediction],
        runs=[[noise(3, 4)], [noise(1, 4, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 4, seed=step), y: noise(4, 2, seed=step)},
        saver=tf.train.Saver(sharded=True),
    )


main(build)
