"""Runs one case of an Estimator: its model_dir as training left it, and what `Estimator.predict` answers."""
import glob
import os

import numpy as np
import tensorflow as tf
from _case import (
    PREFIX,
    SEED,
    enter_directory,
    graph_facts,
    noise,
    put,
    requires,
    session_config,
    write_case,
)
from _training import difference

FED = "IteratorGetNext:0"  # what the training graph has instead of a placeholder
STEPS = 8


def main(make, output, key, notes=""):
    """Entry point of a case file.

    `make(config)` makes the Estimator; `output` is the tensor of the prediction `key`.
    """
    requires(1, 4, "Estimators moved to tf.estimator")
    enter_directory()
    np.random.seed(SEED)
    estimator = make(
        tf.estimator.RunConfig(
            model_dir=".",
            tf_random_seed=SEED,
            keep_checkpoint_max=1,
            session_config=session_config(),
        )
    )
    estimator.train(examples, steps=STEPS)
    rows, arrays, runs = noise(4, 5), {}, []
    for number, values in enumerate([rows, rows[1:2]]):
        inputs = put(arrays, "run%d/in/" % number, {FED: values})
        outputs = put(arrays, "run%d/out/" % number, {output: predicted(estimator, values, key)})
        runs.append({"inputs": inputs, "outputs": outputs})
    assert difference(arrays["run0/out/" + output][1:2], arrays["run1/out/" + output]) < 1e-5
    facts = facts_of(estimator, output)
    facts.update(runs=runs, notes=" ".join(notes.split()))
    write_case(facts, arrays)
    for path in glob.glob("events.out.*") + ["graph.pbtxt"]:
        os.remove(path)


def examples():
    """The input_fn of training."""
    values = {"x": 2 * noise(24, 5) + 1}
    data = tf.data.Dataset.from_tensor_slices((values, np.arange(24, dtype=np.int32) % 3))
    return data.shuffle(24, seed=SEED).repeat().batch(6).make_one_shot_iterator().get_next()


def predicted(estimator, rows, key):
    def input_fn():
        data = tf.data.Dataset.from_tensor_slices({"x": rows})
        return data.batch(len(rows)).make_one_shot_iterator().get_next()

    return np.array([row[key] for row in estimator.predict(input_fn)])


def facts_of(estimator, output):
    """What case.json says of the graph that predicts."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 5])
        estimator.model_fn({"x": x}, None, tf.estimator.ModeKeys.PREDICT, estimator.config)
        facts = graph_facts([FED], [output])
    facts.update(
        prefix="%s-%d" % (PREFIX, STEPS),
        bind={},
        local_variables=[],
        stateful=False,
        training_behavior="removed",
        row_independent=True,
    )
    return facts
