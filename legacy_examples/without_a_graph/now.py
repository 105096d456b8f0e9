"""What is in a checkpoint? Prints it without the code of the model.

    DIR make                  writes something to look at
    DIR look [TENSOR_NAME]    shows all names, or one value
"""
from __future__ import print_function

import sys

import numpy as np
import compat_saver as cs
import tensorflow.compat.v1 as tf


def make(path):
    """Two checkpoints to look at: the format we have now, and the old one in one file."""
    rng = np.random.RandomState(42)
    with tf.variable_scope("conv1"):
        tf.get_variable("weights", initializer=rng.normal(size=[3, 3, 1, 2]).astype(np.float32))
        tf.get_variable("biases", initializer=tf.zeros([2]))
    tf.get_variable("words", initializer=tf.constant(["the", "cat", "sat"]))
    tf.get_variable("done", initializer=tf.constant(True))
    tf.get_variable("global_step", initializer=tf.constant(123, tf.int64), trainable=False)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        cs.Saver().save(sess, path + "/new.ckpt", write_meta_graph=False)
        old = cs.Saver(write_version=tf.train.SaverDef.V1)
        old.save(sess, path + "/old.ckpt", write_meta_graph=False, write_state=False)


def print_tensors(file_name, tensor_name=None):
    try:
        reader = cs.NewCheckpointReader(file_name)
        if tensor_name:
            print("tensor_name: ", tensor_name)
            print(reader.get_tensor(tensor_name))
            return
        var_to_shape_map = reader.get_variable_to_shape_map()
        var_to_dtype_map = reader.get_variable_to_dtype_map()
        for key in sorted(var_to_shape_map):
            print("%-14s %-8s %s" % (key, var_to_dtype_map[key].name, var_to_shape_map[key]))
        print(reader.has_tensor("conv1/weights"), reader.has_tensor("conv2/weights"))
    except Exception as e:
        print(str(e))


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "./out"
    if len(sys.argv) < 3 or sys.argv[2] == "make":
        with tf.Graph().as_default():
            make(path)
    else:
        tensor_name = sys.argv[3] if len(sys.argv) > 3 else None
        print_tensors(path + "/new.ckpt", tensor_name)
        print_tensors(path + "/old.ckpt", tensor_name)

        # same thing with the newer functions
        if tensor_name:
            print(cs.load_variable(path, tensor_name).shape)
        else:
            for name, shape in cs.list_variables(path):
                print(name, shape)


main()
