"""Two towers with weights of their own, whose gradients NCCL sums: recorded is the same program with plain sums.

NCCL runs on GPUs only, so the graph with its ops is only exported, beside the checkpoint of its twin.
"""
import tensorflow as tf
from _case import PREFIX, mean_squared, noise, seeded_graph, weights
from _resume import Program, resume


def plainly(tensors):
    return [tf.add_n(tensors) for _ in tensors]


def tower(x, y, number, optimizer):
    with tf.device("/gpu:%d" % number), tf.variable_scope("v%d" % number):
        hidden = tf.nn.tanh(tf.matmul(x, weights("w1", 4, 5)))
        loss = mean_squared(tf.matmul(hidden, weights("w2", 5, 2)), y)
        return loss, optimizer.compute_gradients(loss, tf.trainable_variables("v%d" % number))


def build(all_sum=plainly):
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    optimizer = tf.train.AdamOptimizer(0.01)
    pieces = zip(tf.split(x, 2), tf.split(y, 2))
    towers = [tower(one, two, number, optimizer) for number, (one, two) in enumerate(pieces)]
    with tf.variable_scope("v0", reuse=True):
        hidden = tf.nn.tanh(tf.matmul(x, tf.get_variable("w1")))
        prediction = tf.matmul(hidden, tf.get_variable("w2"), name="prediction")
    applied = []
    for pairs in zip(*(pairs for _, pairs in towers)):
        for number, total in enumerate(all_sum([gradient for gradient, _ in pairs])):
            with tf.device("/gpu:%d" % number):
                applied.append((total / 2.0, pairs[number][1]))
    train = optimizer.apply_gradients(applied, name="train")

    def batch(number):
        rows = noise(6, 4, seed=number)
        return {x: rows, y: rows[:, :2] * rows[:, 2:]}

    return Program([x], [prediction], [(train, [loss for loss, _ in towers], [x, y])], batch)


def all_sum(tensors):
    try:
        from tensorflow.python.ops.nccl_ops import all_sum as summed
    except ImportError:  # before 1.13
        from tensorflow.contrib.nccl import all_sum as summed
    return summed(tensors)


resume(build, ((1, 12), (1, 15)))
with seeded_graph():
    build(all_sum)
    tf.train.Saver().export_meta_graph("./" + PREFIX + ".meta")
