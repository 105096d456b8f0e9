"""Asks the trained net for the prices of houses it has not seen, and keeps the answers. For TensorFlow 1.x."""

from __future__ import print_function

import numpy as np
import tensorflow as tf

from houses import make_houses

features, sold_for = make_houses(50, seed=3)

with tf.Session() as sess:
    path = tf.train.latest_checkpoint("run")
    saver = tf.train.import_meta_graph(path + ".meta")
    saver.restore(sess, path)
    graph = tf.get_default_graph()
    houses = graph.get_tensor_by_name("houses:0")
    keep_prob = graph.get_tensor_by_name("keep_prob:0")
    price = graph.get_tensor_by_name("price:0")
    predicted = sess.run(price, feed_dict={houses: features, keep_prob: 1.0})

np.savez("predictions.npz", houses=features, price=predicted)
print("off by %.1f thousand on average" % np.mean(np.abs(predicted - sold_for)))
