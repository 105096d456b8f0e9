"""A frozen graph whose kernel is a constant in the body of a function."""

import numpy as np
import tensorflow as tf
from _case import enter_directory, noise, put, seeded_graph, session_config, write_case
from tensorflow.python.framework import function


@function.Defun(tf.float32, func_name="layer")
def layer(x):
    kernel = tf.constant(np.arange(12).reshape(4, 3) / 10.0, tf.float32, name="kernel")
    return tf.matmul(x, kernel) + tf.constant([1.0, 2.0, 3.0], name="offset")


enter_directory()
with seeded_graph():
    fed = tf.placeholder(tf.float32, [None, 4], name="x")
    score = tf.identity(tf.nn.relu(layer(fed)), name="score")
    with open("frozen.pb", "wb") as file:
        file.write(tf.get_default_graph().as_graph_def().SerializeToString())
    arrays, values = {}, noise(3, 4)
    with tf.Session(config=session_config()) as session:
        outputs = put(arrays, "out/", {score.name: session.run(score, {fed: values})})
    write_case({"inputs": put(arrays, "in/", {fed.name: values}), "outputs": outputs, "all": [], "large": []}, arrays)
