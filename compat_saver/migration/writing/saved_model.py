"""Writes a plan as a TF2 SavedModel: the graph through TensorFlow, the weights from file to file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.errors import CannotMigrateError
from compat_saver.graph.attributes import Shape
from compat_saver.migration.plan import Plan
from compat_saver.migration.writing.graph_piece import GraphPiece
from compat_saver.migration.writing.tables import make_tables
from compat_saver.migration.writing.tags import set_tags
from compat_saver.migration.writing.variables_file import write_variables
from compat_saver.model.signature import Signature

OutputShapes = dict[str, dict[str, Shape]]
"""Signature name -> output key -> static shape."""


def write_saved_model(
    plan: Plan, checkpoint: Checkpoint | None, directory: Path, tag_set: tuple[str, ...]
) -> OutputShapes:
    """Writes the model and returns the static shapes of its outputs, as TensorFlow's shape functions see them.

    Its root has `weights`, a dict from TF1 name to variable, and the lists `variables` and `trainable_variables`; where
    there are lookup tables also `tables`, a dict from TF1 name to table, and `assets`, the list of their files.

    Args:
        plan: what to write.
        checkpoint: where the values of the weights lie.
        directory: where to write; it must not exist yet.
        tag_set: the tags of its MetaGraphDef.

    Raises:
        CannotMigrateError: TensorFlow does not take the graph.
    """
    weights = {
        item.name: _tensorflow.uninitialized_variable(item.name, item.dtype, item.shape, item.trainable)
        for item in plan.weights
    }
    root = _tensorflow.new_root()
    root.weights = dict(weights)  # first: a checkpoint names a variable by the first path that leads to it
    root.variables = list(weights.values())
    root.trainable_variables = [weights[item.name] for item in plan.weights if item.trainable]
    try:
        tables = make_tables(plan, {name: variable.handle for name, variable in weights.items()})
        if tables.objects:
            root.tables, root.assets = dict(tables.objects), list(tables.assets)
        functions = {item.name: _signature_function(plan, item, tables.held) for item in plan.signatures}
        _tensorflow.save_without_weights(root, directory, functions)
    except _tensorflow.tf_errors() as error:
        raise CannotMigrateError(
            [f"TensorFlow does not take the rewritten graph: {_tensorflow.first_line(error)}"]
        ) from error
    write_variables(plan.weights, plan.content.tables, checkpoint, directory)
    set_tags(directory, tag_set)
    return {name: _output_shapes(function) for name, function in functions.items()}


def _output_shapes(function: Any) -> dict[str, Shape]:
    specs = function.get_concrete_function().structured_outputs
    return {key: None if spec.shape.rank is None else tuple(spec.shape.as_list()) for key, spec in specs.items()}


def _signature_function(plan: Plan, signature: Signature, held: Mapping[str, Any]) -> Any:
    """Returns the tf.function of one signature, arguments and results under their keys."""
    tf = _tensorflow.tensorflow()
    body = _body(plan, signature, held)
    specs = [tf.TensorSpec(item.shape, item.dtype, name=key) for key, item in signature.inputs.items()]

    # Called through one more function: what wrap_function returns has no argument names, which a signature needs.
    def serve(*inputs: Any) -> dict[str, Any]:
        return dict(zip(signature.outputs, body(*inputs), strict=True))

    return tf.function(serve, input_signature=specs, autograph=False)


def _body(plan: Plan, signature: Signature, held: Mapping[str, Any]) -> Any:
    """Returns the graph of one signature as a function from its inputs to its outputs, both in order.

    wrap_function and not tf.function: that would add control dependencies between the stateful ops, and a v1 while
    loop then fails with "inputs from different frames".
    """
    tf = _tensorflow.tensorflow()
    inputs = [plan.nodes.inputs[item.name] for item in signature.inputs.values()]
    outputs = [plan.output_nodes[item.name] for item in signature.outputs.values()]
    piece = GraphPiece(plan.graph, outputs, held, inputs)

    def imported(*arguments: Any) -> list[Any]:
        return piece.import_into(tf.compat.v1.get_default_graph(), [f"{name}:0" for name in outputs], arguments)

    specs = [tf.TensorSpec(item.shape, item.dtype) for item in signature.inputs.values()]
    return tf.compat.v1.wrap_function(imported, specs)
