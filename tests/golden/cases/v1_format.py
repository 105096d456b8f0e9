"""A checkpoint in the V1 format: one table file, with a partitioned and a few odd variables."""
import numpy as np
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    with tf.variable_scope("sliced", partitioner=tf.fixed_size_partitioner(2)):
        kernel = weights("kernel", 5, 3)
    fixed = {"trainable": False}
    scale = tf.get_variable("scale", initializer=tf.constant(1.5, tf.float64), **fixed)
    order = tf.get_variable("order", initializer=tf.constant([2, 0, 1]), **fixed)
    pixels = tf.get_variable("pixels", initializer=tf.constant([7, 255, 0], tf.uint8), **fixed)
    step = tf.Variable(np.int64(0), name="global_step", trainable=False)
    hidden = tf.matmul(x, tf.convert_to_tensor(kernel)) * tf.cast(scale, tf.float32)
    shuffled = tf.transpose(tf.gather(tf.transpose(hidden), order))
    prediction = tf.add(shuffled, tf.cast(pixels, tf.float32) / 255.0, name="prediction")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction, y), global_step=step)
    return Model(
        inputs=[x],
        outputs=[prediction],
        runs=[[noise(3, 5)], [noise(1, 5, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 5, seed=step), y: noise(4, 3, seed=step)},
        saver=tf.train.Saver(write_version=tf.train.SaverDef.V1),
    )


main(build)
