"""Averages of the weights beside their update, and a decay beside the forward pass: TensorFlow 1 runs either first."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    step = tf.train.get_or_create_global_step()
    hidden = tf.tanh(tf.matmul(features, weights("w1", 4, 5)))
    prediction = tf.identity(tf.matmul(hidden, weights("w2", 5, 2)), name="prediction")
    loss = mean_squared(prediction, targets)
    averages = tf.train.ExponentialMovingAverage(0.9, num_updates=step)
    update = tf.train.AdamOptimizer(0.05).minimize(loss, global_step=step)
    train = tf.group(update, averages.apply(tf.trainable_variables()), name="train")
    steps = [(train, [loss], [features, targets])]
    if hasattr(tf.contrib.opt, "AdamWOptimizer"):
        decoupled = tf.contrib.opt.AdamWOptimizer(0.1, 0.05, name="decoupled")
        with tf.name_scope("again"):
            other = tf.add(mean_squared(prediction, targets), tf.nn.l2_loss(hidden), name="loss")
        steps.append((decoupled.minimize(other), [other], [features, targets]))

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    racing = tf.trainable_variables() + [step]
    return Program([features], [prediction], steps, batch, racing=racing)


resume(build, releases=((1, 4), (1, 15)))
