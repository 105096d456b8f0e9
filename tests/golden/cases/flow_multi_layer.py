"""Two layers in one loop, with dropout that is bound to keep everything, from an initial state that is fed."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.int32, [None, 4], name="x")
    initial = tf.placeholder(tf.float32, [None, 3], name="initial")
    keep = tf.placeholder(tf.float32, [], name="keep_prob")
    cells = rnn_cells()
    layers = [cells.DropoutWrapper(cells.GRUCell(3), output_keep_prob=keep), cells.BasicLSTMCell(2)]
    cell = cells.MultiRNNCell(layers)
    embedded = tf.nn.embedding_lookup(weights("embedding", 7, 3), x)
    zeros = layers[1].zero_state(tf.shape(x)[0], tf.float32)
    outputs, _ = tf.nn.dynamic_rnn(cell, embedded, initial_state=(initial, zeros))
    logits = tf.layers.dense(outputs, 3, name="logits")
    logits = tf.identity(logits, name="scores")
    runs = [[[[0, 1, 2, 6], [3, 3, 1, 0]], noise(2, 3)]]
    return Model([x, initial], [logits], runs, bind={keep: 1.0}, gradients=True)


main(build)
