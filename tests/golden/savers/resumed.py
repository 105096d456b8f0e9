"""Checkpoints that compat_saver writes of migrated models, restored by the graphs that the models came from.

    python tests/golden/savers/resumed.py write DIRECTORY
    PYTHON_OF_1.15.5 tests/golden/savers/resumed.py read DIRECTORY tests/golden/savers/resumed_by_1.15.5.json

The first runs today and changes every number of each model in a known way. The second restores each checkpoint into the
graph of its program, compares all variables, and runs the program's own training step.
"""
import hashlib
import io
import json
import os
import sys

import numpy as np

RESUME = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "1.15.5", "resume")
CASES = {"accumulation": "apply", "gan": "generator_step", "recurrent": "Adam", "schedule": "ExponentialMovingAverage"}


def read_facts(name):
    with io.open(os.path.join(RESUME, name, "case.json"), encoding="utf-8") as file:
        return json.load(file)


def write(directory):
    """Migrates each case, doubles its numbers, and writes its checkpoint and what is in it."""
    import compat_saver
    import tensorflow as tf

    for name in sorted(CASES):
        facts, source = read_facts(name), os.path.join(RESUME, name, "model.ckpt")
        target = os.path.join(directory, name)
        ops = sorted({step["op"] for step in facts["steps"]})
        options = {"inputs": facts["inputs"], "outputs": facts["outputs"], "train_ops": ops, "verify": False}
        compat_saver.migrate(source, os.path.join(target, "model"), **options)
        model = tf.saved_model.load(os.path.join(target, "model"))
        for variable in model.variables:
            variable.assign(2 * variable)
        compat_saver.save_checkpoint(model, os.path.join(target, "resumed.ckpt"), source=source)
        np.savez(os.path.join(target, "expected.npz"), **{key: item.numpy() for key, item in model.weights.items()})


def digests(directory):
    """File name -> its SHA-256, for the files of a checkpoint."""
    names = [name for name in sorted(os.listdir(directory)) if name.startswith("resumed.ckpt")]
    return {name: hashlib.sha256(open(os.path.join(directory, name), "rb").read()).hexdigest() for name in names}


def read(directory, result):
    """Restores each checkpoint with the saver of its graph and trains on; writes what came back."""
    found = {}
    for name in sorted(CASES):
        found[name] = read_case(os.path.join(directory, name), name)
    with io.open(result, "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(found, indent=2, sort_keys=True, separators=(",", ": ")) + u"\n")


def read_case(directory, name):
    import tensorflow as tf

    step = next(item for item in read_facts(name)["steps"] if item["op"].startswith(CASES[name]))
    expected = np.load(os.path.join(directory, "expected.npz"))
    arrays = np.load(os.path.join(RESUME, name, "io.npz"))
    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver = tf.train.import_meta_graph(os.path.join(RESUME, name, "model.ckpt.meta"))
        saver.restore(session, os.path.join(directory, "resumed.ckpt"))
        variables = {variable.op.name: variable for variable in tf.global_variables()}
        values = session.run({key: variables[key] for key in expected.files})
        feeds = {tensor: arrays[key] for tensor, key in step["inputs"].items()}
        feeds.update(read_facts(name)["bind"])
        session.run(graph.get_operation_by_name(step["op"]), feeds)
        changed = session.run(variables)
    return {
        "variables": len(variables),
        "restored": sorted(key for key in expected.files if np.array_equal(values[key], expected[key])),
        "changed": sorted(key for key in values if not np.array_equal(changed[key], values[key])),
        "files": digests(directory),
    }


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](*sys.argv[2:])
