"""The SavedModel of every golden case beside what tf.saved_model.save makes of the same variables and graph."""

import pytest

from compat_saver import dtypes
from compat_saver.legacy_session import tf_graph_def
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan, make_plan
from compat_saver.migration.writing.saved_model import write_saved_model
from compat_saver.model import open_model
from compat_saver.model.signature import SignatureRequest
from compat_saver.passes.structure.removals import Prune
from tests.golden_cases import Case, all_cases
from tests.saved_model.object_graphs import meta_of, objects

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


LATEST = {item.directory.name: item for item in all_cases()}
"""Of each case the latest release that it was made with."""


@pytest.mark.parametrize("golden", LATEST.values(), ids=str)
def test_the_object_graphs_and_signatures_are_the_same(golden: Case, tmp_path):
    model = open_model(golden.prefix)
    request = SignatureRequest("serving_default", golden.facts["inputs"], golden.facts["outputs"])
    plan = make_plan(model, MigrationOptions(signatures=[request], bind=golden.facts["bind"]))
    if plan.content.tables or plan.graph.functions or any(item.computed_by for item in plan.weights):
        pytest.skip("has tables, functions, or values that TensorFlow computes: see test_as_tensorflow_writes.py")
    write_saved_model(plan, model, tmp_path / "ours", ("serve",))
    write_with_tensorflow(plan, tmp_path / "theirs")
    ours, theirs = meta_of(tmp_path / "ours"), meta_of(tmp_path / "theirs")
    mine, expected = objects(ours.object_graph_def), objects(theirs.object_graph_def)
    assert mine.keys() == expected.keys()
    for path, item in expected.items():
        assert without_shapes(mine[path]) == without_shapes(item), path
    assert signatures(ours) == signatures(theirs)


def without_shapes(described):
    """Returns what is said of an object, of a function its arguments and results by name and dtype.

    Static shapes are TensorFlow's to find when the written model is loaded.
    """
    return (*described[:3], *map(specs, described[3:]))


def specs(structure):
    """Returns name -> dtype of each tensor of a structure; TensorFlow turns names to lower case as it traces."""
    kind = structure.WhichOneof("kind")
    if kind == "tensor_spec_value":
        return {structure.tensor_spec_value.name.lower(): structure.tensor_spec_value.dtype}
    part = getattr(structure, kind)
    inner = part.fields.values() if kind == "dict_value" else part.values if kind == "tuple_value" else ()
    return {name: dtype for item in inner for name, dtype in specs(item).items()}


def signatures(meta):
    """Returns name -> (dtype of each input, dtype of each output) of the SignatureDefs."""
    return {
        name: tuple({key: info.dtype for key, info in part.items()} for part in (item.inputs, item.outputs))
        for name, item in meta.signature_def.items()
    }


def write_with_tensorflow(plan: Plan, directory):
    """Has TensorFlow write a model of its own variables, with functions that import the graph of a plan."""
    import tensorflow as tf

    root = tf.__internal__.tracking.AutoTrackable()
    variables = {
        item.name: tf.Variable(
            tf.zeros(item.shape, item.dtype), name=item.name, trainable=item.trainable, shape=item.shape
        )
        for item in plan.weights
    }
    root.weights, root.variables = variables, list(variables.values())
    root.trainable_variables = [item for item in variables.values() if item.trainable]
    signatures = {item.name: _function(plan, item, variables) for item in plan.signatures}
    tf.saved_model.save(root, str(directory), signatures=signatures)


def _function(plan, signature, variables):
    import tensorflow as tf

    graph = plan.graph.copy()
    outputs = {key: plan.output_nodes[item.name] for key, item in signature.outputs.items()}
    inputs = {key: plan.input_nodes[item.name] for key, item in signature.inputs.items()}
    Prune([*outputs.values(), *inputs.values()]).apply(graph)

    def serve(**given):
        capture = tf.compat.v1.get_default_graph().capture
        handles = {f"{name}:0": capture(item.handle) for name, item in variables.items() if name in graph}
        fed = {f"{inputs[key]}:0": value for key, value in given.items()}
        names = [f"{node}:0" for node in outputs.values()]
        found = tf.graph_util.import_graph_def(tf_graph_def(graph), handles | fed, names, name="")
        return dict(zip(outputs, found, strict=True))

    specs = {
        key: tf.TensorSpec(item.shape, dtypes.by_number(item.dtype).name, key) for key, item in signature.inputs.items()
    }
    return tf.function(serve, autograph=False).get_concrete_function(**specs)
