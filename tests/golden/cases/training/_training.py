"""Runs one case of a training graph: what the training program saved, and what its inference graph answers.

A case file defines `build(training)`, which fills the default graph with the training graph or
with the inference graph of one program and returns a `Net`; it ends with `main(build, ...)`.
Where one layer is all there is to show, `dense_program` and `image_program` hold the rest.
The `.meta` is a training graph without seeds, as most programs leave it; the one that was
trained has them, so that the checkpoint is the same every time.
"""
import numpy as np
import tensorflow as tf
from _case import (
    PREFIX,
    SEED,
    bias,
    enter_directory,
    graph_facts,
    mean_squared,
    name_of,
    noise,
    put,
    requires,
    seeded_graph,
    session_config,
    weights,
    write_case,
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
    changed = [
        difference(*pair)
        for session in training
        for pair in zip(sum(session, []), sum(expected, []))
    ]
    assert all(by < 1e-6 for by in changed) if kept else any(by > 0.01 for by in changed), changed
    between = max(difference(rows[1:2], row) for rows, row in zip(*expected))
    assert (between < 1e-5) == independent, "a row alone differs by %g" % between


def difference(found, expected):
    """Relative to the largest value; text and whole numbers differ by the share of unequal ones."""
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind != "f":
        return float(np.mean(found != expected))
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


def dense_program(layer, **options):
    """The case of a program with `layer(hidden, training)` between two dense layers."""

    def build(training):
        x = tf.placeholder(tf.float32, [None, 5], name="x")
        y = tf.placeholder(tf.float32, [None, 2], name="y")
        hidden = tf.matmul(x, weights("w1", 5, 8)) + bias("b1", 8)
        hidden = tf.nn.tanh(layer(hidden, training))
        prediction = tf.add(
            tf.matmul(hidden, weights("w2", 8, 2)), bias("b2", 2), name="prediction"
        )
        return Net([x], [prediction], mean_squared(prediction, y))

    def batch(step):
        return {"x:0": 2 * noise(6, 5, seed=step) + 1, "y:0": noise(6, 2, seed=step)}

    main(build, [noise(4, 5)], batch, **options)


def image_program(layer, **options):
    """The case of a program with `layer(hidden, training)` between a convolution and a dense layer."""

    def build(training):
        x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
        y = tf.placeholder(tf.float32, [None, 3], name="y")
        hidden = tf.nn.conv2d(x, weights("kernel", 3, 3, 2, 4), [1, 1, 1, 1], "SAME")
        hidden = tf.reduce_mean(tf.nn.relu(layer(hidden, training)), [1, 2])
        prediction = tf.matmul(hidden, weights("w", 4, 3), name="prediction")
        return Net([x], [prediction], mean_squared(prediction, y))

    def batch(step):
        return {"x:0": 2 * noise(5, 6, 6, 2, seed=step) + 1, "y:0": noise(5, 3, seed=step)}

    main(build, [noise(4, 6, 6, 2)], batch, **options)
