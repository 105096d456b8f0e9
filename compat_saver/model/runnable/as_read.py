"""Which graph the reference run uses: the one that was read, or what current TensorFlow can run of it.

Three steps, each only where the one before fails:

1. What the outputs need of the graph as its release wrote it: all that a session would run. Only devices, colocations
   and recorded shapes go, for they may not hold here.
2. The same between the inputs and the outputs. No output depends on what keeps the rest from being imported.
3. The same, with the ops replaced that today's TensorFlow lacks or that compute something else than they did. That
   these replacements are right is proven by this project's tests against the TensorFlow that had the ops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.effects import side_effects
from compat_saver.analysis.ops.unsupported_ops import runs_in_a_session
from compat_saver.analysis.walk import nodes_in_loops
from compat_saver.graph import Graph, Node, OpCatalog, Value
from compat_saver.graph.attributes import shape_attr, type_attr
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.graph.ops import known_facts
from compat_saver.graph.side_effects import runs_at_import
from compat_saver.model.cut_points import CutPoints
from compat_saver.model.inference_mode import TrainingBehavior
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.replacements import drop_placement, replacements
from compat_saver.model.signature import Signature
from compat_saver.passes import run_in_functions, run_passes
from compat_saver.passes.inference.edits import Edit, ReadVariable, Source, Sources, UseConstant
from compat_saver.passes.structure.inputs_and_outputs import BindInputs, ExposeInputs, ExposeOutputs
from compat_saver.passes.structure.removals import Prune


@dataclass(frozen=True)
class Original:
    """A graph to be replayed.

    Attributes:
        graph: to be imported.
        feeds: name of a tensor of the signatures -> name of what is fed in its place; without those that no output
            needs.
        fetches: name of a tensor of the signatures -> name of what is fetched in its place.
        fed: what is fed with every run: tensor name -> value.
        statistics: what is fed the value of a variable with every run: tensor name -> the variable.
        notes: in what it is not the graph that was read.
    """

    graph: Graph
    feeds: Mapping[str, str]
    fetches: Mapping[str, str]
    fed: Mapping[str, np.ndarray]
    statistics: Mapping[str, ReadVariable]
    notes: tuple[str, ...] = ()


class FedSources(Sources):
    """Feeds what `Sources` adds to a graph: constants, and the values of variables.

    Attributes:
        fed: name of a placeholder -> its value.
        statistics: name of a placeholder -> the variable with its value.
    """

    def __init__(self, graph: Graph, in_loops: Collection[str], edits: Iterable[Edit]) -> None:
        super().__init__(graph, in_loops, edits)
        self.fed: dict[str, np.ndarray] = {}
        self.statistics: dict[str, ReadVariable] = {}

    def make(self, tensor: str, source: Source) -> Value:
        """Adds a placeholder for what can be fed, and nodes for the rest."""
        if isinstance(source, UseConstant):
            value = self._placeholder(tensor, dtypes.from_numpy(source.array.dtype).number)
            self.fed[value.name] = source.array
            return value
        if isinstance(source, ReadVariable):
            value = self._placeholder(tensor, source.dtype)
            self.statistics[value.name] = source
            return value
        return super().make(tensor, source)

    def _placeholder(self, tensor: str, dtype: int) -> Value:
        name = self._graph.unique_name(f"{tensor.partition(':')[0]}/inference")
        attrs = {"dtype": type_attr(dtype), "shape": shape_attr(None)}
        return self._graph.add("Placeholder", name, attrs=attrs).output()


def whole(
    model: LegacyModel,
    signatures: Sequence[Signature],
    bound: Mapping[str, np.ndarray],
    behavior: TrainingBehavior,
    kept: Sequence[str],
) -> Original | None:
    """Returns step 1, or None if that will not do.

    What is needed may need an op to be replaced; a session feeds nothing that lies inside a loop, and finds a device
    for every node before it runs any. What reaches outside of the graph must not be there at all if TensorFlow may run
    it during the import.
    """
    graph = model.graph()
    made = behavior.apply_to_reference(graph, FedSources)
    roots = [tensor.name for item in signatures for tensor in item.outputs.values()]
    run_passes([Prune([*(graph.value(name).node.name for name in roots), *kept])], graph)
    if any(runs_at_import(item.op) for item in side_effects(graph, model.catalog, (), None)):
        return None
    inside = nodes_in_loops(graph) if bound else set()
    fed = {name: value for name, value in {**bound, **made.fed}.items() if _node_name(name) in graph}
    if replacements(graph, set(graph)) or any(graph.value(name).node in inside for name in fed):
        return None
    if any(node.op in known_facts() and not runs_in_a_session(node.op) for node in graph):
        return None
    drop_placement(graph, model.catalog)
    inputs = [tensor.name for item in signatures for tensor in item.inputs.values() if _node_name(tensor.name) in graph]
    statistics = {name: item for name, item in made.statistics.items() if _node_name(name) in graph}
    fed = _of_idle_branches(graph, {*inputs, *fed, *statistics}) | fed
    return Original(graph, {name: name for name in inputs}, {name: name for name in roots}, fed, statistics)


def _of_idle_branches(graph: Graph, given: Collection[str]) -> dict[str, np.ndarray]:
    """Returns values for the placeholders that nothing else feeds.

    Only branches that are not taken depend on them: the model has no such inputs, but a session asks for them.
    """
    nodes = [node for node in graph if node.op in PLACEHOLDER_OPS and node.output().name not in given]
    return {node.output().name: _zeros(node) for node in nodes}


def _zeros(node: Node) -> np.ndarray:
    row = dtypes.by_number(dtypes.base(node.attr.type("dtype")))
    shape = [1 if size is None else size for size in node.attr.shape("shape") or ()]
    return np.full(shape, b"", object) if row.name == "string" else np.zeros(shape, row.numpy)


def _node_name(tensor: str) -> str:
    return tensor.partition(":")[0]


def cut(
    model: LegacyModel,
    signatures: Sequence[Signature],
    bound: Mapping[str, np.ndarray],
    behavior: TrainingBehavior,
    kept: Sequence[str],
) -> Original:
    """Returns steps 2 and 3: the graph between the inputs and the outputs, each with a node of its own.

    The nodes in `kept` stay as well: the variables, and what fills the lookup tables.
    """
    graph = model.graph()
    made = behavior.apply_to_reference(graph, FedSources)
    nodes = CutPoints.of(graph, signatures)
    roots = [*(node for node, _ in nodes.outputs.values()), *kept]
    run_passes([ExposeOutputs(nodes.outputs), BindInputs(bound), ExposeInputs(nodes.inputs), Prune(roots)], graph)
    catalog = OpCatalog.of(graph, model.meta.stripped_ops)
    drop_placement(graph, catalog)
    passes = replacements(graph, set(graph))
    rewrites = [*run_passes(passes, graph), *run_in_functions(passes, graph, catalog)]
    run_passes([Prune(roots)], graph)
    notes = ["Only the part of the original graph that the signatures need could be executed."]
    if rewrites:
        ops = "; ".join(item.detail for item in rewrites)
        notes.append(
            "Ops that today's TensorFlow cannot run as they were had to be replaced in the reference run as well "
            f"({ops})."
        )
    feeds = {name: f"{spec.node}:0" for name, spec in nodes.inputs.items() if spec.node in graph}
    fed = _of_idle_branches(graph, {*feeds.values(), *made.fed, *made.statistics}) | made.fed
    fetches = {name: f"{node}:0" for name, (node, _) in nodes.outputs.items()}
    return Original(graph, feeds, fetches, fed, made.statistics, tuple(notes))
