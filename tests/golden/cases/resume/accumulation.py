"""Gradients of two batches are added up before they are applied: three ops, and a fourth that decides in a tf.cond."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    prediction = tf.identity(tf.matmul(features, weights("kernel", 4, 2)) + weights("bias", 2), name="prediction")
    loss = mean_squared(prediction, targets)
    variables = tf.trainable_variables()
    sums = [tf.Variable(tf.zeros(v.shape), trainable=False, name=v.op.name + "_sum") for v in variables]
    optimizer = tf.train.AdamOptimizer(0.05)
    gradients = [gradient for gradient, _ in optimizer.compute_gradients(loss, variables)]
    clear = tf.group(*[total.assign(tf.zeros_like(total)) for total in sums], name="clear")
    add = tf.group(*[total.assign_add(gradient) for total, gradient in zip(sums, gradients)], name="add")
    means = [tf.clip_by_value(total / 2.0, -0.2, 0.2) for total in sums]
    apply_all = optimizer.apply_gradients(zip(means, variables), name="apply")

    calls = tf.Variable(0, trainable=False, name="calls")
    other = tf.train.GradientDescentOptimizer(0.1)
    extra = weights("extra", 4, 2)
    extra_loss = tf.reduce_mean(tf.square(tf.matmul(features, extra) - targets), name="extra_loss")
    with tf.control_dependencies([calls.assign_add(1)]):
        is_even = tf.equal(calls.read_value() % 2, 0)
        sometimes = tf.cond(is_even, lambda: tf.group(other.minimize(extra_loss, var_list=[extra])), tf.no_op)
    sometimes = tf.group(sometimes, name="sometimes")

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    both = [features, targets]
    steps = [(clear, [], []), (add, [loss], both), (add, [loss], both), (apply_all, [], []), (sometimes, [], both)]
    return Program([features], [prediction], steps, batch)


resume(build, releases=((1, 4), (1, 15)))
