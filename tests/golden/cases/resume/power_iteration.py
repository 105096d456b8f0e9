"""A weight divided by its largest singular value; the vector that finds it is assigned in the step, and read after it.

The gradient passes through the power iteration, so it reads the vector once more: the assigned one, for an Assign whose
value is needed later copies it into the buffer of the variable.
"""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def normalized(weight, name):
    vector = weights(name, 1, int(weight.shape[1]), trainable=False)
    other = tf.nn.l2_normalize(tf.matmul(vector, weight, transpose_b=True), 1)
    following = tf.nn.l2_normalize(tf.matmul(other, weight), 1)
    largest = tf.matmul(tf.matmul(other, weight), following, transpose_b=True)
    with tf.control_dependencies([vector.assign(following)]):
        return weight / largest[0, 0]


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    hidden = tf.nn.relu(tf.matmul(features, normalized(weights("first", 4, 6), "first_vector")) + weights("bias", 6))
    prediction = tf.matmul(hidden, normalized(weights("second", 6, 2), "second_vector"), name="prediction")
    loss = mean_squared(prediction, targets)
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    return Program([features], [prediction], [(train, [loss], [features, targets])], batch, together=True)


resume(build, releases=((1, 4), (1, 15)))
