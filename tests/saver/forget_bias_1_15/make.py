"""Wrote what is beside it, run by Python 3.7 with TensorFlow 1.15.5: `python make.py`.

A checkpoint with its graph: LSTM cells of TensorFlow 1, and layers of Keras, with arguments that only the graph knows,
each below a scope of its own; `outputs.npz` holds the input `x`, and the outputs of every cell.
"""

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn as contrib

noise = np.random.RandomState(0)
x = noise.randn(2, 2, 3).astype("float32")
rnn = tf.nn.rnn_cell


def looped(cell):
    return tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32)[0]


def unrolled(cell):
    return tf.stack(tf.nn.static_rnn(cell, tf.unstack(tf.constant(x), axis=1), dtype=tf.float32)[0], 1)


def fused(cell):
    return tf.transpose(cell(tf.constant(x.transpose(1, 0, 2)), dtype=tf.float32)[0], [1, 0, 2])


CELLS = {
    "basic": lambda: looped(rnn.BasicLSTMCell(2, forget_bias=0.5)),
    "unrolled": lambda: unrolled(rnn.LSTMCell(2, forget_bias=0.25, activation=tf.nn.relu)),
    "none": lambda: unrolled(rnn.BasicLSTMCell(2, forget_bias=0.0)),
    "fused": lambda: fused(contrib.LSTMBlockFusedCell(2, forget_bias=0.75)),
    "clipped": lambda: unrolled(rnn.LSTMCell(2, cell_clip=0.125)),
    "clipped_fused": lambda: fused(contrib.LSTMBlockFusedCell(2, cell_clip=0.125)),
    "peephole": lambda: unrolled(rnn.LSTMCell(2, use_peepholes=True)),
    "projected": lambda: unrolled(rnn.LSTMCell(2, num_proj=2)),
}
outputs = {}
for name, make in CELLS.items():
    with tf.variable_scope(name, initializer=tf.zeros_initializer()):
        outputs[name] = make()
keras = tf.keras.layers
LAYERS = {
    "hard": keras.LSTM(2, return_sequences=True, name="hard"),
    "plain": keras.LSTM(2, return_sequences=True, unroll=True, recurrent_activation="sigmoid", name="plain"),
}
outputs.update({name: layer(tf.constant(x)) for name, layer in LAYERS.items()})
with tf.Session() as session:
    for variable in tf.global_variables():
        variable.load(noise.uniform(-1, 1, variable.shape.as_list()), session)
    np.savez("outputs.npz", x=x, **session.run(outputs))
    tf.train.Saver().save(session, "cells.ckpt", write_meta_graph=False, write_state=False)
    meta = tf.train.export_meta_graph(clear_devices=True, strip_default_attrs=True)
# Only what computes the outputs: definitions of ops, initializers, collections and the saver would be most of the file.
meta.meta_info_def.ClearField("stripped_op_list")
meta.ClearField("collection_def")
names = [output.op.name for name, output in outputs.items() if name not in ("peephole", "projected")]
meta.graph_def.CopyFrom(tf.compat.v1.graph_util.extract_sub_graph(meta.graph_def, names))
with open("cells.ckpt.meta", "wb") as file:
    file.write(meta.SerializeToString())
