"""Adds to the original graph what restores its variables and tables, in one op that reads the checkpoint.

Thousands of variables would take as many calls of TensorFlow, each slower than the variable itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from compat_saver.analysis.values.tables import LookupTable
from compat_saver.analysis.values.weights import Weight, WeightFinder, variable_nodes
from compat_saver.graph import Graph, Node, Value
from compat_saver.graph.checkpoint_ops import Stored, assign, assign_fed, import_table, read_stored, string_constant
from compat_saver.migration.plan import Plan
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.as_read import Original

_SCOPE = "compat_saver/restore"


class Restoring(NamedTuple):
    """How the graph is given its values.

    Attributes:
        op: the name of the op that restores all of them.
        given: what it is fed: tensor name -> a value that is in no checkpoint.
    """

    op: str
    given: Mapping[str, np.ndarray]


def add_restoring(original: Original, model: LegacyModel, plan: Plan) -> Restoring:
    """Adds the ops to the graph of the reference run, before it is imported.

    Args:
        original: the graph.
        model: knows the checkpoint.
        plan: the weights and tables of the written model.
    """
    graph = original.graph
    in_original = [weight for weight in plan.weights if weight.name not in plan.made]
    weights = [*in_original, *_read_additionally(original, model, plan)]
    stored = [weight for weight in weights if weight.initial is None]
    tables = {table: table.stored for table in plan.content.tables if table.stored is not None}
    wanted = [_stored(weight) for weight in stored] + [
        Stored(key, dtype)
        for table, keys in tables.items()
        for key, dtype in zip(keys, (table.key_dtype, table.value_dtype), strict=True)
    ]
    prefix = "" if model.checkpoint is None else model.checkpoint.prefix
    values = iter(read_stored(graph, string_constant(graph, f"{_SCOPE}/prefix", prefix.encode()), wanted))
    done = [assign(graph, graph[weight.name].output(), next(values), weight.dtype) for weight in stored]
    done += [_imported(graph, table, next(values), next(values)) for table in tables]
    given: dict[str, np.ndarray] = {}
    for weight in weights:
        if weight.initial is not None:
            value, assigned = assign_fed(graph, graph[weight.name].output(), weight.dtype)
            given[value.name] = weight.initial
            done.append(assigned)
    return Restoring(graph.add("NoOp", graph.unique_name(_SCOPE), control_inputs=done).name, given)


def _read_additionally(original: Original, model: LegacyModel, plan: Plan) -> list[Weight]:
    """Returns what the graph reads without need: in a branch that is never taken, which the written model lacks."""
    graph, known = original.graph, {weight.name for weight in plan.weights}
    needed = graph.ancestors(graph.value(name).node for name in original.fetches.values())
    finder = WeightFinder(model.checkpoint, model.saver_locations, (), {}, model.assembled_values)
    found = [finder.find(node) for node in variable_nodes(needed) if node.name not in known]
    return [item for item in found if isinstance(item, Weight)]


def _stored(weight: Weight) -> Stored:
    part = weight.location.part
    return Stored(weight.location.key, weight.dtype, "" if part is None else str(part))


def _imported(graph: Graph, table: LookupTable, keys: Value, values: Value) -> Node:
    return import_table(graph, graph[table.name].output(), keys, values, table.key_dtype, table.value_dtype)
