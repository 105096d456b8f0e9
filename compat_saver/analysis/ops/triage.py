"""Sorts every op of a graph before any work: fine as it is, rewritten, dropped, or unsupported.

Decided here and nowhere else; `inspect`, a dry run, a migration's report and the error that lists the obstacles read
the rows. A node is sorted by its op, and by its attributes and what it reads where a pass looks at those. The cases,
first come first served:

1. No signature needs it: dropped.
2. It is part of a pipeline, calls Python, or makes a lookup table inside a function: unsupported.
3. A successor pass rewrites it, or it calls a library function by its name: rewritten.
4. Today's TensorFlow cannot run its op, or it has an attribute whose meaning is lost: unsupported.
5. It works on references: rewritten to the resource form, or unsupported if there is none.
6. It is given a type that it does not take: unsupported.
7. Otherwise it is fine.

Nodes in the bodies of library functions count like any other; they are needed if a needed node calls the function.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from compat_saver.analysis.ops.unsupported_ops import is_table, loss_of, origin_of, subsystem
from compat_saver.analysis.ops.validity import wrong_input
from compat_saver.analysis.ops.way_around import way_around
from compat_saver.analysis.walk import needed_from
from compat_saver.graph.functions import (
    FUNCTION_EDGES,
    called_by,
    called_functions,
    callers_of,
    direct_calls,
    function_bodies,
)
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS, PLACEHOLDER_OPS, VARIABLE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.op_replacement import EXACT, OpReplacement
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.variable_ops import CountUpTo
from compat_saver.passes.structure.ref_to_resource import counterpart
from compat_saver.passes.structure.removals import lasting_attributes
from compat_saver.proto.messages import Message

FINE, REWRITTEN, DROPPED, UNSUPPORTED = "fine", "rewritten", "dropped", "unsupported"
VERDICTS = (FINE, REWRITTEN, DROPPED, UNSUPPORTED)

_INSTEAD = "Choose outputs before it with --outputs, or take its output as an input instead"
_ELSEWHERE = "Choose outputs that do not need it with --outputs."
IN_TRAINING = "The training step needs it: migrate without --train, or name a step without it with --train-op."
"""What the user can do about an unsupported op in a training step, whose inputs and outputs the graph decides."""

_OWN = "a function of the graph itself"
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class OpRow:
    """The nodes of one op that share a fate.

    Attributes:
        op: its name.
        count: how many nodes there are, in the graph and in the bodies of its functions.
        verdict: one of VERDICTS.
        needed: whether a signature needs them; if not, the verdict is "dropped".
        becomes: what stands in their place afterwards; "" unless rewritten.
        agreement: how close the outputs are then; "" unless rewritten.
        reason: why today's TensorFlow cannot run them or why they cannot be migrated, a phrase; "" if nothing is wrong.
            A dropped op can have one: it would be unsupported if a signature needed it.
        origin: where the op came from.
        since: the first measured release that lacks it or its kernel; "" if it is there or unknown.
        advice: what the user can do; "" unless unsupported.
        nodes: the names of some of them.
    """

    op: str
    count: int
    verdict: str
    needed: bool
    becomes: str
    agreement: str
    reason: str
    origin: str
    since: str
    advice: str
    nodes: tuple[str, ...]

    def to_dict(self, reaches_outside: str = "") -> dict[str, Any]:
        """Returns the row in the form of `--json`; keys may be added to it, none is ever removed.

        Args:
            reaches_outside: what nodes of the op do outside of the graph, one of `side_effects.KINDS`; "" for nothing.
        """
        return {**vars(self), "nodes": list(self.nodes), "reaches_outside": reaches_outside}


class _Judgment(NamedTuple):
    verdict: str
    becomes: str = ""
    agreement: str = ""
    reason: str = ""
    since: str = ""
    advice: str = ""
    instead: str = _INSTEAD


_FINE = _Judgment(FINE)


class Triage(NamedTuple):
    """What becomes of every op of a graph.

    Attributes:
        rows: by op; of one op there may be several.
        around: flags with which a migration would need no unsupported op; "" if it needs none anyway, or if there are
            no such flags.
        by_node: the row of each node; a node in the body of a function has the name "function/node".
    """

    rows: tuple[OpRow, ...]
    around: str
    by_node: Mapping[str, OpRow]


def triage(
    graph: Graph,
    catalog: OpCatalog,
    outputs: Collection[Value],
    inputs: Collection[Value] = frozenset(),
    fillers: Collection[Value] = (),
    *,
    trains: bool = False,
) -> Triage:
    """Sorts all ops.

    Args:
        graph: as it was read.
        catalog: the definitions that hold for it.
        outputs: the requested outputs; without any, every node counts as needed.
        inputs: what is given.
        fillers: the initializers of the lookup tables that the outputs need.
        trains: whether the outputs are those of a training step.
    """
    needed = _needed((*outputs, *fillers), inputs) if outputs else set(graph)
    judged = {node: _judge(node, graph, catalog) if node in needed else _dropped(node.op, graph) for node in graph}
    in_bodies = list(_judge_functions(graph, catalog, needed))
    found = way_around(graph, catalog, outputs, inputs, () if trains else _blocked(graph, judged, in_bodies))

    names: dict[tuple[str, _Judgment], list[str]] = defaultdict(list)
    for node, judgment in judged.items():
        names[node.op, judgment].append(node.name)
    for item in in_bodies:
        names[item.op, item.judgment].append(f"{item.function}/{item.name}")
    leaving: dict[_Judgment, list[str]] = defaultdict(list)
    for value in found.tensors:
        leaving[judged[value.node]].append(value.name)
    rows, by_node = [], {}
    for (op, judgment), nodes in names.items():
        origin = _OWN if op in graph.functions else origin_of(op)
        rows.append(_row(op, judgment, origin, nodes, leaving.get(judgment, []), trains=trains))
        by_node.update(dict.fromkeys(nodes, rows[-1]))
    rows.sort(key=lambda row: (row.op, VERDICTS.index(row.verdict), row.reason, row.becomes))
    return Triage(tuple(rows), _flags(found.inputs, outputs), by_node)


def _flags(inputs: Collection[Value], outputs: Iterable[Value]) -> str:
    if not inputs:
        return ""
    return f"--inputs {','.join(value.name for value in inputs)} --outputs {','.join(value.name for value in outputs)}"


def _needed(outputs: Iterable[Value], inputs: Collection[Value]) -> set[Node]:
    """Returns what the outputs depend on up to the inputs; of these, placeholders count."""
    return needed_from(outputs, inputs) | {value.node for value in inputs if value.node.op in PLACEHOLDER_OPS}


def _row(op: str, judgment: _Judgment, origin: str, nodes: list[str], leaving: list[str], *, trains: bool) -> OpRow:
    return OpRow(
        op=op,
        count=len(nodes),
        verdict=judgment.verdict,
        needed=judgment.verdict != DROPPED,
        becomes=judgment.becomes,
        agreement=judgment.agreement,
        reason=judgment.reason,
        origin=origin,
        since=judgment.since,
        advice=_advice(judgment, leaving, trains=trains) if judgment.verdict == UNSUPPORTED else "",
        nodes=tuple(nodes[:_MOST_EXAMPLES]),
    )


def _advice(judgment: _Judgment, leaving: list[str], *, trains: bool) -> str:
    if not judgment.instead:
        return judgment.advice
    detour = f"{judgment.instead}: --inputs {','.join(leaving)}" if leaving else IN_TRAINING if trains else _ELSEWHERE
    return f"{judgment.advice} {detour}".lstrip()


@functools.cache
def _successors() -> Mapping[str, tuple[OpReplacement, ...]]:
    """Returns the passes by the ops they rewrite."""
    found: dict[str, tuple[OpReplacement, ...]] = defaultdict(tuple)
    kinds: tuple[type[OpReplacement], ...] = (*LEGACY_BEHAVIOR_PASSES, *OP_REPLACEMENTS, CountUpTo)
    for kind in kinds:
        item = kind()
        for op in item.ops:
            found[op] += (item,)
    return found


def _judge(node: Node, graph: Graph, catalog: OpCatalog) -> _Judgment:
    """Cases 2 to 7."""
    if node.op in graph.functions:
        return _called(node.op, graph)
    part = subsystem(node.op)
    if part is not None:
        return _Judgment(UNSUPPORTED, reason=part.reason, instead=part.instead)
    found = _succeeded(node, graph) or _lost(node.op) or _strange(node, catalog) or _referring(node, catalog)
    return found or _invalid(node, catalog) or _FINE


def _succeeded(node: Node, graph: Graph) -> _Judgment | None:
    """Case 3, a successor pass."""
    for item in _successors().get(node.op, ()):
        if item.takes(graph, node):
            return _Judgment(REWRITTEN, becomes=item.ops[node.op], agreement=item.agreement)
    return None


def _called(op: str, graph: Graph) -> _Judgment:
    """Case 3, a call of a library function; one whose types depend on the call stays as it is."""
    signature = graph.functions[op].signature
    if signature.attr:
        return _FINE
    becomes = "StatefulPartitionedCall" if signature.is_stateful else "PartitionedCall"
    return _Judgment(REWRITTEN, becomes=becomes, agreement=EXACT)


def _dropped(op: str, graph: Graph) -> _Judgment:
    """Case 1, with what would be unsupported if it were needed."""
    loss = None if op in _successors() or op in graph.functions else loss_of(op)
    return _Judgment(DROPPED) if loss is None else _Judgment(DROPPED, reason=loss.reason, since=loss.since)


def _lost(op: str) -> _Judgment | None:
    """Case 4, the op."""
    loss = loss_of(op)
    if loss is None:
        return None
    return _Judgment(UNSUPPORTED, reason=loss.reason, since=loss.since, advice=loss.advice)


def _strange(node: Node, catalog: OpCatalog) -> _Judgment | None:
    """Case 4, its attributes."""
    names = lasting_attributes(node, catalog)
    if not names:
        return None
    reason = (
        f"has no attribute {', '.join(map(repr, names))} today, and its value is not the default, so dropping it could "
        "change the output"
    )
    return _Judgment(UNSUPPORTED, reason=reason)


def _referring(node: Node, catalog: OpCatalog) -> _Judgment | None:
    """Case 5."""
    if node.op in VARIABLE_OPS:
        return _Judgment(REWRITTEN, becomes="VarHandleOp", agreement=EXACT)
    if node.op == "Identity" and node.inputs and _is_reference(node.inputs[0], catalog):
        return _Judgment(REWRITTEN, becomes="ReadVariableOp", agreement=EXACT)
    definition = catalog.find(node.op)
    if definition is None or not any(arg.is_ref for arg in (*definition.input_arg, *definition.output_arg)):
        return None
    if node.op in HANDLE_CARRIERS:
        return _Judgment(REWRITTEN, becomes=HANDLE_CARRIERS[node.op].plain, agreement=EXACT)
    other = counterpart(node.op)
    if other is not None:
        # CountUpTo has a resource form that has a successor in its turn.
        becomes = next((item.ops[other.op] for item in _successors().get(other.op, ())), other.op)
        return _Judgment(REWRITTEN, becomes=becomes, agreement=EXACT)
    return _Judgment(UNSUPPORTED, reason="works on a reference and has no resource form")


def _invalid(node: Node, catalog: OpCatalog) -> _Judgment | None:
    """Case 6."""
    reason = wrong_input(node, catalog)
    again = "No TensorFlow loads it; make the file again."
    return _Judgment(UNSUPPORTED, reason=reason, advice=again, instead="") if reason else None


def _is_reference(value: Value, catalog: OpCatalog) -> bool:
    definition = catalog.find(value.node.op)
    return definition is not None and any(arg.is_ref for arg in definition.output_arg)


class _InBody(NamedTuple):
    """A node in the body of a library function."""

    function: str
    name: str
    op: str
    judgment: _Judgment


def _judge_functions(graph: Graph, catalog: OpCatalog, needed: Collection[Node]) -> Iterator[_InBody]:
    """Judges the nodes of all bodies; those of one that cannot be read are not rewritten either."""
    if not graph.functions:
        return
    called = called_functions(graph, needed)
    bodies = dict(function_bodies(graph, catalog))
    for name, function in graph.functions.items():
        for node in bodies.get(name, function.node_def):
            if node.op not in FUNCTION_EDGES:
                judgment = _judge_in_function(node, name in called, graph, catalog)
                yield _InBody(name, node.name, node.op, judgment)


def _blocked(graph: Graph, judged: Mapping[Node, _Judgment], in_bodies: Iterable[_InBody]) -> set[Node]:
    """Returns the unsupported nodes, and those that call functions with such in them."""
    blocked = {node for node, judgment in judged.items() if judgment.verdict == UNSUPPORTED}
    bad = {item.function for item in in_bodies if item.judgment.verdict == UNSUPPORTED}
    if bad:
        calls = {name: [*called, graph.gradients.get(name, "")] for name, called in direct_calls(graph).items()}
        bad = callers_of(calls, bad)
        blocked |= {node for node in judged if not bad.isdisjoint(called_by(graph, node.op, node.attrs.values()))}
    return blocked


def _judge_in_function(node: Node | Message, is_called: bool, graph: Graph, catalog: OpCatalog) -> _Judgment:
    if not is_called:
        return _dropped(node.op, graph)
    if is_table(node):
        return _Judgment(UNSUPPORTED, reason="a lookup table inside a function, where nothing can fill it")
    if isinstance(node, Node):
        return _judge(node, graph, catalog)
    if node.op in graph.functions:
        return _called(node.op, graph)
    return _lost(node.op) or _FINE
