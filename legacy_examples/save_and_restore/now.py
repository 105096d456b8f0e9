"""Saves two variables and gets them back in a second program.

Arguments: [DIR] [save|restore]
"""
from __future__ import print_function

import os
import sys

import numpy as np
import compat_saver as cs
import tensorflow.compat.v1 as tf

model_dir = sys.argv[1] if len(sys.argv) > 1 else './out'
what = sys.argv[2] if len(sys.argv) > 2 else 'both'


def save():
    v1 = tf.Variable(tf.truncated_normal([4, 3], stddev=0.5, seed=7), name='v1')
    v2 = tf.get_variable('v2', shape=[5], initializer=tf.zeros_initializer())
    grow = v1.assign(v1 * 2.0)
    count = v2.assign_add(np.arange(5, dtype=np.float32))

    init = tf.global_variables_initializer()
    saver = cs.Saver()

    with tf.Session() as sess:
        sess.run(init)
        for _ in range(3):
            sess.run([grow, count])
        path = saver.save(sess, os.path.join(model_dir, 'model.ckpt'))
        print('saved to', os.path.basename(path))

        # keep the values too, to compare them later
        np.savez(os.path.join(model_dir, 'values.npz'), v1=v1.eval(), v2=v2.eval())
        print('v2', v2.eval())


def restore():
    # names and shapes must be the same as above
    v1 = tf.get_variable('v1', shape=[4, 3])
    v2 = tf.get_variable('v2', shape=[5])
    saver = cs.Saver()

    with tf.Session() as sess:
        # no need to run the initializer, restore() sets everything
        saver.restore(sess, os.path.join(model_dir, 'model.ckpt'))
        values = np.load(os.path.join(model_dir, 'values.npz'))
        print('v1', v1.eval().sum(), 'equal:', np.array_equal(v1.eval(), values['v1']))
        print('v2', v2.eval(), 'equal:', np.array_equal(v2.eval(), values['v2']))


if not os.path.exists(model_dir):
    os.makedirs(model_dir)
if what in ('save', 'both'):
    with tf.Graph().as_default():
        save()
if what in ('restore', 'both'):
    with tf.Graph().as_default():
        restore()
