"""Transfer learning: a net that has learned a circle learns rings.

    DIR pretrain     trains the whole net on the first task
    DIR finetune     cuts it after hidden2, puts a new head on and trains nothing but the head
"""

import os
import sys

import numpy as np
import tensorflow as tf

model_path = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "./out", "base.ckpt")
mode = sys.argv[2] if len(sys.argv) > 2 else "pretrain"

learning_rate = 0.5
n_epochs = 400

rnd = np.random.RandomState(1)
X_data = rnd.uniform(-1, 1, [200, 2]).astype(np.float32)
radius = np.sqrt((X_data ** 2).sum(axis=1))
y_circle = (radius < 0.75).astype(np.int64)
y_rings = (radius / 0.4).astype(np.int64).clip(0, 2)     # three classes


def neuron_layer(X, n_neurons, name, activation=None):
    with tf.name_scope(name):
        n_inputs = int(X.get_shape()[1])
        init = np.random.RandomState(n_neurons).normal(0, 1.5 / np.sqrt(n_inputs), [n_inputs, n_neurons])
        W = tf.Variable(init.astype(np.float32), name="kernel")
        b = tf.Variable(tf.zeros([n_neurons]), name="bias")
        Z = tf.matmul(X, W) + b
        return activation(Z, name="out") if activation else tf.identity(Z, name="out")


def pretrain():
    X = tf.placeholder(tf.float32, shape=(None, 2), name="X")
    y = tf.placeholder(tf.int64, shape=(None), name="y")
    hidden1 = neuron_layer(X, 12, "hidden1", tf.nn.tanh)
    hidden2 = neuron_layer(hidden1, 6, "hidden2", tf.nn.tanh)
    logits = neuron_layer(hidden2, 2, "logits")
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy, name="loss")
    training_op = tf.train.GradientDescentOptimizer(learning_rate).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32), name="accuracy")
    saver = tf.train.Saver()

    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for epoch in range(n_epochs):
            sess.run(training_op, feed_dict={X: X_data, y: y_circle})
        print("circle: loss %.4f accuracy %.2f" % tuple(sess.run([loss, accuracy], {X: X_data, y: y_circle})))
        saver.save(sess, model_path)


def finetune():
    restore_saver = tf.train.import_meta_graph(model_path + ".meta")
    graph = tf.get_default_graph()
    X = graph.get_tensor_by_name("X:0")
    hidden2 = graph.get_tensor_by_name("hidden2/out:0")
    old_vars = tf.global_variables()

    with tf.variable_scope("new_head"):
        labels = tf.placeholder(tf.int64, shape=(None), name="labels")
        frozen = tf.stop_gradient(hidden2)
        W = tf.get_variable("kernel", [6, 3], initializer=tf.zeros_initializer())
        b = tf.get_variable("bias", [3], initializer=tf.zeros_initializer())
        new_logits = tf.matmul(frozen, W) + b
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=new_logits)
        new_loss = tf.reduce_mean(xentropy)
        accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(new_logits, 1), labels), tf.float32))

    train_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="new_head")
    optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9)
    training_op = optimizer.minimize(new_loss, var_list=train_vars)
    new_vars = [v for v in tf.global_variables() if v not in old_vars]
    init_new = tf.variables_initializer(new_vars)

    with tf.Session() as sess:
        restore_saver.restore(sess, model_path)
        sess.run(init_new)
        feed = {X: X_data, labels: y_rings}
        before = sess.run(old_vars)
        print("rings before: loss %.4f accuracy %.2f" % tuple(sess.run([new_loss, accuracy], feed)))
        for epoch in range(n_epochs):
            sess.run(training_op, feed_dict=feed)
        print("rings after: loss %.4f accuracy %.2f" % tuple(sess.run([new_loss, accuracy], feed)))
        print("trained: %s" % [v.op.name for v in train_vars])
        same = [np.array_equal(a, b) for a, b in zip(before, sess.run(old_vars))]
        print("%d old variables, unchanged: %s" % (len(same), all(same)))
        tf.train.Saver().save(sess, model_path.replace("base", "rings"), write_meta_graph=False)


if mode == "pretrain":
    pretrain()
else:
    finetune()
