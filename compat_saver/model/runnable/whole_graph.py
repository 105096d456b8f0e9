"""Rewrites a legacy meta graph so that current TensorFlow imports it, changing only unsupported ops.

1. Devices, colocations and recorded shapes go, and attributes that say nothing to today's ops.
2. Ops that today's TensorFlow lacks, or that would compute something else than then, are replaced, in the whole graph
   and its functions. Every tensor that is computed keeps its name, to be fetched and fed, and so does every op.
3. What nothing can replace stays behind, with all that depends on it: TensorFlow imports all of a graph or nothing,
   and a session finds a device for all of it before it runs any part. A node that only waits for such an op goes as
   well. It was to run after what that op does, and without it would do less than it did, and not say so.
4. What collections, signatures and savers say of nodes that are not there, or never were, goes too.

Variables stay what they are, references or resources.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from compat_saver import _tensorflow
from compat_saver.analysis.ops.unsupported_ops import loss_of, runs_in_a_session
from compat_saver.errors import GraphError, NameNotFoundError, and_more, counted
from compat_saver.graph import Graph, Node, OpCatalog, from_graph_def, to_graph_def
from compat_saver.graph.functions import called_functions, function_bodies
from compat_saver.graph.op_notes import advice_for
from compat_saver.graph.ops import known_facts
from compat_saver.model.runnable.dangling import drop_dangling
from compat_saver.model.runnable.replacements import drop_placement, replacements
from compat_saver.passes import Rewrite, run_in_functions, run_passes
from compat_saver.passes.structure.removals import DropUnknownAttributes, lasting_attributes
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph

_MOST_SHOWN = 5


@dataclass(frozen=True)
class LeftOut:
    """A node that could not be imported.

    Attributes:
        name: of the node.
        cause: the unsupported node: itself, or one that it depends on.
        op: the op of that.
        reason: why today's TensorFlow cannot import that, a phrase.
        advice: what the user can do, in sentences; "" if nothing is known.
    """

    name: str
    cause: str
    op: str
    reason: str
    advice: str

    def __str__(self) -> str:
        needs = "it" if self.name == self.cause else f"it needs {self.cause!r}, which"
        return (
            f"{self.name!r} was left out of the graph, for {needs} is {self.op}: {self.reason}. {self.advice}".rstrip()
        )


@dataclass(frozen=True)
class Importable:
    """A meta graph that TensorFlow imports, and how it came to be.

    Attributes:
        meta: the meta graph.
        graph: its graph.
        rewrites: what was replaced in it.
        left_out: node -> why it is not in it.
        notes: what the user should know, a sentence each.
    """

    meta: MetaGraph
    graph: Graph = field(repr=False)
    rewrites: tuple[Rewrite, ...]
    left_out: Mapping[str, LeftOut] = field(repr=False)
    notes: tuple[str, ...]

    def require(self, name: str) -> None:
        """Raises NameNotFoundError, with the unsupported op, for the name of a node or tensor that was left out."""
        item = self.left_out.get(name.lstrip("^").partition(":")[0])
        if item is not None:
            raise NameNotFoundError(str(item))


def importable(meta: MetaGraph) -> Importable:
    """Returns a meta graph that today's TensorFlow imports; the one that is given is left as it is.

    Args:
        meta: as its release wrote it.

    Raises:
        GraphError: the graph contradicts itself.
    """
    graph = from_graph_def(meta.graph_def)
    catalog = OpCatalog.of(graph, meta.stripped_ops)
    drop_placement(graph, catalog)
    attributes = [DropUnknownAttributes(catalog)]
    run_passes(attributes, graph)
    run_in_functions(attributes, graph, catalog)
    passes = replacements(graph, set(graph), keeps_tensors=True)
    rewrites = [*run_passes(passes, graph), *run_in_functions(passes, graph, catalog)]
    left_out = _leave_out(graph, catalog)
    message = MetaGraphDef()
    message.CopyFrom(meta.message)
    message.graph_def.CopyFrom(to_graph_def(graph))
    dropped = drop_dangling(message, graph)
    notes = (*_rewrite_notes(rewrites), *_left_out_notes(left_out.values()), *dropped)
    return Importable(MetaGraph(meta.path, message), graph, tuple(rewrites), left_out, notes)


def _leave_out(graph: Graph, catalog: OpCatalog) -> dict[str, LeftOut]:
    """Takes out what cannot be imported and all that depends on it; returns it by name."""
    calls = _calling_in_vain(graph, catalog)
    causes = {node: item for node in graph if (item := _unsupported(node, graph, catalog, calls)) is not None}
    found = graph.dependents(causes)
    graph.remove_all(found)
    return {node.name: dataclasses.replace(causes[root], name=node.name) for node, root in found.items()}


def _unsupported(node: Node, graph: Graph, catalog: OpCatalog, calls: Mapping[str, str]) -> LeftOut | None:
    """Returns why TensorFlow would refuse a node; None if it takes it."""
    if node.op in graph.functions:
        reason = f"a function of the graph that calls {calls[node.op]}" if node.op in calls else ""
    else:
        reason = _refusal(node, catalog) or _refused_call(node, graph, calls)
    if not reason:
        return None
    op = calls.get(node.op, node.op)
    loss, known = loss_of(op), advice_for(op)
    advice = loss.advice if loss is not None else known.advice if known is not None else ""
    return LeftOut(node.name, node.name, node.op, reason, advice)


def _refusal(node: Node, catalog: OpCatalog) -> str:
    if not _is_there(node.op):
        loss = loss_of(node.op)
        return loss.reason if loss is not None else "an op that this TensorFlow does not have"
    if node.op not in known_facts():
        return ""  # of a library that the program loaded
    names = lasting_attributes(node, catalog)
    if names:
        return f"its attribute {', '.join(map(repr, names))} is unknown today, and does not have its default value"
    try:
        count = OpCatalog().input_count(node)
    except GraphError as error:
        return str(error).rstrip(".")
    return "" if count == len(node.inputs) else f"it has {len(node.inputs)} inputs, and the op takes {count} today"


def _is_there(op: str) -> bool:
    """Whether TensorFlow has an op, and a device for it: a session looks for devices for all nodes, run or not."""
    facts = known_facts().get(op)
    if not _tensorflow.has_op(op, otherwise=facts is not None and facts.registered_today):
        return False
    return facts is None or runs_in_a_session(op) or _tensorflow.has_kernel(op, otherwise=facts.cpu_kernel_today)


def _calling_in_vain(graph: Graph, catalog: OpCatalog) -> dict[str, str]:
    """Returns function -> an op that TensorFlow lacks and that it calls, itself or through others."""
    found: dict[str, str] = {}
    bodies = dict(function_bodies(graph, catalog))
    for name, function in graph.functions.items():
        for node in bodies.get(name, function.node_def):
            if node.op not in graph.functions and not _is_there(node.op):
                found[name] = node.op
    if not found:
        return {}
    callers = {}
    for name, body in bodies.items():
        through = called_functions(graph, body) & found.keys()
        if through:
            callers[name] = found[sorted(through)[0]]
    return {**callers, **found}


def _refused_call(node: Node, graph: Graph, calls: Mapping[str, str]) -> str:
    if not calls:
        return ""
    through = called_functions(graph, [node]) & calls.keys()
    return f"it calls a function with {calls[sorted(through)[0]]}" if through else ""


def _rewrite_notes(rewrites: Collection[Rewrite]) -> Iterator[str]:
    if rewrites:
        details = "; ".join(item.detail for item in rewrites)
        yield f"Ops that today's TensorFlow cannot run as they were have been replaced: {details}."


def _left_out_notes(left_out: Collection[LeftOut]) -> Iterator[str]:
    causes: dict[str, list[LeftOut]] = {}
    for item in left_out:
        causes.setdefault(item.op, []).append(item)
    for op, items in causes.items():
        own = [item.cause for item in items if item.name == item.cause]
        yield (
            f"{and_more(own, _MOST_SHOWN)} ({op}: {items[0].reason}) and what depends on it were left out: "
            f"{counted(len(items), 'node')}. {items[0].advice}"
        ).rstrip()
