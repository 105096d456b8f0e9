"""Words of varying number in batches from `tf.train.batch`: the queue holds handles, and a map the sparse tensors."""
import numpy as np
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, requires, weights

requires(1, 0, "tf.SparseTensor called its parts otherwise")


def build():
    count = tf.mod(tf.cast(tf.train.range_input_producer(8, shuffle=False).dequeue(), tf.int64), 3) + 1
    ids = tf.mod(tf.range(count) * 3 + count, 10)
    one = tf.SparseTensor(tf.expand_dims(tf.range(count), 1), ids, tf.constant([3], tf.int64))
    words, target = tf.train.batch([one, tf.constant(noise(2, seed=2))], 4)
    embedded = tf.nn.embedding_lookup_sparse(weights("v", 10, 4), words, None, combiner="mean")
    prediction = tf.tanh(tf.matmul(embedded, weights("u", 4, 2)) + bias("b", 2), name="prediction")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, target))
    indices = np.array([[0, 0], [1, 0], [1, 1], [2, 2], [3, 0]], np.int64)
    runs = [[indices, np.array([3, 1, 4, 1, 5], np.int64)], [indices[:1], np.array([9], np.int64)]]
    return Model(inputs=[words.indices, words.values], outputs=[prediction], runs=runs, train=train)


main(build)
