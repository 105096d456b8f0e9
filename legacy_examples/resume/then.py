"""Trains a two-layer net; run it again and it goes on where it stopped.

Arguments: [DIR] [STEPS]
"""

from __future__ import print_function

import os
import sys

import numpy as np
import tensorflow as tf

train_dir = sys.argv[1] if len(sys.argv) > 1 else './out'
max_steps = int(sys.argv[2]) if len(sys.argv) > 2 else 100


def next_batch(step):
    rng = np.random.RandomState(step)
    x = rng.uniform(-1, 1, [16, 2])
    y = np.sin(3 * x[:, :1]) * x[:, 1:]
    return x, y


def weight_variable(shape, name, seed):
    initial = tf.truncated_normal(shape, stddev=0.5, seed=seed)
    return tf.Variable(initial, name=name)


def main():
    tf.gfile.MakeDirs(train_dir)
    x = tf.placeholder(tf.float32, [None, 2])
    y_ = tf.placeholder(tf.float32, [None, 1])
    W1 = weight_variable([2, 8], 'W1', seed=1)
    b1 = tf.Variable(tf.zeros([8]), name='b1')
    W2 = weight_variable([8, 1], 'W2', seed=2)
    y = tf.matmul(tf.nn.tanh(tf.matmul(x, W1) + b1), W2)
    loss = tf.reduce_mean(tf.squared_difference(y, y_))

    global_step = tf.Variable(0, trainable=False, name='global_step')
    optimizer = tf.train.AdamOptimizer(0.05)
    train_step = optimizer.minimize(loss, global_step=global_step)

    saver = tf.train.Saver()
    with tf.Session() as sess:
        latest = tf.train.latest_checkpoint(train_dir)
        if latest:
            print('Resuming from', os.path.basename(latest))
            saver.restore(sess, latest)
        else:
            print('Starting from scratch')
            sess.run(tf.global_variables_initializer())

        step = sess.run(global_step)
        while step < max_steps:
            batch = next_batch(step)
            sess.run(train_step, feed_dict={x: batch[0], y_: batch[1]})
            step = sess.run(global_step)
        saver.save(sess, os.path.join(train_dir, 'model.ckpt'), global_step=step, write_meta_graph=False)

        test_x, test_y = next_batch(12345)
        print('step %d  loss %.6f' % (step, sess.run(loss, feed_dict={x: test_x, y_: test_y})))
        # Adam remembers, too
        m, v = optimizer.get_slot(W2, 'm'), optimizer.get_slot(W2, 'v')
        print('%s %.6f  %s %.6f' % (m.op.name, m.eval().sum(), v.op.name, v.eval().sum()))


if __name__ == '__main__':
    main()
