"""A network whose channels come first, as for a GPU: its graph is exported, and its twin with channels last answers.

No CPU runs the exported graph; the twin has the same variables, and reads the same images transposed.
"""
import numpy as np
import tensorflow as tf
from _case import PREFIX, SEED, enter_directory, graph_facts, noise, put, requires, seeded_graph, session_config, write_case

requires(1, 4, "depth_to_space had no layout before")


class Layout(object):
    """One of the two layouts: where the channels are, and lists with an entry per axis."""

    def __init__(self, name):
        self.name = name
        self.channels = name.index("C")

    def each(self, size):
        return [1, 1, size, size] if self.channels == 1 else [1, size, size, 1]

    def size(self, images):
        return int(images.shape[self.channels])


def variable(name, *shape):
    return tf.get_variable(name, shape, initializer=tf.random_uniform_initializer(0.1, 0.9))


def convolution(images, size, name, layout, stride=1):
    kernel = variable(name + "/kernel", 3, 3, layout.size(images), size) - 0.5
    found = tf.nn.conv2d(images, kernel, layout.each(stride), "SAME", data_format=layout.name)
    return tf.nn.bias_add(found, variable(name + "/bias", size), data_format=layout.name)


def norm(images, layout):
    scale, offset, mean, variance = (variable("norm/" + name, layout.size(images)) for name in "somv")
    return tf.nn.fused_batch_norm(
        images, scale, offset, mean, variance, data_format=layout.name, is_training=False
    )[0]


def network(images, layout):
    hidden = tf.nn.relu(norm(convolution(images, 8, "first", layout, stride=2), layout))
    hidden += tf.nn.relu(convolution(hidden, 8, "second", layout))
    pooled = tf.nn.max_pool(hidden, layout.each(3), layout.each(1), "SAME", data_format=layout.name)
    hidden = tf.concat([hidden, pooled], layout.channels)
    hidden = tf.nn.avg_pool(hidden, layout.each(2), layout.each(2), "VALID", data_format=layout.name)
    hidden = tf.depth_to_space(hidden, 2, data_format=layout.name)
    hidden = tf.space_to_depth(hidden, 2, data_format=layout.name)
    kernel = variable("depthwise", 3, 3, 16, 1) - 0.5
    hidden = tf.nn.depthwise_conv2d(hidden, kernel, layout.each(1), "SAME", data_format=layout.name)
    axes = [2, 3] if layout.channels == 1 else [1, 2]
    features = tf.reduce_mean(hidden, axes)
    return tf.identity(tf.matmul(features, variable("out", 16, 3)), name="prediction")


def build(name):
    layout = Layout(name)
    shape = [None, 3, 16, 16] if layout.channels == 1 else [None, 16, 16, 3]
    images = tf.placeholder(tf.float32, shape, name="images")
    return images, network(images, layout)


def main():
    enter_directory()
    rows = [noise(3, 3, 16, 16), noise(1, 3, 16, 16, seed=1)]
    with seeded_graph(), tf.Session(config=session_config()) as session:
        images, prediction = build("NHWC")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, "./" + PREFIX, write_meta_graph=False)
        found = [session.run(prediction, {images: np.transpose(row, [0, 2, 3, 1])}) for row in rows]
    arrays = {}
    with tf.Graph().as_default():
        tf.set_random_seed(SEED)
        build("NCHW")
        tf.train.Saver().export_meta_graph(PREFIX + ".meta")
        facts = graph_facts(["images:0"], ["prediction:0"])
    facts.update(
        bind={},
        local_variables=[],
        stateful=False,
        notes="The outputs are those of the same network with channels last.",
        runs=[
            {
                "inputs": put(arrays, "run%d/in/" % number, {"images:0": row}),
                "outputs": put(arrays, "run%d/out/" % number, {"prediction:0": output}),
            }
            for number, (row, output) in enumerate(zip(rows, found))
        ],
    )
    write_case(facts, arrays)


main()
