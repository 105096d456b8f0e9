"""Batch norm, weight decay, a clipped norm, a rate that decays, momentum, and averages of the weights at the end."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    training = tf.placeholder(tf.bool, [], name="is_training")
    hidden = tf.matmul(features, weights("w1", 4, 5))
    hidden = tf.nn.relu(tf.layers.batch_normalization(hidden, momentum=0.8, training=training, name="norm"))
    prediction = tf.identity(tf.matmul(hidden, weights("w2", 5, 2)), name="prediction")
    decay = 0.01 * tf.add_n([tf.nn.l2_loss(variable) for variable in tf.trainable_variables()])
    loss = tf.add(mean_squared(prediction, targets), decay, name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 3, 0.7, staircase=True)
    rate = tf.train.piecewise_constant(step, [6], [1.0, 0.5]) * rate
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    clipped, _ = tf.clip_by_global_norm(gradients, 0.5)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        update = optimizer.apply_gradients(zip(clipped, variables), global_step=step)
    with tf.control_dependencies([update]):
        averages = tf.train.ExponentialMovingAverage(0.9, num_updates=step)
        train = averages.apply(tf.trainable_variables())

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    return Program([features], [prediction], [(train, [loss], [features, targets])], batch, {training: True})


resume(build, releases=((1, 4), (1, 15)))
