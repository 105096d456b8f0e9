"""A network of cuDNN with a length per row, batches first; answers and checkpoint are those of its cells for CPUs."""
import numpy as np
import tensorflow as tf

from _case import Model, main, noise, requires

UNITS = 3


def cells():
    return [tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(UNITS) for _ in range(2)]


def on_cpu(x, lengths):
    with tf.variable_scope("cudnn_lstm"):
        outputs, ahead, back = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            cells(), cells(), x, dtype=tf.float32, sequence_length=lengths
        )
    states = [state for both in zip(ahead, back) for state in both]
    return [outputs, tf.stack([state.h for state in states], 1), tf.stack([state.c for state in states], 1)]


def on_gpu(x, lengths):
    network = tf.contrib.cudnn_rnn.CudnnLSTM(2, UNITS, direction="bidirectional")
    start = tf.zeros([tf.shape(x)[0], 4, UNITS])  # batches first, as the op's documentation has it
    outputs, states = network(x, (start, start), training=False, sequence_lengths=lengths, time_major=False)
    return [outputs] + list(states)


def network(build_one):
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    outputs = build_one(x, lengths)
    return [x, lengths], [tf.identity(item, "output_%d" % number) for number, item in enumerate(outputs)]


def saved():
    network(on_gpu)
    return tf.train.Saver()


def build():
    requires(1, 15, "cuDNN's networks had no lengths")
    inputs, outputs = network(on_cpu)
    return Model(
        inputs=inputs,
        outputs=outputs,
        runs=[[noise(3, 5, 4), np.array([5, 1, 3], np.int32)], [noise(2, 4, 4, seed=1), np.array([2, 4], np.int32)]],
        saved=saved,
    )


main(build)
