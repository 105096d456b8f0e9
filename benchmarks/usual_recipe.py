"""The recipe that a search finds: import_meta_graph, restore, simple_save; then load it to use it."""

from __future__ import annotations

import shutil
import sys

import tensorflow as tf


def main(prefix: str, output: str, feed: str, fetch: str) -> None:
    shutil.rmtree(output, ignore_errors=True)  # simple_save refuses what is there
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(prefix + ".meta", clear_devices=True)
        saver.restore(session, prefix)
        inputs = {"input": graph.get_tensor_by_name(feed)}
        outputs = {"output": graph.get_tensor_by_name(fetch)}
        tf.compat.v1.saved_model.simple_save(session, output, inputs, outputs)
    tf.saved_model.load(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
