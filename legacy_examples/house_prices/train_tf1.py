"""Trains a small regression net on house prices. For TensorFlow 1.x."""

from __future__ import print_function

import os

import numpy as np
import tensorflow as tf

from houses import make_houses

flags = tf.app.flags
flags.DEFINE_string("train_dir", "run", "Where the checkpoints go.")
flags.DEFINE_string("summary_dir", "/tmp/house_prices", "Where the summaries go.")
flags.DEFINE_integer("steps", 2000, "Number of training steps.")
flags.DEFINE_integer("save_every", 500, "Save a checkpoint each so many steps.")
flags.DEFINE_integer("batch_size", 64, "Batch size.")
flags.DEFINE_float("learning_rate", 0.003, "Learning rate of Adam.")
FLAGS = flags.FLAGS


def fully_connected(inputs, size, name, activation=None):
    with tf.name_scope(name):
        shape = [inputs.get_shape()[1].value, size]
        stddev = np.sqrt(2.0 / shape[0])
        weights = tf.Variable(tf.truncated_normal(shape, stddev=stddev), name="weights")
        biases = tf.Variable(tf.zeros([size]), name="biases")
        tf.summary.histogram("weights", weights)
        outputs = tf.nn.xw_plus_b(inputs, weights, biases)
        return outputs if activation is None else activation(outputs)


def build(features_train, prices_train):
    houses = tf.placeholder(tf.float32, [None, 6], name="houses")
    prices = tf.placeholder(tf.float32, [None, 1], name="prices")
    keep_prob = tf.placeholder(tf.float32, name="keep_prob")

    with tf.name_scope("scale"):
        scaled = (houses - features_train.mean(axis=0)) / features_train.std(axis=0)
    net = fully_connected(scaled, 32, "hidden1", tf.nn.relu)
    net = tf.nn.dropout(net, keep_prob)
    net = fully_connected(net, 16, "hidden2", tf.nn.relu)
    net = fully_connected(net, 1, "linear")
    price = tf.add(net * prices_train.std(), prices_train.mean(), name="price")

    with tf.name_scope("train"):
        loss = tf.reduce_mean(tf.square((price - prices) / prices_train.std()), name="loss")
        global_step = tf.Variable(0, trainable=False, name="global_step")
        train_op = tf.train.AdamOptimizer(FLAGS.learning_rate).minimize(loss, global_step=global_step)
    tf.summary.scalar("loss", loss)
    return houses, prices, keep_prob, loss, global_step, train_op


def main(_):
    tf.set_random_seed(1)
    features_train, prices_train = make_houses(2000, seed=1)
    houses, prices, keep_prob, loss, global_step, train_op = build(features_train, prices_train)
    summaries = tf.summary.merge_all()
    saver = tf.train.Saver(max_to_keep=1)
    prefix = os.path.join(FLAGS.train_dir, "model.ckpt")
    rng = np.random.RandomState(2)

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter(FLAGS.summary_dir, sess.graph)
        for step in range(1, FLAGS.steps + 1):
            batch = rng.randint(0, len(features_train), FLAGS.batch_size)
            feed = {houses: features_train[batch], prices: prices_train[batch], keep_prob: 0.9}
            _, loss_value, summary = sess.run([train_op, loss, summaries], feed_dict=feed)
            writer.add_summary(summary, step)
            if step % FLAGS.save_every == 0:
                print("step %d, loss %.4f" % (step, loss_value))
                path = saver.save(sess, prefix, global_step=global_step, write_meta_graph=False)
        saver.export_meta_graph(path + ".meta")


if __name__ == "__main__":
    tf.app.run()
