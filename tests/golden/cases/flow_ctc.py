"""A bidirectional network with a CTC loss and its decoders."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 2, 3], name="x")
    cells = rnn_cells()
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        cells.LSTMCell(3), cells.LSTMCell(3), x, dtype=tf.float32, time_major=True
    )
    logits = tf.layers.dense(tf.concat(both, 2), 5)
    lengths = tf.fill([2], tf.shape(x)[0])
    labels = tf.SparseTensor(tf.constant([[0, 0], [0, 1], [1, 0]], tf.int64), tf.constant([1, 2, 3]), [2, 2])
    loss = tf.nn.ctc_loss(labels, logits, lengths)
    decoded, _ = tf.nn.ctc_greedy_decoder(logits, lengths)
    outputs = [
        tf.identity(tf.nn.softmax(logits), name="probabilities"),
        tf.identity(loss, name="loss"),
        tf.sparse_tensor_to_dense(decoded[0], default_value=-1, name="decoded"),
    ]
    return Model([x], outputs, [[noise(6, 2, 3)]], gradients=True)


main(build)
