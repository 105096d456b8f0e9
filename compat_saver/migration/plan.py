"""Decides what a migration will do, before anything is written and without TensorFlow.

`make_plan` folds the graph, chooses the signatures, cuts and rewrites the graph, finds every weight, and either returns
a complete Plan or raises with all obstacles. The stages are in `model.folding`, `stages` and `found_weights`; the lists
of passes that they run are in `pipeline`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from compat_saver.analysis.effects import SideEffect
from compat_saver.analysis.node_fates import Fate, GraphChange, graph_change
from compat_saver.analysis.ops.triage import FINE, REWRITTEN, OpRow
from compat_saver.analysis.values.tables import LookupTable
from compat_saver.analysis.values.weights import Weight
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Graph
from compat_saver.migration.executed import effects_of
from compat_saver.migration.found_weights import find_weights
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.stages import (
    MadeVariables,
    Served,
    choose,
    find_obstacles,
    rewrite,
    to_functions,
    to_resources,
    to_variables,
)
from compat_saver.model import inference_mode, permissions, warnings
from compat_saver.model.cut_points import CutPoints
from compat_saver.model.folding import FoldedGraph, fold
from compat_saver.model.inference_mode import TrainingBehavior
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import Signature
from compat_saver.model.table_content import TableContent, TableFile
from compat_saver.model.training_inputs import needed_modes
from compat_saver.model.training_model import TrainingModel
from compat_saver.passes import Rewrite
from compat_saver.passes.structure.inlining import inline_to_look_at

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Plan:
    """A complete migration, before anything is written.

    Attributes:
        graph: pruned to the signatures and rewritten; its inputs and outputs are nodes of their own.
        flat: the same without functions, in which loops and conditionals are those of TensorFlow 1: it shows what reads
            an input.
        signatures: what will be served.
        nodes: the nodes of `graph` that stand for the tensors of the signatures.
        bound: tensor name -> the constant it was fixed to.
        modes: training-mode input -> why it was bound, though the user did not ask for it.
        weights: the variables that the signatures need, in the graph's order.
        content: what the lookup tables hold that the signatures need.
        filling: the variables to fill, group by group, if initial values of weights have to be computed.
        averaged: the weights whose values are moving averages of the checkpoint.
        untrained: the weights that are missing from the checkpoint and were probably trained.
        made: the weights that are constants in the original graph.
        init_op: the op that TensorFlow's loader runs, if it may change these weights; "" if not.
        dropped: how many of the original graph's variables no signature needs.
        behavior: where what is served is as in training, and what became of that.
        rewrites: what the passes did.
        warnings: what the user should know, a sentence each.
        ops: what becomes of every op of the original graph.
        effects: what the original graph does outside of itself; what the migration runs of that is allowed.
        change: what became of every node.
        training: the training steps that are to be signatures beside these.
    """

    graph: Graph
    flat: Graph
    signatures: tuple[Signature, ...]
    nodes: CutPoints
    bound: Mapping[str, np.ndarray]
    modes: Mapping[str, str]
    weights: tuple[Weight, ...]
    filling: tuple[tuple[Weight, ...], ...]
    averaged: tuple[str, ...]
    untrained: tuple[str, ...]
    made: tuple[str, ...]
    init_op: str
    content: TableContent
    dropped: int
    behavior: TrainingBehavior
    rewrites: tuple[Rewrite, ...]
    warnings: tuple[str, ...]
    ops: tuple[OpRow, ...]
    effects: tuple[SideEffect, ...]
    change: GraphChange
    training: tuple[TrainingPlan, ...] = ()

    @property
    def all(self) -> tuple[Plan, ...]:
        """Returns this plan and those of its training steps."""
        return (self, *(item.plan for item in self.training))

    @property
    def all_weights(self) -> tuple[Weight, ...]:
        """Returns the variables that any of them needs, each once."""
        return _each_once((item.name, item) for plan in self.all for item in plan.weights)

    @property
    def all_tables(self) -> tuple[LookupTable, ...]:
        """Returns the lookup tables that any of them needs, each once."""
        return _each_once((item.name, item) for plan in self.all for item in plan.content.tables)

    @property
    def all_files(self) -> tuple[TableFile, ...]:
        """Returns the files that these are read from, each once for each initializer."""
        return _each_once((item.initializer, item) for plan in self.all for item in plan.content.files)

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """Returns what the user should know of any of them, each sentence once."""
        return _each_once((text, text) for plan in self.all for text in plan.warnings)

    @property
    def input_nodes(self) -> dict[str, str]:
        """Returns tensor name -> the name of the node that stands for it."""
        return {name: spec.node for name, spec in self.nodes.inputs.items()}

    @property
    def output_nodes(self) -> dict[str, str]:
        """Returns tensor name -> the name of the Identity that stands for it."""
        return {name: node for name, (node, _) in self.nodes.outputs.items()}


def _each_once(items: Iterable[tuple[str, _Item]]) -> tuple[_Item, ...]:
    found: dict[str, _Item] = {}
    for name, item in items:
        found.setdefault(name, item)
    return tuple(found.values())


@dataclass(frozen=True)
class TrainingPlan:
    """The plan of one training step.

    Attributes:
        training: the step as a model.
        plan: how that is migrated.
    """

    training: TrainingModel
    plan: Plan


def _known_fates(folded: FoldedGraph, served: Served, made: MadeVariables) -> dict[str, Fate]:
    """Returns the fates of nodes that something was done to apart from their op."""
    found = {_node(tensor): Fate(FINE, f"the input {tensor} of a signature") for tensor in served.points.inputs}
    found |= dict.fromkeys(made.values, Fate(REWRITTEN, "a constant that acts as a weight becomes a variable"))
    for item in served.behavior.removed:
        found[item.node] = Fate(REWRITTEN, f"{item.what} turned to inference: {item.became}")
    for mode in folded.modes:
        found[_node(mode.tensor)] = Fate(REWRITTEN, f"bound to {mode.value}: {mode.why}")
    for tensor, value in folded.given.items():
        found[_node(tensor)] = Fate(REWRITTEN, f"bound to {value}, as asked")
    return found


def _stands_for(points: CutPoints) -> dict[str, str]:
    """Returns what each node stands for that the migration made for an input or output."""
    inputs = {spec.node: f"the input {tensor}" for tensor, spec in points.inputs.items()}
    return inputs | {node: f"the output {tensor}" for tensor, (node, _) in points.outputs.items()}


def _node(tensor: str) -> str:
    return tensor.rpartition(":")[0]


def make_plan(model: LegacyModel, options: MigrationOptions) -> Plan:
    """Plans a migration.

    Args:
        model: the opened model; its notes come first among the warnings.
        options: the options of the call.

    Raises:
        UsageError: arguments that contradict the graph, or an input that is neither taken nor bound.
        NameNotFoundError: a name that is not in the graph.
        CannotMigrateError: obstacles in the graph or between graph and checkpoint, all of them.
    """
    folded = fold(model, options.serving)
    served = choose(model, folded, options)
    modes = needed_modes(model, served.signatures, folded.modes)
    graph, rewritten = folded.graph, rewrite(model, folded, served)
    made = to_variables(model, graph, options.variables)
    found = find_weights(model, graph, init_missing=options.init_missing, ema=options.ema, made=made.values)
    known = _known_fates(folded, served, made)
    effects = effects_of(model, folded, served, found)
    unasked = permissions.refused(effects, options.allow, permissions.folders_of(model))
    if obstacles := [*find_obstacles(graph, served, found), *permissions.obstacles(unasked)]:
        change = graph_change(model.as_read, model.catalog, served.triage.by_node, known)
        raise CannotMigrateError(obstacles, served.triage.rows, served.triage.around, change)
    resources = to_resources(model, graph, served)
    flat = graph.copy()
    inline_to_look_at(flat, model.catalog)
    functional, kept = to_functions(model, graph, served, rewritten)
    rewrites = (*folded.rewrites, *rewritten.rewrites, *made.rewrites, *resources, *functional)
    return Plan(
        graph=graph,
        flat=flat,
        signatures=served.signatures,
        nodes=served.points,
        bound={mode.tensor: mode.value for mode in modes} | dict(folded.given),
        modes={mode.tensor: mode.why for mode in modes},
        weights=found.weights,
        content=served.content,
        filling=found.filling,
        averaged=found.averaged,
        untrained=found.untrained,
        init_op=model.meta.init_op if found.changed else "",
        dropped=len(model.variables) + len(made.values) - len(found.weights),
        made=tuple(made.values),
        behavior=served.behavior,
        rewrites=rewrites,
        warnings=(
            *model.notes,
            *served.warnings,
            *warnings.mode_notes(modes, model.trains),
            *found.notes,
            *made.notes,
            *warnings.init_op_warnings(model.meta.init_op, found.changed),
            *served.content.notes,
            *inference_mode.notes(served.behavior),
            *rewritten.changes,
            *warnings.worker_notes(rewritten.rewrites),
            *(() if model.trains else warnings.control_flow_warnings(kept)),
            *(() if model.trains else warnings.gradient_warnings(flat, rewrites)),
            *warnings.default_notes(flat),
        ),
        ops=served.triage.rows,
        effects=effects,
        change=graph_change(
            model.as_read, model.catalog, served.triage.by_node, known, graph, _stands_for(served.points)
        ),
    )
