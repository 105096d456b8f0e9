"""Variables in three slices each: one concatenated for a matmul, one looked up slice by slice."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, [None, 7], name="x")
    ids = tf.placeholder(tf.int64, [None], name="ids")
    y = tf.placeholder(tf.float32, [None, 4], name="y")
    with tf.variable_scope("sliced", partitioner=tf.fixed_size_partitioner(3)):
        kernel = weights("kernel", 7, 4)
        table = weights("table", 8, 4)
    with tf.variable_scope("columns", partitioner=tf.fixed_size_partitioner(3, axis=1)):
        wide = weights("wide", 4, 5)
    found = tf.nn.embedding_lookup(table, ids, partition_strategy="div")
    hidden = tf.tanh(tf.matmul(x, tf.convert_to_tensor(kernel)) + found)
    prediction = tf.matmul(hidden, tf.convert_to_tensor(wide), name="prediction")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(prediction[:, :4], y))
    return Model(
        inputs=[x, ids],
        outputs=[prediction],
        runs=[[noise(4, 7), [0, 3, 5, 7]], [noise(1, 7, seed=1), [2]]],
        train=train,
        train_feed=lambda step: {
            x: noise(2, 7, seed=step), ids: [step, 7 - step], y: noise(2, 4, seed=step)
        },
    )


main(build)
