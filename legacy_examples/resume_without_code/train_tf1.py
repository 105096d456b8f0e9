"""The program that is lost: trains 100 steps, saves, and goes on for 100 steps whose losses it writes down.

Run in TensorFlow 1.15.5 by `python train_tf1.py`; it wrote run/ and losses.txt.
"""

from __future__ import print_function

import tensorflow as tf
from batches import batch

tf.set_random_seed(1)
points = tf.placeholder(tf.float32, [None, 2], name='points')
labels = tf.placeholder(tf.int64, [None], name='labels')
is_training = tf.placeholder(tf.bool, [], name='is_training')

net = points
for width in (16, 16):
    net = tf.layers.dense(net, width, use_bias=False)
    net = tf.nn.relu(tf.layers.batch_normalization(net, momentum=0.9, training=is_training))
logits = tf.layers.dense(net, 2, name='logits')
probabilities = tf.nn.softmax(logits, name='probabilities')
loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)

global_step = tf.train.get_or_create_global_step()
rate = tf.train.exponential_decay(0.01, global_step, 50, 0.8)
optimizer = tf.train.AdamOptimizer(rate)
gradients, variables = zip(*optimizer.compute_gradients(loss))
gradients, _ = tf.clip_by_global_norm(gradients, 0.5)
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train_op = optimizer.apply_gradients(zip(gradients, variables), global_step)

saver = tf.train.Saver()
with tf.Session() as sess, open('losses.txt', 'w') as losses:
    sess.run(tf.global_variables_initializer())
    for step in range(200):
        if step == 100:
            saver.save(sess, './run/model.ckpt', global_step=global_step)
        x, y = batch(step)
        found, _ = sess.run([loss, train_op], {points: x, labels: y, is_training: True})
        if step >= 100:
            print('%.6f' % found, file=losses)
