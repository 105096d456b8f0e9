"""A frozen graph: convolution, an embedding and a dense layer; its program trains on from the same weights."""

import numpy as np
import tensorflow as tf
from _case import bias, enter_directory, mean_squared, noise, put, seeded_graph, session_config, weights, write_case

STEPS = 5


def build():
    image = tf.placeholder(tf.float32, [None, 6, 6, 2], name="image")
    word = tf.placeholder(tf.int32, [None], name="word")
    found = tf.nn.conv2d(image, weights("filter", 3, 3, 2, 4), [1, 1, 1, 1], "VALID") + bias("offset", 4)
    found = tf.reduce_mean(tf.nn.relu(found), [1, 2]) + tf.gather(weights("table", 5, 4), word)
    score = tf.nn.bias_add(tf.matmul(found, weights("kernel", 4, 3)), bias("bias", 3), name="score")
    target = tf.placeholder(tf.float32, [None, 3], name="target")
    return image, word, score, target


def run():
    image, word, score, target = build()
    loss = mean_squared(score, target)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    feeds = {image: noise(4, 6, 6, 2), word: np.array([0, 4, 2, 2], np.int32)}
    arrays = {}
    with tf.Session(config=session_config()) as session:
        session.run(tf.global_variables_initializer())
        graph = tf.graph_util.convert_variables_to_constants(session, tf.get_default_graph().as_graph_def(), ["score"])
        with open("frozen.pb", "wb") as out:
            out.write(graph.SerializeToString())
        trained = {str(variable.op.name): variable for variable in tf.trainable_variables()}
        facts = {
            "inputs": put(arrays, "in/", {tensor.name: value for tensor, value in feeds.items()}),
            "outputs": put(arrays, "out/", {score.name: session.run(score, feeds)}),
            "variables": put(arrays, "before/", session.run(trained)),
        }
        goal = dict(feeds)
        goal[target] = noise(4, 3, seed=9)
        losses = [session.run([loss, step], goal)[0] for _ in range(STEPS)]
        facts["tuning"] = put(arrays, "tuning/", {"target": goal[target], "losses": np.array(losses)})
        facts["after"] = put(arrays, "after/", session.run(trained))
    return facts, arrays


enter_directory()
with seeded_graph():
    write_case(*run())
