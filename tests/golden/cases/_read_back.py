"""Reads with this release of TensorFlow what write_for_tf1.py wrote, and compares; Python 2.7 and 3.6 as well."""

from __future__ import print_function

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf


def main(directory):
    expected = np.load(os.path.join(directory, "expected.npz"))
    skipped = set()
    for shards in (1, 3):
        prefix = os.path.join(directory, "shards%d" % shards)
        reader = tf.train.NewCheckpointReader(prefix)
        shapes = reader.get_variable_to_shape_map()
        names = {name: name.replace("/", "__") for name in shapes}
        assert set(names.values()) == set(expected.files), set(names.values()) ^ set(expected.files)
        for name, key in names.items():
            try:
                found = np.asarray(reader.get_tensor(name))
            except tf.errors.UnimplementedError:  # the readers of 0.12 and 1.0 know no float16, not even their own
                skipped.add(name)
                continue
            wanted = expected[key]
            assert list(found.shape) == list(wanted.shape) == list(shapes[name]), name
            same = (found == wanted) | ((found != found) & (wanted != wanted))
            assert found.tolist() == wanted.tolist() if name == "text" else same.all(), name
    read = len(names) - len(skipped)
    print("TensorFlow %s reads %d of %d tensors as written, in 1 and in 3 shards" % (tf.__version__, read, len(names)))


if __name__ == "__main__":
    main(sys.argv[1])
