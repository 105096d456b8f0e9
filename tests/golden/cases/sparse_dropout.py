"""Dropout of a sparse input, as graph convolutions have it: random numbers for a count of elements that is fed."""
import numpy as np
import tensorflow as tf
from _case import Model, main, mean_squared, noise, requires, weights

requires(1, 4, "placeholders of sparse tensors with a shape")
INDICES = np.array([[0, 1], [0, 5], [1, 2], [2, 0], [2, 3]], np.int64)


def build():
    x = tf.sparse_placeholder(tf.float32, [3, 6], name="features")
    rate = tf.placeholder_with_default(0.0, [], name="dropout")
    count = tf.placeholder(tf.int32, name="count")
    kept = tf.cast(tf.floor(1 - rate + tf.random_uniform(count)), tf.bool)
    dropped = tf.sparse_retain(x, kept) * (1.0 / (1 - rate))
    output = tf.tanh(tf.sparse_tensor_dense_matmul(dropped, weights("w", 6, 2)), name="output")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(output, 0.5))
    inputs = [x.indices, x.values]
    return Model(
        inputs=inputs,
        outputs=[output],
        runs=[[INDICES, noise(5)], [INDICES, noise(5, seed=1)]],
        bind={count: [5]},
        train=train,
        train_feed=lambda step: {x.indices: INDICES, x.values: noise(5, seed=step), count: [5], rate: 0.5},
    )


main(build)
