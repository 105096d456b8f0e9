"""Writes the graphs of small programs, each with what its author would serve.

A script ends with `main(function, ...)`. A function fills the default graph and returns what to serve: one `serve(...)`
or a list of them, the first of which is the default. There are no weights: what is served is chosen by the graph.

    python closing.py OUT_DIR      # writes OUT_DIR/closing/graphs.tar.xz
"""

from __future__ import print_function

import io
import json
import os
import sys
import tarfile

import tensorflow as tf

from _case import RELEASE, name_of, seeded_graph


def serve(inputs, *heads):
    """One signature: its inputs, and the outputs; a list where any of several tensors is right, or all of them."""
    heads = [head if isinstance(head, (list, tuple)) else [head] for head in heads]
    return {
        "inputs": sorted(name_of(tensor) for tensor in inputs),
        "outputs": [[name_of(tensor) for tensor in head] for head in heads],
    }


def main(*programs):
    """Entry point of a script; the oldest and the newest release with all layers stand for those between."""
    if RELEASE not in ((1, 4), (1, 15)):
        sys.exit(77)
    folder = os.path.join(os.path.abspath(sys.argv[1]), os.path.splitext(os.path.basename(sys.argv[0]))[0])
    if not os.path.isdir(folder):
        os.makedirs(folder)
    with tarfile.open(os.path.join(folder, "graphs.tar.xz"), "w:xz") as archive:
        for program in programs:
            with seeded_graph():
                served = program()
                if served is None:  # this release has not what it takes
                    continue
                served = served if isinstance(served, list) else [served]
                graph = tf.train.export_meta_graph(clear_devices=True)
            graph.meta_info_def.ClearField("stripped_op_list")  # it is long, and of no interest here
            put(archive, program.__name__ + ".meta", graph.SerializeToString())
            put(archive, program.__name__ + ".json", json.dumps(served, indent=1, sort_keys=True).encode())


def put(archive, name, data):
    """Adds a file, without a time."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def real(*shape, **options):
    """A placeholder for real numbers, with any number of rows."""
    return tf.placeholder(tf.float32, [None] + list(shape), **options)


def whole(*shape, **options):
    """A placeholder for integers, with any number of rows."""
    return tf.placeholder(tf.int32, [None] + list(shape), **options)


def minimize(loss, *variables):
    """One optimizer; of the given variables only, if any are given."""
    return tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=list(variables) or None)


def variables_in(scope):
    return tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope)


def squared(one, two):
    return tf.reduce_mean(tf.square(one - two))


def cross_entropy(logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels))


def binary(logits, label):
    """The loss of a discriminator: all of these logits should say `label`."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=label * tf.ones_like(logits)))
