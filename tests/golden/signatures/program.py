"""Writes models with signatures of composite tensors, and a session bundle, and what the release computed for them.

    cd tests/golden/signatures && PYTHON_OF_TENSORFLOW_1.15 program.py

Each directory `1.15.5/<case>/` holds the model and `io.npz`: `SIGNATURE/in/KEY` and `SIGNATURE/out/KEY`, under the keys
that TensorFlow's own loader gives the parts of a composite tensor.
"""

import os
import shutil

import numpy as np
import tensorflow as tf
from tensorflow.contrib.session_bundle import exporter

v1 = tf.compat.v1


def case(build):
    directory = os.path.join(tf.__version__, build.__name__)
    shutil.rmtree(directory, ignore_errors=True)
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(7)
        arrays = build(session, os.path.join(directory, "model"))
    np.savez(os.path.join(directory, "io.npz"), **arrays)


def save(session, directory, **signature):
    session.run(v1.global_variables_initializer())
    v1.saved_model.simple_save(session, directory, **signature)


def sparse(session, directory):
    """A sparse input, and a sparse output two parts of which are constants."""
    x = v1.sparse_placeholder(tf.float32, [None, 4], name="x")
    w = v1.get_variable("w", [4, 2], initializer=v1.random_normal_initializer())
    y = v1.sparse_tensor_dense_matmul(x, w, name="y")
    first = tf.SparseTensor([[0, 1], [2, 0]], tf.gather_nd(y, [[0, 1], [2, 0]]), [3, 2])
    save(session, directory, inputs={"x": x}, outputs={"y": y, "first": first})
    value = v1.SparseTensorValue([[0, 1], [1, 3], [2, 0]], np.float32([1, -2, 0.5]), [3, 4])
    found, part = session.run([y, first], {x: value})
    given = {"in/x_" + part: np.asarray(getattr(value, part)) for part in value._fields}
    given["in/x_indices"] = given["in/x_indices"].astype(np.int64)
    given["in/x_dense_shape"] = given["in/x_dense_shape"].astype(np.int64)
    results = {"out/first_" + name: getattr(part, name) for name in part._fields}
    return prefixed("serving_default", dict(given, **dict(results, **{"out/y": found})))


def ragged(session, directory):
    """Ragged input and output of two dimensions, and a sum by row."""
    x = v1.ragged.placeholder(tf.float32, 1, [])
    doubled = x * v1.get_variable("scale", initializer=2.0)
    total = tf.reduce_sum(doubled, axis=1, name="total")
    save(session, directory, inputs={"x": x}, outputs={"doubled": doubled, "total": total})
    value = v1.ragged.constant_value([[1.0, 2.0], [], [3.0]], dtype=np.float32)
    found, sums = session.run([doubled, total], {x: value})
    arrays = {
        "in/x_component_0": value.values,
        "in/x_component_1": value.row_splits.astype(np.int64),
        "out/doubled_component_0": found.values,
        "out/doubled_component_1": found.row_splits,
        "out/total": sums,
    }
    return prefixed("serving_default", arrays)


def session_bundle(session, directory):
    """The default signature classifies, two named ones are those of Predict, one regresses."""
    text = v1.placeholder(tf.string, [None], name="tf_example")
    x = tf.identity(v1.parse_example(text, {"x": tf.io.FixedLenFeature([3], tf.float32)})["x"], name="x")
    y = tf.nn.softmax(v1.layers.dense(x, 2, name="dense"), name="y")
    scores, order = tf.nn.top_k(y, 2)
    names = tf.contrib.lookup.index_to_string_table_from_tensor(tf.constant(["no", "yes"]))
    classes = names.lookup(v1.to_int64(order))
    session.run([v1.global_variables_initializer(), v1.tables_initializer()])
    bundle = exporter.Exporter(v1.train.Saver())
    bundle.init(
        session.graph.as_graph_def(),
        init_op=tf.group(v1.tables_initializer(), name="init_op"),
        default_graph_signature=exporter.classification_signature(text, classes, scores),
        named_graph_signatures={
            "inputs": exporter.generic_signature({"x": x}),
            "outputs": exporter.generic_signature({"scores": y}),
            "regress": exporter.regression_signature(text, tf.reduce_max(y, 1)),
        },
    )
    bundle.export(directory, tf.constant(1), session)
    given = np.linspace(-1, 1, 6).reshape(2, 3).astype(np.float32)
    records = [example(row) for row in given]
    found = session.run([classes, scores, tf.reduce_max(y, 1), y], {text: records})
    records = np.array(records)
    by_default = {"in/inputs": records, "out/classes": found[0].astype("S"), "out/scores": found[1]}
    arrays = prefixed("serving_default", by_default)
    arrays.update(prefixed("regress", {"in/inputs": records, "out/outputs": found[2]}))
    arrays.update(prefixed("serving_default_from_named", {"in/x": given, "out/scores": found[3]}))
    return arrays


def example(row):
    values = tf.train.Feature(float_list=tf.train.FloatList(value=row))
    return tf.train.Example(features=tf.train.Features(feature={"x": values})).SerializeToString()


def prefixed(signature, arrays):
    return {signature + "/" + key: array for key, array in arrays.items()}


for build in (sparse, ragged, session_bundle):
    case(build)
