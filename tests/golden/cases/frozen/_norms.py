"""A network with a plain and a fused batch norm: frozen by freeze_graph from graph.pbtxt and a checkpoint."""

import os

import tensorflow as tf
from _case import bias, mean_squared, noise, put, session_config, weights
from tensorflow.python.tools import freeze_graph

STEPS = 5
KEPT = ("filter", "second", "kernel", "bias")  # what is trained by default


def norm(name, size, seed):
    """Scale, offset, average and variance."""
    made = [tf.get_variable(name + "/" + part, initializer=1 + 0.3 * noise(size, seed=seed + number) ** 2, trainable=number < 2)
            for number, part in enumerate(["gamma", "beta", "moving_mean", "moving_variance"])]
    return made


def build():
    image = tf.placeholder(tf.float32, [None, 6, 6, 2], name="image")
    found = tf.nn.conv2d(image, weights("filter", 3, 3, 2, 4), [1, 1, 1, 1], "VALID", name="first")
    gamma, beta, mean, variance = norm("plain", 4, 20)
    found = tf.nn.relu(tf.nn.batch_normalization(found, mean, variance, beta, gamma, 1e-3, name="plain/norm"))
    found = tf.nn.conv2d(found, weights("second", 2, 2, 4, 4), [1, 1, 1, 1], "VALID", name="then")
    gamma, beta, mean, variance = norm("fused", 4, 30)
    found = tf.nn.fused_batch_norm(found, gamma, beta, mean, variance, 1e-3, is_training=False, name="fused/norm")[0]
    found = tf.reduce_mean(tf.nn.relu(found), [1, 2])
    score = tf.nn.bias_add(tf.matmul(found, weights("kernel", 4, 3)), bias("bias", 3), name="score")
    return image, score, tf.placeholder(tf.float32, [None, 3], name="target")


def run(transform=None):
    """Writes frozen.pb; returns what is recorded of it.

    Args:
        transform: makes another graph of the frozen one, if given.
    """
    image, score, target = build()
    loss = mean_squared(score, target)
    by_name = {str(variable.op.name): variable for variable in tf.trainable_variables()}
    kept = {name: by_name[name] for name in KEPT}
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=list(kept.values()))
    feeds, arrays = {image: noise(4, 6, 6, 2)}, {}
    with tf.Session(config=session_config()) as session:
        session.run(tf.global_variables_initializer())
        tf.train.write_graph(session.graph_def, ".", "graph.pbtxt")
        saved = tf.train.Saver().save(session, "./model.ckpt", write_meta_graph=False)
        freeze_graph.freeze_graph("graph.pbtxt", "", False, saved, "score", "", "", "frozen.pb", True, "")
        graph = tf.GraphDef()
        with open("frozen.pb", "rb") as file:
            graph.ParseFromString(file.read())
        graph = graph if transform is None else transform(graph)
        with open("frozen.pb", "wb") as file:
            file.write(graph.SerializeToString())
        facts = {
            "inputs": put(arrays, "in/", {image.name: feeds[image]}),
            "outputs": put(arrays, "out/", {score.name: session.run(score, feeds)}),
        }
        facts.update(weights_of(graph))
        if transform is not None:  # its constants are others, of other names
            remove_others()
            return facts, arrays
        facts["variables"] = put(arrays, "before/", session.run(kept))
        goal = dict(feeds)
        goal[target] = noise(4, 3, seed=9)
        losses = [session.run([loss, step], goal)[0] for _ in range(STEPS)]
        facts["tuning"] = put(arrays, "tuning/", {"target": goal[target], "losses": losses})
        facts["after"] = put(arrays, "after/", session.run(kept))
    remove_others()
    return facts, arrays


def weights_of(graph):
    """What can be trained of a frozen graph: all, and what is without scales and offsets of batch norms."""
    tensors = {str(node.name): node.attr["value"].tensor for node in graph.node if node.op == "Const"}
    floats = [name for name, tensor in tensors.items() if tensor.dtype == tf.float32 and tensor.tensor_shape.dim]
    everything = sorted(name for name in floats if "moving_" not in name)
    return {"all": everything, "large": [name for name in everything if "gamma" not in name and "beta" not in name]}


def remove_others():
    for name in os.listdir("."):
        if name != "frozen.pb":
            os.remove(name)
