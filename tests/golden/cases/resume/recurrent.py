"""Gradients through loops and a tf.cond; a partitioned table that is looked up and trained row by row."""
import numpy as np
import tensorflow as tf
from _case import mean_squared, noise, rnn_cells, weights
from _resume import Program, resume


def build():
    words = tf.placeholder(tf.int32, [None, 5], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    table = tf.get_variable(
        "table", [7, 3], partitioner=tf.fixed_size_partitioner(2), initializer=tf.random_normal_initializer()
    )
    inputs = tf.nn.embedding_lookup(table, words)
    outputs, state = tf.nn.dynamic_rnn(rnn_cells().BasicLSTMCell(4), inputs, lengths, dtype=tf.float32)
    _, total = tf.while_loop(
        lambda i, total: i < 3, lambda i, total: (i + 1, 0.5 * total + outputs[:, i]), [0, tf.zeros_like(state.h)]
    )
    hidden = tf.cond(tf.reduce_sum(lengths) % 2 > 0, lambda: total + state.h, lambda: tf.tanh(total) - state.h)
    prediction = tf.identity(tf.matmul(hidden, weights("w", 4, 2)), name="prediction")
    loss = mean_squared(prediction, targets)
    optimizer = tf.train.AdamOptimizer(0.05)
    gradients = [(tf.clip_by_norm(g, 1.0), v) for g, v in optimizer.compute_gradients(loss)]
    train = optimizer.apply_gradients(gradients, tf.train.get_or_create_global_step())

    def batch(number):
        drawn = np.random.RandomState(number)
        return {
            words: drawn.randint(0, 7, (4, 5)).astype(np.int32),
            lengths: np.array([5, 3, 1, 2 + number % 2], np.int32),
            targets: noise(4, 2, seed=number),
        }

    return Program([words, lengths], [prediction], [(train, [loss], [words, lengths, targets])], batch)


resume(build, releases=((1, 4), (1, 15)))
