"""Optimizers that the oldest releases had, and those without slots, dense and sparse."""
import numpy as np
import tensorflow as tf
from _case import RELEASE, mean_squared, noise, weights
from _resume import Program, resume


def optimizers(step):
    found = [("descent", tf.train.GradientDescentOptimizer(tf.train.exponential_decay(0.3, step, 9, 0.7)))]
    if RELEASE < (1, 15):  # later releases train by these in the case `optimizers`
        found += [("adam", tf.train.AdamOptimizer(0.05)), ("rmsprop", tf.train.RMSPropOptimizer(0.01, momentum=0.5))]
    else:
        found += [
            ("adagrad", tf.train.AdagradOptimizer(0.1)),
            ("proximal", tf.train.ProximalGradientDescentOptimizer(0.1, 0.01, 0.02)),
            ("proximal_adagrad", tf.train.ProximalAdagradOptimizer(0.1, 0.1, 0.01, 0.02)),
        ]
    return found


def build():
    features = tf.placeholder(tf.float32, [None, 3], name="features")
    words = tf.placeholder(tf.int32, [None], name="words")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    step = tf.Variable(0, trainable=False, name="global_step")
    steps = []
    for name, optimizer in optimizers(step):
        with tf.variable_scope(name):
            table, kernel = weights("table", 6, 3), weights("kernel", 3, 2)
            prediction = tf.matmul(features + tf.gather(table, words), kernel, name="prediction")
            loss = mean_squared(prediction, targets)
            steps.append((optimizer.minimize(loss, global_step=step), [loss], [features, words, targets]))

    def batch(number):
        values = np.array([0, 2, 2, 5 - number % 3], np.int32)
        return {features: noise(4, 3, seed=number), words: values, targets: noise(4, 2, seed=number + 50)}

    return Program([features, words], ["descent/prediction:0"], steps, batch)


resume(build, releases=((0, 12), (1, 0), (1, 15)))
