"""An LSTM with peepholes and a projection, and its gradients."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    cell = rnn_cells().LSTMCell(5, use_peepholes=True, num_proj=4, cell_clip=2.0, proj_clip=0.9)
    sequence, state = tf.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32)
    sequence = tf.identity(sequence, name="sequence")
    last = tf.identity(state.c, name="last")
    return Model([x, lengths], [sequence, last], [[noise(3, 5, 3), [5, 2, 0]], [noise(2, 1, 3), [1, 1]]], gradients=True)


main(build)
