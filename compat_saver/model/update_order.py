"""Orders what a training step reads and what it changes, where TensorFlow 1 left that open.

A program may group a moving average with the update of the weights that it averages: whether it sees the weights before
or after the update is then decided by chance, in each run anew. Of the orders that TensorFlow 1 allows a migrated step
has one, and the reference run has the same: a change of a variable waits for everything that reads or changes the value
before, unless that depends on the change.

A wait leads neither into a loop or a branch nor out of one: a change inside a loop waits for nothing more, and what is
read in a loop or branch is waited for where it has come out. A wait that would close a circle with others is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from compat_saver import dtypes
from compat_saver.analysis.training_steps import changed_variables
from compat_saver.analysis.walk import needed_by, nodes_in_branches, nodes_in_loops
from compat_saver.graph import Graph, Node, OpCatalog, Value
from compat_saver.graph.ir import Use
from compat_saver.graph.op_sets import HANDLE_CARRIERS, SAME_BUFFER_OPS
from compat_saver.passes.retype import carried_to
from compat_saver.passes.structure.reference_semantics import nodes_after


def order_updates(
    graph: Graph, catalog: OpCatalog, changes: Sequence[Node], step: Node, before: Iterable[Node]
) -> None:
    """Lets the changes of a step wait for what reads before them.

    Args:
        graph: the graph, which gets further control edges.
        catalog: the op definitions that hold for it.
        changes: the nodes that change variables.
        step: the op that the program runs.
        before: further nodes that run before any change which they do not depend on.
    """
    needed = graph.ancestors([step])
    waits = _Waits(changes)
    outside = _Outside(graph)
    first = [out for node in before for out in outside.of(node)]
    for change in reversed(changes):  # so that of two changes of one variable the first in the graph runs first
        if change in outside.loops:
            continue
        users = {user: None for variable in changed_variables(change, catalog) for user in _users(variable, catalog)}
        read = (node for user in users if user in needed for node in outside.of(user))
        for node in dict.fromkeys([*first, *read]):
            waits.add(change, node)


def _users(variable: Node, catalog: OpCatalog) -> Iterator[Node]:
    """Yields what reads a variable's content or changes it, by way of all ops that forward its buffer."""
    pending = [variable.output()]
    seen = set(pending)
    while pending:
        for use in pending.pop().uses:
            forwarded = [value for value in _forwarded(use, catalog) if value not in seen]
            if not forwarded or _is_change(use, catalog):
                yield use.node
            pending += forwarded
            seen.update(forwarded)


def _forwarded(use: Use, catalog: OpCatalog) -> Iterable[Value]:
    """Returns the outputs of a node that are the buffer that it takes."""
    if use.position == 0 and (use.node.op in SAME_BUFFER_OPS or _is_change(use, catalog)):
        return [use.node.output()]
    return [use.node.output(port) for port in carried_to(use.node.inputs[use.position], use.position, use.node.op)]


def _is_change(use: Use, catalog: OpCatalog) -> bool:
    """Whether a node gives back the reference that it takes, with another content."""
    if use.node.op in HANDLE_CARRIERS or catalog.find(use.node.op) is None:
        return False
    return any(map(dtypes.is_ref, catalog.output_types(use.node)[:1]))


class _Outside:
    """Where in no loop and in no branch a node's outputs have come out.

    Attributes:
        loops: the nodes in loops.
    """

    def __init__(self, graph: Graph) -> None:
        self.loops = nodes_in_loops(graph)
        self._inside = self.loops | nodes_in_branches(graph, self.loops)

    def of(self, node: Node) -> list[Node]:
        """Returns the node itself if it is outside, else the first nodes outside that depend on its outputs."""
        found = {node: None}
        for reader in (pending := [node]):
            if reader in self._inside:
                users = dict.fromkeys(use.node for value in reader.used_outputs for use in value.uses)
                pending += [user for user in users if user not in found]
                found |= users
        return [item for item in found if item not in self._inside]


class _Waits:
    """Adds control edges to changes, but for those that are implied and those that would close a circle."""

    def __init__(self, changes: Sequence[Node]) -> None:
        self._places = {change: place for place, change in enumerate(changes)}
        self._needed_by = needed_by(changes)
        self._after = nodes_after([change] for change in changes)
        # Change -> all changes that run before it, by bits; the added edges count.
        self._before = [self._after.get(change, 0) for change in changes]

    def add(self, change: Node, node: Node) -> None:
        """Lets a change wait for a node."""
        own = 1 << self._places[change]
        if self._needed_by.get(node, 0) & own:
            return
        before = self._all_before(node)
        if not before & own:
            change.add_control_input(node)
            self._before = [bits | before if (bits | 1 << i) & own else bits for i, bits in enumerate(self._before)]

    def _all_before(self, node: Node) -> int:
        """Returns the changes that run before a node, or are it."""
        bits = self._after.get(node, 0) | (1 << self._places[node] if node in self._places else 0)
        for place, others in enumerate(self._before):
            if bits >> place & 1:
                bits |= others
        return bits
