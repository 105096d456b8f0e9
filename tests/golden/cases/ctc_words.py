"""A recognizer that was trained with CTC; the graph decodes, sparse, for the rate of errors."""
import numpy as np
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.sparse_placeholder(tf.int32, name="labels")
    hidden, _ = tf.nn.dynamic_rnn(rnn_cells().GRUCell(4), x, lengths, dtype=tf.float32)
    logits = tf.transpose(tf.layers.dense(hidden, 4), [1, 0, 2], name="logits")
    decoded, score = tf.nn.ctc_beam_search_decoder(logits, lengths, beam_width=5, merge_repeated=False)
    tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), labels), name="rate")
    train = tf.train.AdamOptimizer(0.05).minimize(tf.reduce_mean(tf.nn.ctc_loss(labels, logits, lengths)))
    target = tf.SparseTensorValue(np.array([[0, 0], [0, 1], [1, 0]]), np.array([1, 2, 0], np.int32), [2, 2])
    return Model(
        inputs=[x, lengths],
        outputs=[decoded[0].indices, decoded[0].values, decoded[0].dense_shape, score, logits],
        runs=[[noise(2, 5, 3), np.array([5, 3], np.int32)], [noise(1, 4, 3, seed=1), np.array([4], np.int32)]],
        train=train,
        train_feed=lambda step: {x: noise(2, 5, 3, seed=step), lengths: [5, 4], labels: target},
    )


main(build)
