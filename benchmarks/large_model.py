"""Writes a large TF1 model, as its training program would: reference variables, Adam slots, one checkpoint."""

from __future__ import annotations

import argparse

import tensorflow as tf

tf1 = tf.compat.v1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prefix")
    parser.add_argument("--megabytes", type=int, default=100, help="of weights; Adam's slots are twice as much")
    parser.add_argument("--small-variables", type=int, metavar="N", help="N variables of 64 or 8 numbers, no slots")
    args = parser.parse_args()
    if args.small_variables:
        many_small(args.prefix, args.small_variables)
        return
    width = 1024
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.disable_resource_variables()
        features = tf1.placeholder(tf.float32, [None, width], name="features")
        net = features
        for number in range(max(1, args.megabytes * 10**6 // (width * width * 4))):
            weights = tf1.get_variable(f"layer{number}", [width, width], initializer=tf1.glorot_uniform_initializer())
            net = tf.nn.relu(tf.matmul(net, weights))
        prediction = tf.identity(net, name="prediction")
        tf1.train.AdamOptimizer().minimize(tf.reduce_mean(tf.square(prediction)))
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, args.prefix)


def many_small(prefix: str, count: int) -> None:
    """Writes a model of many small variables, as recurrent and old residual networks have."""
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.disable_resource_variables()
        net = tf1.placeholder(tf.float32, [None, 8], name="features")
        for number in range(count // 2):
            weights = tf1.get_variable(f"layer{number}/kernel", [8, 8])
            net = tf.tanh(tf.matmul(net, weights) + tf1.get_variable(f"layer{number}/bias", [8]))
        tf.identity(net, name="prediction")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, prefix)


if __name__ == "__main__":
    main()
