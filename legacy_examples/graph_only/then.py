# Step 1 ("export"): save just the graph, no weights.
# Step 2 ("load"): load it in a program that knows nothing of the code that built it, and get at the tensors by name.
#
# Arguments: [DIR] [export|load]

import os
import sys

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

DIR = sys.argv[1] if len(sys.argv) > 1 else './out'
STEPS = sys.argv[2:] or ['export', 'load']

data = np.linspace(-1.0, 1.0, 8).reshape(4, 2).astype(np.float32)


def build():
    x = tf.placeholder(tf.float32, [None, 2], name='x')
    with tf.variable_scope('layer'):
        w = tf.get_variable('w', initializer=tf.constant([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]))
        b = tf.get_variable('b', initializer=tf.constant([0.1, 0.2, 0.3]))
        h = tf.nn.relu(tf.matmul(x, w) + b, name='h')
    y = tf.reduce_sum(h, axis=1, name='y')
    tf.add_to_collection('inputs', x)
    tf.add_to_collection('outputs', y)
    tf.global_variables_initializer()     # an op called "init"


def export():
    with tf.Graph().as_default() as graph:
        build()
        tf.train.write_graph(graph.as_graph_def(), DIR, 'graph.pbtxt', as_text=True)
        tf.train.export_meta_graph(DIR + '/graph.meta')
        print('exported', sorted(os.listdir(DIR)))


def load_graph_def():
    graph_def = tf.GraphDef()
    with tf.gfile.GFile(DIR + '/graph.pbtxt') as f:
        text_format.Merge(f.read(), graph_def)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name='')
        x = graph.get_tensor_by_name('x:0')
        y = graph.get_tensor_by_name('y:0')
        with tf.Session() as sess:
            sess.run('init')
            print('graph.pbtxt:', sess.run(y, feed_dict={x: data}))


def load_meta_graph():
    with tf.Graph().as_default():
        tf.train.import_meta_graph(DIR + '/graph.meta')
        # this one knows collections too
        x = tf.get_collection('inputs')[0]
        y = tf.get_collection('outputs')[0]
        print('graph.meta:', x.name, y.name, [v.op.name for v in tf.trainable_variables()])
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print('graph.meta:', sess.run(y, feed_dict={x: data}))
            print('layer/h:0', sess.run('layer/h:0', feed_dict={x: data})[3])


if 'export' in STEPS:
    export()
if 'load' in STEPS:
    load_graph_def()
    load_meta_graph()
