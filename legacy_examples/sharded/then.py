# Large embeddings are cut in parts that live on several devices (parameter servers, but two CPUs will do here).
# Every device writes a file of its own: that is sharded=True.
#
#   DIR train | serve | repartition

import os
import sys

import numpy as np
import tensorflow as tf

train_dir = sys.argv[1] if len(sys.argv) > 1 else './out'
command = sys.argv[2] if len(sys.argv) > 2 else 'train'
config = tf.ConfigProto(device_count={'CPU': 2})
ids = np.array([0, 3, 4, 9])


def round_robin(op):
    """Puts the parts of variables on the CPUs in turn, by the number in their names."""
    if op.type in ('Variable', 'VariableV2', 'VarHandleOp') and op.name.endswith('part_1'):
        return '/cpu:1'
    return '/cpu:0'


def model(partitions):
    partitioner = tf.fixed_size_partitioner(partitions) if partitions else None
    with tf.variable_scope('emb', partitioner=partitioner):
        embedding = tf.get_variable('table', [10, 4], initializer=tf.random_uniform_initializer(-1, 1, seed=3))
    with tf.variable_scope('out'):
        w = tf.get_variable('w', [4, 1], initializer=tf.ones_initializer())
    looked_up = tf.nn.embedding_lookup(embedding, ids, partition_strategy='div')
    return tf.matmul(looked_up, w)


def train():
    tf.gfile.MakeDirs(train_dir)
    with tf.device(round_robin):
        score = model(partitions=3)
        loss = tf.reduce_sum(tf.square(score - 1.0))
        train_op = tf.train.AdagradOptimizer(0.1).minimize(loss)
    saver = tf.train.Saver(sharded=True)
    with tf.Session(config=config) as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(5):
            sess.run(train_op)
        saver.save(sess, os.path.join(train_dir, 'model'), global_step=5)
        print('score', score.eval()[:, 0])
    print(sorted(f for f in os.listdir(train_dir) if '.data-' in f))


def serve():
    """The same parts, wherever the graph says they live."""
    path = tf.train.latest_checkpoint(train_dir)
    saver = tf.train.import_meta_graph(path + '.meta', clear_devices=True)
    with tf.Session() as sess:
        saver.restore(sess, path)
        for v in tf.trainable_variables():
            print('%s %s %.5f' % (v.op.name, v.shape.as_list(), v.eval(sess).sum()))


def repartition():
    """Other parts than the checkpoint has, or none at all: a saver puts them together."""
    path = tf.train.latest_checkpoint(train_dir)
    for partitions in (2, None):
        with tf.Graph().as_default(), tf.Session() as sess:
            score = model(partitions)
            tf.train.Saver().restore(sess, path)
            print(partitions, 'parts: score', score.eval()[:, 0])


{'train': train, 'serve': serve, 'repartition': repartition}[command]()
