"""Makes the lookup tables of a SavedModel: objects that know how to make, fill and store a table of TensorFlow's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from compat_saver import _tensorflow
from compat_saver.analysis.values.tables import LookupTable
from compat_saver.graph.attributes import bytes_attr
from compat_saver.migration.plan import Plan
from compat_saver.migration.writing.graph_piece import GraphPiece


class WrittenTables(NamedTuple):
    """The tables of a model to be.

    Attributes:
        objects: TF1 name -> what the model is to track.
        assets: the files to copy, in the order of their nodes.
        held: node of the plan's graph -> the tensor that stands for it: a handle or a path.
    """

    objects: Mapping[str, Any]
    assets: tuple[Any, ...]
    held: Mapping[str, Any]


def make_tables(plan: Plan, variables: Mapping[str, Any]) -> WrittenTables:
    """Makes the tables of a plan, empty; what fills them runs when the model is loaded.

    Args:
        plan: what to write.
        variables: node name -> handle of the variable.
    """
    assets = {node: _tensorflow.tensorflow().saved_model.Asset(str(path)) for node, path in _files(plan).items()}
    objects: dict[str, Any] = {}
    held = {**variables, **{node: asset.asset_path for node, asset in assets.items()}}
    for table in plan.content.tables:
        objects[table.name] = made = _make(plan, table, held)
        held |= dict.fromkeys(table.nodes, made.resource_handle)
    return WrittenTables(objects, tuple(assets.values()), held)


def _files(plan: Plan) -> dict[str, Path]:
    """Returns placeholder -> the file that it stands for."""
    return {plan.content.placeholders[item.initializer]: item.path for item in plan.content.files}


def _make(plan: Plan, table: LookupTable, held: Mapping[str, Any]) -> Any:
    tf = _tensorflow.tensorflow()
    maker = GraphPiece(plan.graph, [table.name], held)
    # TensorFlow finds a table by this name in all that the process holds: another model may have one of the same name.
    maker.graph[table.name].attrs["shared_name"] = bytes_attr(f"{table.name}_{uuid.uuid4().hex}")
    create = tf.compat.v1.wrap_function(
        lambda: maker.import_into(tf.compat.v1.get_default_graph(), [f"{table.name}:0"])[0], []
    )

    # When the model is saved, that is when all tables are there: filling one may take another.
    def fill() -> None:
        piece = GraphPiece(plan.graph, table.initializers, held)
        piece.import_into(tf.compat.v1.get_default_graph(), table.initializers)

    dtypes = (table.key_dtype, table.value_dtype) if table.stored is not None else None
    return _tensorflow.lookup_table(create, fill if table.initializers else None, dtypes)
