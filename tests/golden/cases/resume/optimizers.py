"""Every optimizer with slots, dense and sparse, in the middle of training."""
import numpy as np
import tensorflow as tf
from _case import RELEASE, mean_squared, noise, weights
from _resume import Program, resume


def optimizers(step):
    found = {
        "nesterov": tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        "adam": tf.train.AdamOptimizer(0.01),
        "adagrad_da": tf.train.AdagradDAOptimizer(0.1, step, l1_regularization_strength=0.001),
        "adadelta": tf.train.AdadeltaOptimizer(0.1),
        "rmsprop": tf.train.RMSPropOptimizer(0.01, momentum=0.5),
        "centered": tf.train.RMSPropOptimizer(0.01, centered=True),
        "ftrl": tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
        "lazy_adam": tf.contrib.opt.LazyAdamOptimizer(0.01),
    }
    if RELEASE >= (1, 8):
        # 1.4 could not train a table by Nadam, and had no other of these.
        found["nadam"] = tf.contrib.opt.NadamOptimizer(0.01)
        found["adamax"] = tf.contrib.opt.AdaMaxOptimizer(0.01)
        found["power_sign"] = tf.contrib.opt.PowerSignOptimizer(0.05)
    return sorted(found.items())


def build():
    features = tf.placeholder(tf.float32, [None, 3], name="features")
    words = tf.placeholder(tf.int32, [None], name="words")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    step = tf.train.get_or_create_global_step()
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

    return Program([features, words], ["adam/prediction:0"], steps, batch)


resume(build, releases=((1, 4), (1, 15)))
