"""Runs one case of a training graph: what the training program saved, and what its inference graph answers.

A case file defines `build(training)`, which fills the default graph with the training graph or
with the inference graph of one program and returns a `Net`; it ends with `main(build, ...)`.
The `.meta` is a training graph without seeds, as most programs leave it; the one that was
trained has them, so that the checkpoint is the same every time.
"""
import numpy as np
import tensorflow as tf
from _case import (
    PREFIX, SEED, enter_directory, graph_facts, name_of, put, requires, seeded_graph,
    session_config, write_case,
)


class Net(object):
    """One graph of a program. The inputs and outputs have the same names in both."""

    def __init__(self, inputs, outputs, loss, optimizer=None, updates=None):
        self.inputs = [name_of(tensor) for tensor in inputs]
        self.outputs = [name_of(tensor) for tensor in outputs]
        self.loss = loss
        self.optimizer = optimizer or tf.train.GradientDescentOptimizer(0.1)
        self.updates = updates  # run with every step; the collection of that name by default

    def train(self):
        updates = self.updates
        if updates is None:
            updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            return self.optimizer.minimize(self.loss)


def main(build, rows, batch, steps=6, kept=False, independent=True, since=(1, 4), notes=""):
    """Entry point of a case file.

    `rows` holds a batch for every input, `batch(step)` what is fed to train. `kept` says that the
    program serves its training graph on purpose, `independent` that no row changes another.
    """
    requires(since[0], since[1], "the program is younger")
    enter_directory()
    with seeded_graph():
        train(build(True), batch, steps)
    np.random.seed(SEED)
    runs = [rows, [value[1:2] for value in rows]]
    with tf.Graph().as_default():
        net = build(True)
        net.train()
        tf.train.Saver().export_meta_graph(PREFIX + ".meta")
        training = [answers(net, runs) for _ in range(2)]
    with tf.Graph().as_default():
        net = build(kept)
        expected = answers(net, runs)
        facts = graph_facts(net.inputs, net.outputs)
        local = sorted(v.op.name for v in tf.local_variables())
    check(training, expected, kept, independent)
    arrays = {}
    facts.update(
        bind={},
        runs=recorded(net, runs, expected, arrays),
        local_variables=local,
        stateful=False,
        training_behavior="kept" if kept else "removed",
        row_independent=independent,
        notes=" ".join(notes.split()),
    )
    write_case(facts, arrays)


def train(net, batch, steps):
    """Trains for a few steps and saves the checkpoint."""
    step = net.train()
    saver = tf.train.Saver()
    with tf.Session(config=session_config()) as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        for number in range(steps):
            session.run(step, batch(number))
        saver.save(session, "./" + PREFIX, write_meta_graph=False)


def answers(net, runs):
    """What the default graph answers to each run, from the checkpoint."""
    with tf.Session(config=session_config()) as session:
        session.run(tf.local_variables_initializer())
        tf.train.Saver().restore(session, "./" + PREFIX)
        return [session.run(net.outputs, dict(zip(net.inputs, values))) for values in runs]


def recorded(net, runs, found, arrays):
    """The runs of case.json; their values go into the arrays."""
    return [
        {
            "inputs": put(arrays, "run%d/in/" % number, dict(zip(net.inputs, values))),
            "outputs": put(arrays, "run%d/out/" % number, dict(zip(net.outputs, outputs))),
        }
        for number, (values, outputs) in enumerate(zip(runs, found))
    ]


def check(training, expected, kept, independent):
    """The case shows what it is there for: training behavior changes what is served."""
    changed = max(difference(*pair) for pair in zip(training[0][0], expected[0]))
    assert (changed < 1e-6) if kept else (changed > 0.01), "training changes by %g" % changed
    between = max(difference(all_rows[1:2], row) for all_rows, row in zip(*expected))
    assert (between < 1e-5) == independent, "a row alone differs by %g" % between
    print("training changes by %g, a row alone by %g" % (changed, between))


def difference(found, expected):
    """Relative to the largest value; text and whole numbers differ by the share of unequal ones."""
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind != "f":
        return float(np.mean(found != expected))
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
