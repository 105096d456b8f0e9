"""Decides what a migration will do, before anything is written and without TensorFlow.

`make_plan` reads the graph, settles the signatures, prunes and rewrites a copy of the graph, finds every weight, and
either returns a complete Plan or raises with everything that is in the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.needs import needed_from
from compat_saver.analysis.ops import obstacles
from compat_saver.analysis.ops.changed_meaning import changed_meaning
from compat_saver.analysis.ops.function_nesting import nesting_problems
from compat_saver.analysis.ops.triage import OpRow, triage
from compat_saver.analysis.serving.proposal import needed_placeholders
from compat_saver.analysis.values.init_op import InitOp
from compat_saver.analysis.values.initialisers import initialisers
from compat_saver.analysis.values.tables import initializer_values
from compat_saver.analysis.values.weights import Weight, WeightFinder, saver_locations, variable_nodes
from compat_saver.bundle import Checkpoint
from compat_saver.errors import CannotMigrateError, UsageError
from compat_saver.graph import Graph, OpCatalog, from_graph_def
from compat_saver.migration.binding import bound_values
from compat_saver.migration.exposed import Exposed
from compat_saver.migration.found_weights import find_weights
from compat_saver.migration.inference import (
    modes_to_bind,
    needed_modes,
    told_of,
    told_of_defaults,
    told_of_states,
    told_of_training,
)
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.settle import settle_signatures
from compat_saver.migration.signature import Signature
from compat_saver.migration.table_content import TableContent, settle_tables
from compat_saver.passes import (
    MEANING_PASSES,
    SUCCESSOR_PASSES,
    BindInputs,
    CountWithCore,
    DropGradientOverrides,
    DropPlacement,
    DropUnknownAttributes,
    ExposeInputs,
    ExposeOutputs,
    FoldConditionals,
    FunctionCalls,
    LateReads,
    Prune,
    ReadTableFiles,
    RefToResource,
    Rewrite,
    SharedVariables,
    run,
    run_in_functions,
)
from compat_saver.passes.control_flow import FunctionalControlFlow, Kept, RecordedShapes, TensorLists
from compat_saver.proto.meta_graph import MetaGraph

_LOCAL_VARIABLES = "local_variables"
_MOST_NAMES = 5
_LOOPS = ("While", "StatelessWhile")


@dataclass(frozen=True)
class Plan:
    """A migration, settled but for the writing.

    Attributes:
        graph: pruned to the signatures and rewritten; its inputs and outputs are nodes of their own.
        flat: the same with the loops and conditionals of TensorFlow 1, not in functions: it shows what reads an input.
        signatures: what will be served.
        nodes: the nodes of `graph` that stand for the tensors of the signatures.
        bound: tensor name -> the value it was given for good.
        modes: tensor name -> why it was bound, of what nobody asked to bind.
        weights: the variables that the signatures need, in the graph's order.
        content: what the lookup tables hold that the signatures need.
        filling: the variables to fill, group by group, if the values of some weights have to be computed.
        untrained: the weights that no checkpoint holds, and that were trained for all anybody knows.
        init_op: the op that TensorFlow's loader runs, if it may change these weights; "" if not.
        dropped: how many of the original graph's variables no signature needs.
        rewrites: what the passes did.
        warnings: what a person should know, a sentence each.
        ops: what becomes of every op of the original graph.
    """

    graph: Graph
    flat: Graph
    signatures: tuple[Signature, ...]
    nodes: Exposed
    bound: Mapping[str, np.ndarray]
    modes: Mapping[str, str]
    weights: tuple[Weight, ...]
    filling: tuple[tuple[Weight, ...], ...]
    untrained: tuple[str, ...]
    init_op: str
    content: TableContent
    dropped: int
    rewrites: tuple[Rewrite, ...]
    warnings: tuple[str, ...]
    ops: tuple[OpRow, ...]

    @property
    def input_nodes(self) -> dict[str, str]:
        """Returns tensor name -> the name of the node that stands for it."""
        return {name: spec.node for name, spec in self.nodes.inputs.items()}

    @property
    def output_nodes(self) -> dict[str, str]:
        """Returns tensor name -> the name of the Identity that stands for it."""
        return {name: node for name, (node, _) in self.nodes.outputs.items()}


def make_plan(
    meta: MetaGraph, checkpoint: Checkpoint | None, options: MigrationOptions, notes: Sequence[str] = ()
) -> Plan:
    """Settles a migration.

    Args:
        meta: the graph as its release wrote it.
        checkpoint: the weights; None for a graph that has none.
        options: what the caller asked for.
        notes: what there is to say of the source; they come first among the warnings.

    Raises:
        UsageError: arguments that contradict the graph, or an input that is neither taken nor bound.
        NameNotFoundError: a name that is not in the graph.
        CannotMigrateError: obstacles in the graph or between graph and checkpoint, all of them.
    """
    graph = from_graph_def(meta.graph_def)
    changed_when_loaded = _changed_when_loaded(meta, graph)
    catalog = OpCatalog.of(graph, meta.stripped_ops)
    trainable = {record.name for record in meta.variables() if record.trainable}
    locations = saver_locations(graph, meta.saver_def.restore_op_name if meta.saver_def is not None else "")
    variables = {node.name: node for node in variable_nodes(graph)}
    local = _local_variables(meta)
    written = {record.name: record.initializer for record in meta.variables()}
    first = initialisers(graph, variables if options.init_missing else local, written, variables)
    modes = modes_to_bind(meta, graph, catalog, options, trainable)
    given = bound_values(graph, catalog, options.bind)
    bound = {mode.tensor: mode.value for mode in modes} | given
    rewrites = run([BindInputs(bound), FoldConditionals(), SharedVariables()], graph)
    # After the folding: an input that only a forgotten branch needs is none.
    signatures, warnings = settle_signatures(meta, graph, catalog, options, trainable, bound)
    modes = needed_modes(meta, signatures, modes)
    warnings += told_of_states(graph, signatures)

    nodes = Exposed.of(graph, signatures)
    content = settle_tables(graph, meta, checkpoint, options.assets, nodes.ends(graph), nodes.begins(graph))
    run([ReadTableFiles(content.placeholders)], graph)
    fillers = initializer_values(graph, content.tables)
    triaged = triage(graph, catalog, nodes.ends(graph), nodes.begins(graph), fillers)
    roots = [*(name for name, _ in nodes.outputs.values()), *content.initializers]
    # Bound once more: an output that is bound was not there to be seen when its readers were.
    run([ExposeOutputs(nodes.outputs), BindInputs(_among(bound, nodes.outputs)), ExposeInputs(nodes.inputs)], graph)
    _refuse_unbound(graph, nodes, signatures)
    rewrites += run([Prune(roots)], graph)
    changes = changed_meaning(graph, catalog)  # before the passes, for what they restore leaves no trace
    passes = [
        DropPlacement(),
        DropGradientOverrides(),
        DropUnknownAttributes(catalog),
        FunctionCalls(),
        *(item() for item in (*MEANING_PASSES, *SUCCESSOR_PASSES)),
    ]
    shapes = RecordedShapes(graph)
    rewrites += [*run(passes, graph), *run_in_functions(passes, graph, catalog)]
    run([Prune(roots)], graph)  # of what the rewrites left behind; nobody wants to read of that
    found = find_weights(graph, variables, WeightFinder(checkpoint, locations, trainable, first), local)
    in_the_way = [
        *obstacles.obstacles_among(triaged.rows),
        *nesting_problems(graph),
        *found.missing,
        *content.problems,
        *content.unfilled(graph),
    ]
    changed = [item.name for item in found.weights if item.initialiser is None and item.name in changed_when_loaded]
    if in_the_way:
        raise CannotMigrateError(in_the_way, triaged.rows, triaged.around)
    rewrites += run([LateReads(catalog), RefToResource(catalog), CountWithCore()], graph)
    stays = {*roots, *(spec.node for spec in nodes.inputs.values())}
    run([Prune(roots)], graph)
    flat = graph.copy()
    lists, functional = TensorLists(shapes), FunctionalControlFlow(catalog, shapes, stays)
    rewrites += [*run([lists, functional], graph), *run_in_functions([lists, functional], graph, catalog)]
    return Plan(
        graph=graph,
        flat=flat,
        signatures=signatures,
        nodes=nodes,
        bound={mode.tensor: mode.value for mode in modes} | given,
        modes={mode.tensor: mode.why for mode in modes},
        weights=found.weights,
        content=content,
        filling=found.filling,
        untrained=found.untrained,
        init_op=meta.init_op if changed else "",
        dropped=len(variables) - len(found.weights),
        rewrites=tuple(rewrites),
        warnings=(
            *notes,
            *warnings,
            *told_of(modes),
            *found.notes,
            *_told_of_changed(meta.init_op, changed),
            *content.notes,
            *told_of_training(graph),
            *changes,
            *_kept_warnings([*lists.kept, *functional.kept]),
            *_warnings(flat, rewrites),
        ),
        ops=triaged.rows,
    )


def _among(bound: Mapping[str, np.ndarray], outputs: Iterable[str]) -> dict[str, np.ndarray]:
    return {name: bound[name] for name in outputs if name in bound}


def _local_variables(meta: MetaGraph) -> set[str]:
    """Returns the names in the LOCAL_VARIABLES collection; up to 1.0 it held tensor names, later VariableDefs."""
    collection = meta.collections.get(_LOCAL_VARIABLES)
    names = set() if collection is None else {name.partition(":")[0] for name in collection.node_list.value}
    return names | {record.name for record in meta.variables() if _LOCAL_VARIABLES in record.collections}


def _refuse_unbound(graph: Graph, nodes: Exposed, signatures: Iterable[Signature]) -> None:
    """Raises UsageError for signatures that need more than they take, all in one go."""
    problems = []
    for signature in signatures:
        outputs = [graph[nodes.outputs[tensor.name][0]].output() for tensor in signature.outputs.values()]
        taken = {graph[nodes.inputs[tensor.name].node].output() for tensor in signature.inputs.values()}
        unbound = [node.name for node in needed_placeholders(needed_from(outputs, taken))]
        if unbound:
            problems.append(_unbound(graph, signature.name, unbound))
    if problems:
        raise UsageError("\n".join(problems))


def _unbound(graph: Graph, signature: str, unbound: list[str]) -> str:
    listed = ", ".join(repr(f"{node}:0") for node in unbound)
    flags = " ".join(f"--bind {node}:0={_example(graph, node)}" for node in unbound)
    return (
        f"The outputs of {signature!r} need {listed}, which it does not take. Give a value for good ({flags}) or take "
        "it as an input (--inputs)."
    )


def _example(graph: Graph, name: str) -> str:
    kind = dtypes.by_number(graph[name].attr.type("dtype"))
    return {"bool": "false", "string": "text"}.get(kind.name, "1.0" if kind.is_floating else "0")


def _changed_when_loaded(meta: MetaGraph, graph: Graph) -> set[str]:
    """Returns the variables that TensorFlow's loader may change after it has restored them: of a SavedModel only."""
    node = graph.get(meta.init_op) if meta.tags and meta.init_op else None
    names = {item.name for item in variable_nodes(graph)}
    return set() if node is None else set(InitOp.of(node, graph).may_change(names))


def _told_of_changed(init_op: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        yield (
            f"The init op of the SavedModel, {init_op!r}, may change {', '.join(map(repr, names[:_MOST_NAMES]))}{more} "
            "whenever TensorFlow loads the model; what is written has the weights of its files. If they differ, save "
            "what it has after loading (compat_saver.restore, then model.saver.save into a directory that is there) "
            "and migrate that, with its signatures."
        )


def _kept_warnings(kept: Sequence[Kept]) -> Iterator[str]:
    """Yields what of TensorFlow 1's control flow has no functional form."""
    if kept:
        more = f" and {len(kept) - _MOST_NAMES} more" if len(kept) > _MOST_NAMES else ""
        yield (
            f"Some control flow keeps its v1 form: {'; '.join(map(str, kept[:_MOST_NAMES]))}{more}. It runs, but "
            "TensorFlow 2 may raise when gradients are taken through it; if a predicate is a mode such as is_training, "
            "--bind it."
        )


def _warnings(graph: Graph, rewrites: Iterable[Rewrite]) -> Iterator[str]:
    """Yields what the pruned graph cannot do as a person might expect it to."""
    for rewrite in rewrites:
        if rewrite.name == DropGradientOverrides.name:
            yield (
                f"{rewrite.count} ops had gradients of their own, in Python functions that no file holds "
                f"({rewrite.detail}). They have TensorFlow's usual gradients now."
            )
    if any(node.op in _LOOPS for function in graph.functions.values() for node in function.node_def):
        yield (
            "The graph calls functions that hold a while loop. They answer, but TensorFlow 2 loses gradients through "
            "such a loop, or raises: do not fine-tune what lies before it."
        )
    for function in graph.gradients:
        yield (
            f"The function {function!r} had a gradient function of its own, which TensorFlow 2 does not load. It has "
            "TensorFlow's usual gradient now."
        )
    yield from told_of_defaults(graph)
