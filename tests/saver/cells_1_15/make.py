"""Wrote what is beside it, run by Python 3.7 with TensorFlow 1.15.5: `python make.py`.

One checkpoint of recurrent cells of TensorFlow 1, each below a scope of its own; `outputs.npz` holds the input `x`, and
the outputs of every cell.
"""

import numpy as np
import tensorflow as tf
from tensorflow.contrib import cudnn_rnn

noise = np.random.RandomState(0)
x = noise.randn(2, 4, 3).astype("float32")
rnn = tf.nn.rnn_cell
CELLS = {
    "basic_lstm": lambda: rnn.BasicLSTMCell(2),
    "lstm": lambda: rnn.LSTMCell(2),
    "gru": lambda: rnn.GRUCell(2),
    "basic_rnn": lambda: rnn.BasicRNNCell(2),
    "cudnn_lstm": lambda: cudnn_rnn.CudnnCompatibleLSTMCell(2),
    "cudnn_gru": lambda: cudnn_rnn.CudnnCompatibleGRUCell(2),
    "stacked": lambda: rnn.MultiRNNCell([rnn.GRUCell(2), rnn.GRUCell(2), rnn.GRUCell(2)]),
}
outputs = {}
for name, make in CELLS.items():
    with tf.variable_scope(name):
        outputs[name] = tf.nn.dynamic_rnn(make(), tf.constant(x), dtype=tf.float32)[0]
with tf.variable_scope("both"):
    pair = tf.nn.bidirectional_dynamic_rnn(rnn.LSTMCell(2), rnn.LSTMCell(2), tf.constant(x), dtype=tf.float32)[0]
    outputs["both"] = tf.concat(pair, -1)
with tf.Session() as session:
    for variable in tf.global_variables():
        variable.load(noise.uniform(-1, 1, variable.shape.as_list()), session)
    np.savez("outputs.npz", x=x, **session.run(outputs))
    tf.train.Saver().save(session, "cells.ckpt", write_meta_graph=False, write_state=False)
