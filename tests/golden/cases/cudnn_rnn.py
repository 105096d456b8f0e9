"""Networks of tf.contrib.cudnn_rnn, which ran on GPUs only; answers and checkpoint are those of its cells for CPUs."""
import numpy as np
import tensorflow as tf

from _case import Model, main, mean_squared, noise, requires, rnn_cells

UNITS, LAYERS = 4, 2


def cell(mode):
    """Returns the cell that computes on CPUs what cuDNN computes."""
    if mode == "lstm":
        return tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(UNITS)
    if mode == "gru":
        return tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(UNITS)
    return rnn_cells().BasicRNNCell(UNITS, tf.tanh if mode == "rnn_tanh" else tf.nn.relu)


def on_cpu(mode, direction, x):
    """Returns outputs and last states, [layers and directions, batch, units]."""
    with tf.variable_scope("cudnn_" + mode):
        return on_cpu_in_scope(mode, direction, x)


def on_cpu_in_scope(mode, direction, x):
    cells = [cell(mode) for _ in range(LAYERS)]
    if direction == "unidirectional":
        outputs, states = tf.nn.dynamic_rnn(
            rnn_cells().MultiRNNCell(cells), x, dtype=tf.float32, time_major=True
        )
    else:
        backward = [cell(mode) for _ in range(LAYERS)]
        outputs, ahead, back = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            cells, backward, x, dtype=tf.float32, time_major=True
        )
        states = [state for both in zip(ahead, back) for state in both]
    if mode == "lstm":
        return [outputs, tf.stack([state.h for state in states]), tf.stack([state.c for state in states])]
    return [outputs, tf.stack(list(states))]


def on_gpu(mode, direction, x):
    kind = {"lstm": "CudnnLSTM", "gru": "CudnnGRU", "rnn_tanh": "CudnnRNNTanh", "rnn_relu": "CudnnRNNRelu"}[mode]
    network = getattr(tf.contrib.cudnn_rnn, kind)(LAYERS, UNITS, direction=direction)
    outputs, states = network(x, training=False)
    return [outputs] + list(states)


def networks(build_one):
    x = tf.placeholder(tf.float32, [None, None, 5], name="x")
    outputs = []
    for mode in ["lstm", "gru", "rnn_tanh", "rnn_relu"]:
        for direction in ["unidirectional", "bidirectional"]:
            with tf.variable_scope(mode + "_" + direction):
                outputs += build_one(mode, direction, x)
    return x, [tf.identity(item, "output_%d" % number) for number, item in enumerate(outputs)]


def saved():
    networks(on_gpu)
    return tf.train.Saver()


def build():
    requires(1, 8, "tf.contrib.cudnn_rnn had no layers")
    x, outputs = networks(on_cpu)
    for variable in tf.global_variables():  # biases that do something
        if variable.op.name.endswith("bias"):
            tf.add_to_collection("biases", tf.assign(variable, noise(int(variable.shape[0]), seed=len(variable.op.name))))
    with tf.control_dependencies(tf.get_collection_ref("biases")):
        loss = tf.add_n([mean_squared(output, 0.5) for output in outputs])
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    return Model(
        inputs=[x],
        outputs=outputs,
        runs=[[noise(6, 3, 5)], [noise(2, 1, 5, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(4, 2, 5, seed=9 + step)},
        saved=saved,
    )


main(build)
