"""Saves and restores with the Saver of whichever TensorFlow runs it; the same program for 1.15 and for today.

    python program.py write DIRECTORY      a directory for each case, with checkpoints, state and graph
    python program.py read DIRECTORY FILE  restores them by code and by .meta, and records what came back

TensorFlow 1 uses tf.train.Saver; today's compat_saver.Saver. It must run under Python 3.7 as well.
"""

import hashlib
import json
import os
import sys
import zlib

import numpy as np
import tensorflow

tf = tensorflow.compat.v1
IS_THEN = tensorflow.__version__.startswith("1.")
if IS_THEN:
    api = tf.train
else:
    import compat_saver as api

V1, V2 = 1, 2
STEP = 7


def value_of(name, shape, dtype):
    """The value that a variable has been trained to, made from its name."""
    rng = np.random.RandomState(zlib.crc32(name.encode()))
    if dtype == "bool":
        return rng.rand(*shape) < 0.5
    if dtype == "string":
        return np.array([b"", b"abc", b"\xff\x00" * 200])[rng.randint(0, 3, shape)]
    values = rng.standard_normal(shape) * 50
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    return np.asarray(values).astype(dtype)


def variable(name, shape, dtype="float32", **options):
    """A variable that begins with zeros: what it holds later was restored."""
    return tf.get_variable(name, shape, dtype, initializer=tf.zeros_initializer(), **options)


def dense(**options):
    with tf.variable_scope("dense"):
        return [variable("kernel", [5, 3], **options), variable("bias", [3], **options)]


def plain():
    return dict(var_list=dense())


def resource():
    return dict(var_list=dense(use_resource=True))


def reference():
    return dict(var_list=dense(use_resource=False))


def old_format():
    return dict(var_list=dense(), write_version=V1)


def renamed():
    kernel, bias = dense()
    return dict(var_list={"old/weights": kernel, "old/biases": bias})


def partitioned():
    dense(partitioner=tf.fixed_size_partitioner(3))
    return {}


def partitioned_old_format():
    dense(partitioner=tf.fixed_size_partitioner(3))
    return dict(write_version=V1)


def sharded():
    for device in range(2):
        with tf.device("/cpu:%d" % device):
            variable("v%d" % device, [2, 4])
    return dict(sharded=True)


def sharded_old_format():
    return dict(sharded(), write_version=V1)


def averages():
    kernel, bias = dense()
    average = tf.train.ExponentialMovingAverage(0.9)
    average.apply([kernel, bias])
    return dict(var_list=average.variables_to_restore())


def adam():
    kernel, bias = dense()
    loss = tf.reduce_sum(tf.square(tf.matmul(tf.ones([1, 5]), kernel) + bias))
    tf.train.AdamOptimizer(0.1).minimize(loss, global_step=tf.train.get_or_create_global_step())
    return {}


def dtypes():
    names = ("float16", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128")
    for name in names:
        tf.Variable(np.zeros([2, 3], name), name=name)
    tf.Variable(np.full([4], b""), name="string")
    variable("scalar", [])
    variable("empty", [0, 2])
    return {}


def numbered():
    return dict(var_list=dense(), max_to_keep=1, pad_step_number=True, save_relative_paths=True)


def deferred():
    dense()
    return dict(defer_build=True, restore_sequentially=True)


CASES = (
    plain, resource, reference, old_format, renamed, partitioned, partitioned_old_format, sharded, sharded_old_format,
    averages, adam, dtypes, numbered, deferred,
)  # fmt: skip


def session():
    return tf.Session(config=tf.ConfigProto(device_count={"CPU": 2}))


def trained(variables=None):
    """Variable -> the value it has been trained to."""
    if variables is None:
        variables = tf.global_variables()
    elif isinstance(variables, dict):
        variables = variables.values()
    return {item.op.name: value_of(item.op.name, item.shape.as_list(), item.dtype.base_dtype.name) for item in variables}


def write(case, directory):
    with tf.Graph().as_default(), session() as sess:
        options = case()
        saver = api.Saver(**options)
        if options.get("defer_build"):
            saver.build()
        sess.run(tf.global_variables_initializer())
        values = trained()
        for item in tf.global_variables():
            item.load(values[item.op.name], sess)
        for step in range(STEP - 1, STEP + 1):
            saver.save(sess, os.path.join(directory, "model.ckpt"), global_step=step)


def restored(sess, saver, names, directory):
    saver.restore(sess, api.latest_checkpoint(directory))
    there = {item.op.name: item for item in tf.global_variables()}
    return {name: sess.run(there[name]) for name in names}


def by_code(case, directory):
    with tf.Graph().as_default(), session() as sess:
        options = case()
        saver = api.Saver(**options)
        if options.get("defer_build"):
            saver.build()
        wanted = trained(options.get("var_list"))
        sess.run(tf.global_variables_initializer())
        return same(wanted, restored(sess, saver, wanted, directory))


def by_meta(case, directory):
    with tf.Graph().as_default():
        wanted = trained(case().get("var_list"))
    with tf.Graph().as_default(), session() as sess:
        prefix = api.latest_checkpoint(directory)
        saver = api.import_meta_graph(prefix.replace("-?????-of-00002", "") + ".meta")
        sess.run(tf.global_variables_initializer())
        return same(wanted, restored(sess, saver, wanted, directory))


def same(wanted, found):
    """How many variables came back bit by bit."""
    wrong = [name for name in wanted if not np.array_equal(wanted[name], found[name].astype(wanted[name].dtype))]
    return {"equal": len(wanted) - len(wrong), "other": sorted(wrong)}


def attempt(read, case, directory):
    """A graph of today may hold what TensorFlow 1 does not know; what it says of that is recorded."""
    try:
        return read(case, directory)
    except ValueError as error:
        return {"refused": str(error).partition(";")[0].partition(" not in")[0]}


def digests(directory):
    found = {}
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".meta"):
            with open(os.path.join(directory, name), "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


def main(verb, directory, record=None):
    told = {}
    for case in CASES:
        folder = os.path.join(directory, case.__name__)
        if verb == "write":
            os.makedirs(folder)
            os.chdir(folder)  # state files then hold no path of the machine
            write(case, ".")
        else:
            told[case.__name__] = {
                "by_code": by_code(case, folder),
                "by_meta": attempt(by_meta, case, folder),
                "files": digests(folder),
            }
    if record:
        with open(record, "w") as file:
            json.dump({"read_by": tensorflow.__version__, "cases": told}, file, indent=1, sort_keys=True)
            file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], *(os.path.abspath(path) for path in sys.argv[2:]))
