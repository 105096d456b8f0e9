"""Trains on noisy data and evaluates with the moving averages of the weights.

Usage: [DIR] [train|eval]
"""

from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import os
import sys

import numpy as np
import compat_saver as cs
import tensorflow.compat.v1 as tf

TRAIN_DIR = sys.argv[1] if len(sys.argv) > 1 else './out'
MOVING_AVERAGE_DECAY = 0.95  # The decay to use for the moving average.


def inputs(step):
    """Points on a plane, with a lot of noise."""
    rng = np.random.RandomState(step)
    xs = rng.normal(size=[4, 3])
    return xs, np.dot(xs, [[1.0], [-2.0], [3.0]]) + rng.normal(size=[4, 1])


def inference(xs):
    with tf.variable_scope('linear'):
        weights = tf.get_variable('weights', [3, 1], initializer=tf.constant_initializer(0.0))
        biases = tf.get_variable('biases', [1], initializer=tf.constant_initializer(0.0))
    return tf.add(tf.matmul(xs, weights), biases, name='prediction')


def train():
    with tf.Graph().as_default():
        global_step = tf.train.get_or_create_global_step()
        xs = tf.placeholder(tf.float32, [None, 3])
        ys = tf.placeholder(tf.float32, [None, 1])
        loss = tf.losses.mean_squared_error(ys, inference(xs))
        apply_gradient_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=global_step)

        # Track the moving averages of all trainable variables.
        variable_averages = tf.train.ExponentialMovingAverage(MOVING_AVERAGE_DECAY, global_step)
        with tf.control_dependencies([apply_gradient_op]):
            train_op = variable_averages.apply(tf.trainable_variables())

        saver = cs.Saver(tf.global_variables())
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for step in range(300):
                batch_x, batch_y = inputs(step)
                sess.run(train_op, feed_dict={xs: batch_x, ys: batch_y})
            weights = tf.trainable_variables()[0]
            print('weights  %s' % sess.run(weights)[:, 0])
            print('averages %s' % sess.run(variable_averages.average(weights))[:, 0])
            saver.save(sess, os.path.join(TRAIN_DIR, 'model.ckpt'), global_step=global_step)


def evaluate():
    with tf.Graph().as_default():
        xs = tf.placeholder(tf.float32, [None, 3])
        prediction = inference(xs)

        # Restore the moving average version of the learned variables for eval.
        variable_averages = tf.train.ExponentialMovingAverage(MOVING_AVERAGE_DECAY)
        variables_to_restore = variable_averages.variables_to_restore()
        for name in sorted(variables_to_restore):
            print('%s -> %s' % (name, variables_to_restore[name].op.name))
        averaged, raw = cs.Saver(variables_to_restore), cs.Saver()

        test_x, test_y = inputs(9999)
        test_y = np.dot(test_x, [[1.0], [-2.0], [3.0]])  # without the noise
        with tf.Session() as sess:
            ckpt = cs.get_checkpoint_state(TRAIN_DIR)
            for what, saver in [('raw', raw), ('averaged', averaged)]:
                saver.restore(sess, ckpt.model_checkpoint_path)
                error = np.abs(sess.run(prediction, feed_dict={xs: test_x}) - test_y).mean()
                print('%s: weights %s, mean error %.5f' % (what, tf.trainable_variables()[0].eval()[:, 0], error))


def main(argv=None):
    if len(argv) < 3 or argv[2] == 'train':
        train()
    else:
        evaluate()


if __name__ == '__main__':
    tf.app.run()
