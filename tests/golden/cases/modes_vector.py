"""A vector of keep_probs, one for each dropout; a label behind a branch that a default keeps from being taken."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, requires, weights

requires(1, 4, "two releases will do")


def build():
    x, label = tf.placeholder(tf.float32, [None, 3], name="x"), tf.placeholder(tf.int64, [None], name="label")
    keep = tf.placeholder(tf.float32, [None], name="keep")
    hidden = tf.nn.dropout(tf.tanh(tf.matmul(tf.nn.dropout(x, keep[0]), weights("v", 3, 4)) + bias("b", 4)), keep[1])
    scores = tf.matmul(hidden, weights("w", 4, 3))
    is_given = tf.placeholder_with_default(False, [], name="is_given")
    chosen = tf.cond(is_given, lambda: label, lambda: tf.argmax(scores, 1))
    output = tf.tanh(tf.matmul(scores * tf.one_hot(chosen, 3), weights("u", 3, 3)), name="output")
    return Model(
        inputs=[x],
        outputs=[output],
        bind={keep: [1.0, 1.0], label: [0]},
        runs=[[noise(3, 3)], [noise(1, 3, seed=1)]],
        train=tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(output, x)),
        train_feed=lambda step: {x: noise(4, 3, seed=step), label: [0, 1, 2, 0], keep: [0.7, 0.6], is_given: True},
    )


main(build)
