"""SyncReplicasOptimizer with one replica: accumulators, dense and sparse, and a chief's thread."""
import numpy as np
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def build():
    features = tf.placeholder(tf.float32, [None, 3], name="features")
    words = tf.placeholder(tf.int32, [None], name="words")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    table, kernel = weights("table", 6, 3), weights("kernel", 3, 2)
    prediction = tf.matmul(features + tf.gather(table, words), kernel, name="prediction")
    loss = mean_squared(prediction, targets)
    step = tf.train.get_or_create_global_step()
    # Adam changes the slots of a table before it takes a gradient: the chief's thread would do so before a checkpoint.
    adagrad = tf.train.AdagradOptimizer(0.05)
    optimizer = tf.train.SyncReplicasOptimizer(adagrad, replicas_to_aggregate=1, use_locking=True)
    train = tf.group(optimizer.minimize(loss, global_step=step), name="train")
    chief = optimizer.get_chief_queue_runner()

    def start(session):
        session.run(optimizer.chief_init_op)
        chief.create_threads(session, tf.train.Coordinator(), daemon=True, start=True)

    def batch(number):
        values = np.array([0, 2, 2, 5 - number % 3], np.int32)
        return {features: noise(4, 3, seed=number), words: values, targets: noise(4, 2, seed=number + 50)}

    steps = [(train, [loss], [features, words, targets])]
    return Program([features, words], [prediction], steps, batch, start=start)


resume(build, releases=((1, 4), (1, 15)))
