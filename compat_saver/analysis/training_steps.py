"""Finds the training steps of a graph: the ops that a program runs to train, what each changes, and its losses.

A training step is what changes variables by gradients: through the Apply ops of an optimizer, or by assignments of what
is computed from a gradient, as in optimizers written by hand. The op that a program runs depends on these changes and
on what else belongs to the step, and nothing depends on it.

The graph does not say which tensor a gradient was taken of: the gradient starts with ones of the shape of that tensor.
What reads them is in the name scope of the op's own gradient. Source: _DefaultGradYs and _GradientsHelper in
tensorflow/python/ops/gradients_util.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from compat_saver import dtypes
from compat_saver.analysis.loss_scaling import unscaled
from compat_saver.analysis.training_behavior.scalars import scalar
from compat_saver.analysis.walk import downstream, needed_by, nodes_in_loops, origin
from compat_saver.graph import Graph, Node, OpCatalog, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, HANDLE_CARRIERS

_APPLY = re.compile(r"(Resource)?(Sparse)?Apply\w+")
_CHANGE = re.compile(rf"{_APPLY.pattern}|(Resource)?(Assign\w*|Scatter\w+|StridedSliceAssign|CountUpTo)")
_SUMS = ("Add", "AddV2", "AddN", "Identity")
_ONES = ("Fill", "Const", "OnesLike")
_GRADIENT = re.compile(r"_grad(_\d+)?/")
_RESOURCE = dtypes.by_name("resource").number


@dataclass(frozen=True)
class TrainingStep:
    """What a program runs to train once.

    Attributes:
        op: the name of the op that it runs.
        updates: the variables that the step changes, in the graph's order.
        losses: the tensors that the gradients were taken of, without a scale that is undone (`loss_scaling`).
        counters: those of `updates` that are integers without dimensions.
        changes: the nodes that change variables.
    """

    op: str
    updates: tuple[str, ...]
    losses: tuple[str, ...]
    counters: tuple[str, ...]
    changes: tuple[str, ...]


class TrainingSteps:
    """The training steps of one graph.

    Args:
        graph: the graph as it was read.
        catalog: the op definitions that hold for it.
    """

    def __init__(self, graph: Graph, catalog: OpCatalog) -> None:
        self._graph = graph
        self._changes = {node: found for node in graph if (found := changed_variables(node, catalog))}
        self._starts = dict(gradient_starts(graph))
        self._in_loops = nodes_in_loops(graph)

    def find(self, collected: Iterable[str] = ()) -> list[TrainingStep]:
        """Returns the steps in the graph's order.

        Args:
            collected: the names in the collection `train_op`; those that no step found otherwise includes are steps.
        """
        roots = self._roots()
        reached = self._graph.ancestors(roots)
        for name in collected:
            node = self._graph.get(name.lstrip("^").partition(":")[0])
            if node is not None and node not in reached and self._changed_before(self._graph.ancestors([node])):
                roots.append(node)
        return [self.step(node.name) for node in self._graph if node in roots]

    def step(self, op: str) -> TrainingStep:
        """Returns what an op does as a training step; it may change nothing.

        Raises:
            NameNotFoundError: there is no such op.
        """
        root = self._graph[op]
        needed = self._graph.ancestors([root])
        changes = self._changed_before(needed)
        changed = {variable for node in changes for variable in self._changes[node]}
        updates = [node for node in self._graph if node in changed]
        return TrainingStep(
            op=root.name,
            updates=tuple(node.name for node in updates),
            losses=tuple(value.name for value in self._losses(needed)),
            counters=tuple(node.name for node in updates if _is_counter(node)),
            changes=tuple(node.name for node in changes),
        )

    def _changed_before(self, needed: Collection[Node]) -> list[Node]:
        return [node for node in self._changes if node in needed]

    def _losses(self, needed: Collection[Node]) -> list[Value]:
        """Returns what the gradients among some nodes were taken of, before it was scaled for them.

        A gradient within a loss, a penalty, is none of these.
        """
        found = {start: value for start, value in self._starts.items() if start in needed}
        behind = {start: self._graph.ancestors([value.node]) for start, value in found.items()}
        inner = {start for start in found if any(start in nodes for nodes in behind.values())}
        outer = {start: found[start] for start in found if start not in inner}
        losses = [unscaled(value, start, self._changes.keys()) for start, value in outer.items()]
        return [value for value in dict.fromkeys(losses) if value.node not in self._in_loops]

    def _roots(self) -> list[Node]:
        """Returns the ops that nothing depends on and that change variables by gradients.

        Of ops with the same such changes, the one with the most other changes counts.
        """
        trained = set(self._by_gradients())
        roots = [node for node in self._graph.dependents(trained) if _is_last(node)]
        bits = needed_by(roots)
        found: dict[frozenset[Node], tuple[int, Node]] = {}
        for place, root in enumerate(roots):
            changes = frozenset(node for node in self._changes if bits.get(node, 0) >> place & 1)
            key, (most, _) = changes & trained, found.get(changes & trained, (-1, root))
            if len(changes) > most:
                found[key] = len(changes), root
        return [root for key, (_, root) in found.items() if not any(key < other for other in found)]

    def _by_gradients(self) -> Iterator[Node]:
        """Yields what changes a variable by a gradient."""
        gradients = downstream(self._starts)
        for node in self._changes:
            if _APPLY.fullmatch(node.op) or any(value.node in gradients for value in node.inputs[1:]):
                yield node


def changed_variables(node: Node, catalog: OpCatalog) -> tuple[Node, ...]:
    """Returns the variables that a node changes."""
    if not _CHANGE.fullmatch(node.op) or catalog.find(node.op) is None:
        return ()
    types = zip(node.inputs, catalog.input_types(node), strict=False)
    changed = (origin(value, HANDLE_CARRIERS).node for value, number in types if _is_handle(number))
    return tuple(dict.fromkeys(variable for variable in changed if variable.op in ANY_VARIABLE_OPS))


def gradient_starts(graph: Graph) -> Iterator[tuple[Node, Value]]:
    """Yields (the ones that a gradient starts with, the tensor it was taken of)."""
    for node in graph:
        if node.op in _ONES and (value := _differentiated(graph, node)) is not None and _is_one(node):
            yield node, value


def _differentiated(graph: Graph, start: Node) -> Value | None:
    """Returns the tensor in whose gradient a node is read: `S/start` by `S/OP_grad/...`.

    The gradient of a sum adds no op: what reads the start is in the gradients of the terms.
    """
    scope = start.name.rpartition("/")[0]
    if not scope:
        return None
    names = [use.node.name for use in start.output().uses]
    inside = [name.removeprefix(f"{scope}/") for name in names if name.startswith(f"{scope}/")]
    terms = list(dict.fromkeys(node for name in inside if (node := _graded(graph, name)) is not None))
    if not terms:
        return None
    return ((_sum_of(terms) if len(terms) > 1 else None) or terms[0]).output()


def _graded(graph: Graph, name: str) -> Node | None:
    """Returns the op in whose gradient a name is."""
    found = (graph.get(name[: match.start()]) for match in reversed([*_GRADIENT.finditer(name)]))
    return next((node for node in found if node is not None), None)


def _sum_of(terms: Sequence[Node]) -> Node | None:
    """Returns the first node that adds up all of some terms, by way of other sums."""
    reached = [_sums([term]) for term in terms]
    return next((node for node in reached[0] if all(node in others for others in reached)), None)


def _sums(pending: list[Node]) -> dict[Node, None]:
    """Returns a node and the sums of it, sums of these and so on, the nearest first."""
    found = dict.fromkeys(pending)
    for node in pending:
        readers = dict.fromkeys(use.node for use in node.output().uses if use.node.op in _SUMS)
        pending += [reader for reader in readers if reader not in found]
        found |= readers
    return found


def _is_one(node: Node) -> bool:
    if node.op == "Fill":
        return scalar(node.inputs[1]) == 1
    return node.op == "OnesLike" or scalar(node.output()) == 1


def _is_handle(number: int) -> bool:
    return dtypes.is_ref(number) or number == _RESOURCE


def _is_counter(variable: Node) -> bool:
    return dtypes.by_number(variable.attr.type("dtype")).is_integer and variable.attr.shape("shape") == ()


def _is_last(node: Node) -> bool:
    return not node.control_uses and not any(value.uses for value in node.used_outputs)
