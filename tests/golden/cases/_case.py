"""Runs one golden case: build, train a few steps, save, compute the expected outputs.

A case file defines `build()`, which fills the default graph and returns a `Model`, and ends
with `main(build)`. Everything here runs on TensorFlow 0.12 (Python 2.7) to 1.15 (Python 3.7).

    python dense_adam.py OUT_DIR      # writes OUT_DIR/dense_adam/
"""
from __future__ import print_function

import contextlib
import io
import json
import os
import shutil
import socket
import sys
import zipfile

import numpy as np
import tensorflow as tf

SEED = 7
PREFIX = "model.ckpt"
TUNING_STEPS = 20
RELEASE = tuple(int(part) for part in tf.__version__.split(".")[:2])


class Model(object):
    """What a case's graph is used for. Inputs, outputs and feeds are tensors or their names."""

    def __init__(self, inputs, outputs, runs, train=None, train_feed=None, **options):
        self.inputs = [name_of(tensor) for tensor in inputs]
        self.outputs = [name_of(tensor) for tensor in outputs]
        self.runs = runs  # one list per run, in the order of the inputs
        assert all(len(values) == len(self.inputs) for values in runs)
        self.train = train  # an op, or several, run together at every step
        self.train_feed = train_feed or (lambda step: {})  # step -> feed_dict
        self.steps = options.pop("steps", 4)
        self.bind = {name_of(k): v for k, v in options.pop("bind", {}).items()}
        self.saver = options.pop("saver", None)
        self.export = options.pop("export", None)  # builds the graph to export instead
        self.saved = options.pop("saved", None)  # builds the graph to save, which needs a GPU to run
        self.stateful = options.pop("stateful", False)  # runs change what later runs return
        self.target = start_servers(options.pop("jobs", {}))  # job name -> how many tasks
        self.tuning = options.pop("tuning", None)  # op, loss and batches of a training that starts at the checkpoint
        self.gradients = options.pop("gradients", False)  # whether to record those of `objective`
        self.notes = options.pop("notes", "")
        assert not options, options


def name_of(tensor):
    return tensor if isinstance(tensor, str) else str(tensor.name)


def main(build):
    """Entry point of a case file."""
    enter_directory()
    with seeded_graph():
        write_case(*run(build()))


def enter_directory():
    """Makes the directory of this case anew and changes into it.

    From inside the directory, so that `checkpoint` and the graph hold no path of this machine.
    """
    case_dir = os.path.join(os.path.abspath(sys.argv[1]), case_name())
    if os.path.isdir(case_dir):
        shutil.rmtree(case_dir)
    os.makedirs(case_dir)
    os.chdir(case_dir)


def case_name():
    return os.path.splitext(os.path.basename(sys.argv[0]))[0]


@contextlib.contextmanager
def seeded_graph():
    """A new default graph in which everything random is drawn the same every time."""
    np.random.seed(SEED)
    with tf.Graph().as_default():
        tf.set_random_seed(SEED)
        yield


def write_case(facts, arrays):
    """Writes io.npz and case.json."""
    facts["case"] = case_name()
    write_npz("io.npz", arrays)
    with io.open("case.json", "w", encoding="utf-8", newline="\n") as out:
        text = json.dumps(facts, indent=2, sort_keys=True, separators=(",", ": "))
        out.write(text + u"\n")


def run(model):
    """Trains and saves the model; returns the facts and the arrays of its runs."""
    saver = model.saver or tf.train.Saver()
    initialize = [tf.global_variables_initializer(), tf.local_variables_initializer()]
    with tf.Session(model.target, config=session_config()) as session:
        session.run(initialize)
        fill_tables(session)
        coordinator = tf.train.Coordinator()
        threads = []
        if tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS):
            threads = tf.train.start_queue_runners(session, coordinator)
        if model.train is not None:
            for step in range(model.steps):
                session.run(model.train, model.train_feed(step))
        saver.save(session, "./" + PREFIX)
        coordinator.request_stop()
        coordinator.join(threads)
    if model.saved is not None:
        facts, arrays = replay(model, saver)
        with tf.Graph().as_default():
            model.saved().export_meta_graph(PREFIX + ".meta")
            return dict(facts, **graph_facts(model.inputs, model.outputs, model.bind)), arrays
    if model.export is None:
        return replay(model, saver)
    with tf.Graph().as_default():
        tf.set_random_seed(SEED)
        saver = model.export()
        saver.export_meta_graph(PREFIX + ".meta")
        return replay(model, saver)


def replay(model, saver):
    """Computes the expected outputs in a new session that knows only the checkpoint."""
    runs, arrays = [], {}
    gradients = objective_gradients(model) if model.gradients else {}  # the graph is in its file already
    with tf.Session(model.target, config=session_config()) as session:
        session.run(tf.local_variables_initializer())
        fill_tables(session)
        saver.restore(session, "./" + PREFIX)
        for number, values in enumerate(model.runs):
            fed = dict(zip(model.inputs, values))
            found = session.run(model.outputs, dict(fed, **model.bind))
            runs.append({
                "inputs": put(arrays, "run%d/in/" % number, fed),
                "outputs": put(arrays, "run%d/out/" % number, dict(zip(model.outputs, found))),
            })
            if gradients:
                found = session.run(gradients, dict(fed, **model.bind))
                runs[-1]["gradients"] = put(arrays, "run%d/gradients/" % number, found)
        tuning = {"tuning": tune(session, arrays, *model.tuning)} if model.tuning else {}
    facts = dict(
        graph_facts(model.inputs, model.outputs, model.bind),
        bind=model.bind,
        runs=runs,
        local_variables=sorted(v.op.name for v in tf.local_variables()),
        stateful=model.stateful,
        notes=" ".join(model.notes.split()),
        **tuning
    )
    return facts, arrays


def tune(session, arrays, train, loss, batches):
    """Trains for some steps, the batches in turn; returns the keys of the batches and of the loss before each step."""
    losses = [session.run([loss, train], batches[step % len(batches)])[0] for step in range(TUNING_STEPS)]
    arrays["tuning/losses"] = np.asarray(losses)
    fed = [{name_of(tensor): value for tensor, value in batch.items()} for batch in batches]
    keys = [put(arrays, "tuning/batch%d/" % number, batch) for number, batch in enumerate(fed)]
    return {"batches": keys, "losses": "tuning/losses"}


def graph_facts(inputs, outputs, bind=()):
    """What case.json says of any graph that serves these outputs."""
    cut = set(inputs) | set(bind)
    return {
        "tensorflow_version": tf.__version__,
        "release": tf.__version__,
        "producer": tf.get_default_graph().as_graph_def().versions.producer,
        "prefix": PREFIX,
        "inputs": inputs,
        "outputs": outputs,
        "trainable": sorted(v.op.name for v in tf.trainable_variables()),
        "variables_needed": needed(cut, outputs),
        "variables_needed_by": {output: needed(cut, [output]) for output in outputs},
    }


def objective_gradients(model):
    """Variable name -> gradient of the sum of the sines of all outputs that are floats; those without one are left out."""
    graph = tf.get_default_graph()
    outputs = [graph.get_tensor_by_name(name) for name in model.outputs]
    objective = tf.add_n([tf.reduce_sum(tf.sin(output)) for output in outputs if output.dtype == tf.float32])
    variables = tf.trainable_variables()
    found = zip(variables, tf.gradients(objective, variables))
    return {str(v.op.name): tf.convert_to_tensor(gradient) for v, gradient in found if gradient is not None}


def put(arrays, prefix, values):
    """Adds the values to the arrays of io.npz; returns {tensor name: key}."""
    keys = {}
    for name, value in values.items():
        value = np.asarray(value)
        if value.dtype.kind in "OU":
            # Text as fixed-width bytes: an object array would need pickle to be read.
            value = np.asarray(value.tolist(), dtype=np.bytes_)
        keys[name] = prefix + name
        arrays[prefix + name] = value
    return keys


def needed(cut, outputs):
    """Names of the variables that these outputs depend on; the walk stops at the tensors in `cut`."""
    graph = tf.get_default_graph()
    # The op of a resource variable is its handle; a partitioned variable is listed by slices.
    variables = {v.op for v in tf.global_variables() + tf.local_variables()}
    found, seen = set(), set()
    todo = [graph.get_tensor_by_name(output).op for output in outputs]
    while todo:
        op = todo.pop()
        if op in seen:
            continue
        seen.add(op)
        if op in variables:
            found.add(str(op.name))
        todo += [tensor.op for tensor in op.inputs if tensor.name not in cut]
        todo += op.control_inputs
    return sorted(found)


def write_npz(path, arrays):
    """np.savez, with the same bytes every time: its entries carry the time of writing."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in sorted(arrays):
            data = io.BytesIO()
            np.lib.format.write_array(data, arrays[key], allow_pickle=False)
            info = zipfile.ZipInfo(key + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data.getvalue())


def start_servers(jobs):
    """Starts the servers of a cluster in this process; returns the session target, "" for no jobs."""
    tasks = [(job, task) for job in sorted(jobs) for task in range(jobs[job])]
    sockets = [socket.socket() for _ in tasks]
    cluster = {}
    for (job, _), free in zip(tasks, sockets):
        free.bind(("localhost", 0))
        cluster.setdefault(job, []).append("localhost:%d" % free.getsockname()[1])
    for free in sockets:
        free.close()
    servers = [tf.train.Server(cluster, job, task, config=session_config()) for job, task in tasks]
    return servers[-1].target if servers else ""


def session_config():
    """One thread, so that sums are added in the same order every time."""
    return tf.ConfigProto(
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=1,
        allow_soft_placement=True,
    )


# What moved between the releases.


def requires(major, minor, why):
    """Ends the script with code 77 ("skipped") on releases before major.minor."""
    if RELEASE < (major, minor):
        print("skipped: %s" % why)
        sys.exit(77)


def rnn_cells():
    """The module of RNN cells, which lived in contrib for a while."""
    if hasattr(getattr(tf.nn, "rnn_cell", None), "GRUCell"):
        return tf.nn.rnn_cell
    return tf.contrib.rnn


def concat(values, axis):
    """tf.concat, whose arguments changed places in 1.0."""
    return tf.concat(values, axis) if RELEASE >= (1, 0) else tf.concat(axis, values)


def split(value, count, axis, name="split"):
    """tf.split, whose arguments changed places in 1.0."""
    if RELEASE >= (1, 0):
        return tf.split(value, count, axis, name=name)
    return tf.split(axis, count, value, name=name)


def fill_tables(session):
    """Runs the initializers of lookup tables; adds none of its own to a graph, which is to be saved."""
    session.run(tf.get_collection(tf.GraphKeys.TABLE_INITIALIZERS))


# Fixed data, not drawn from the generator the case may use.


def noise(*shape, **options):
    """Values in [-1, 1] that depend on the shape and `seed` only."""
    generator = np.random.RandomState(options.pop("seed", 0))
    assert not options, options
    return generator.uniform(-1, 1, shape).astype(np.float32)


def weights(name, *shape, **options):
    """A variable with small random values, seeded by the graph."""
    initializer = tf.truncated_normal_initializer(stddev=0.5)
    return tf.get_variable(name, shape, initializer=initializer, **options)


def bias(name, *shape, **options):
    return tf.get_variable(name, shape, initializer=tf.constant_initializer(0.1), **options)


def mean_squared(prediction, target):
    return tf.reduce_mean(tf.square(prediction - target))
