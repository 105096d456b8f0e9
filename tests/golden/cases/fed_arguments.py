"""What is fed says how tensors are reshaped, cut, padded, ordered and divided, and how long sequences are."""
import numpy as np
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the ops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    sizes = tf.placeholder(tf.int32, [3], name="sizes")
    start, extent = tf.placeholder(tf.int32, [2], name="start"), tf.placeholder(tf.int32, [2], name="extent")
    margins = tf.placeholder(tf.int32, [2, 2], name="margins")
    count = tf.placeholder(tf.int32, [], name="count")
    order = tf.placeholder(tf.int32, [2], name="order")
    numbers, divisor = tf.placeholder(tf.int32, [None], name="numbers"), tf.placeholder(tf.int32, [], name="divisor")
    scores = tf.placeholder(tf.float32, [None, None, 4], name="scores")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    hidden = tf.matmul(x, weights("kernel", 6, 6))
    (decoded,), _ = tf.nn.ctc_greedy_decoder(scores, lengths)
    outputs = [
        tf.reshape(hidden, sizes, name="reshaped"),
        tf.slice(hidden, start, extent, name="cut"),
        tf.pad(hidden, margins, name="padded"),
        tf.nn.top_k(hidden, count, name="best")[0],
        tf.transpose(hidden, order, name="ordered"),
        tf.mod(numbers, divisor, name="rest"),
        tf.sparse_tensor_to_dense(decoded, default_value=-1, name="decoded"),
    ]
    run = [noise(4, 6), [2, 4, 3], [1, 2], [2, -1], [[1, 0], [0, 2]], 3, [1, 0], [7, 8, 9], 4, noise(5, 2, 4), [5, 3]]
    inputs = [x, sizes, start, extent, margins, count, order, numbers, divisor, scores, lengths]
    return Model(inputs, outputs, [[np.array(value) for value in run]])


main(build)
