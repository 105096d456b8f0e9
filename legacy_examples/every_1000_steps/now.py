"""Fits a line, saving a checkpoint every 1000 steps.

Arguments: DIR [train|eval]
"""

import os
import sys

import numpy as np
import compat_saver as cs
import tensorflow.compat.v1 as tf

LOGDIR = sys.argv[1] if len(sys.argv) > 1 else './out'
MODE = sys.argv[2] if len(sys.argv) > 2 else 'train'
CHECKPOINT = os.path.join(LOGDIR, 'model.ckpt')
MAX_STEPS = 7000

in_graph = tf.Graph().as_default()     # a "with" that does not indent the rest of the program
in_graph.__enter__()

X = tf.placeholder(tf.float32, name='X')
Y = tf.placeholder(tf.float32, name='Y')
W = tf.Variable(0.0, name='weight')
b = tf.Variable(0.0, name='bias')
pred = X * W + b
cost = tf.reduce_mean(tf.square(pred - Y))

global_step = tf.Variable(0, name='global_step', trainable=False)
train_op = tf.train.GradientDescentOptimizer(0.001).minimize(cost, global_step=global_step)

rng = np.random.RandomState(0)
train_X = rng.uniform(-3, 3, 64)
train_Y = 2.5 * train_X - 1.0 + rng.normal(0, 0.1, 64)

saver = cs.Saver()     # keeps the last 5

with tf.Session() as sess:
    if MODE == 'train':
        sess.run(tf.global_variables_initializer())
        for step in range(1, MAX_STEPS + 1):
            sess.run(train_op, feed_dict={X: train_X, Y: train_Y})
            if step % 1000 == 0:
                saver.save(sess, CHECKPOINT, global_step=global_step, write_meta_graph=False)
                loss = sess.run(cost, feed_dict={X: train_X, Y: train_Y})
                print('step %d: cost %.6f W %.5f b %.5f' % (step, loss, W.eval(), b.eval()))
        print('kept', [os.path.basename(path) for path in saver.last_checkpoints])
    else:
        ckpt = cs.get_checkpoint_state(LOGDIR)
        if ckpt and ckpt.model_checkpoint_path:
            for path in ckpt.all_model_checkpoint_paths:
                saver.restore(sess, path)
                # /my/path/model.ckpt-1000 -> 1000
                step = int(path.split('/')[-1].split('-')[-1])
                loss = sess.run(cost, feed_dict={X: train_X, Y: train_Y})
                print('%d %d: cost %.6f' % (step, sess.run(global_step), loss))
            print('latest is', os.path.basename(cs.latest_checkpoint(LOGDIR)))
        else:
            print('No checkpoint file found')

in_graph.__exit__(None, None, None)
