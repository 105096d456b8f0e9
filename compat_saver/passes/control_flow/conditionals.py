"""Finds the conditionals of a graph: which nodes run only if a predicate has a certain value, and what joins them.

A Switch kills one of its outputs, an op with a dead input is dead, a Merge hands out the input that is alive. So every
node has a list of decisions that must have fallen for it to run, the outermost first:

1. An output of a Switch: the decisions of its inputs, then its own.
2. A Merge of two values whose decisions differ in the last one only, which is the same predicate, true and false: what
   they have in common. So too with any other Merge, but that one stays. What a Merge waits for may be dead.
3. Any other node: the decisions of all its inputs, over data and control edges.

Merges behind the same predicate are one conditional if they share nodes, or the Switches of one predicate node; an If
then computes each node once. Only outermost conditionals are found here; the branches are graphs of their own later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from compat_saver.graph.ir import Graph, Node, Value

Decision = tuple[Value, bool]
Decisions = tuple[Decision, ...]


@dataclass
class Conditional:
    """An outermost conditional.

    Attributes:
        predicate: a scalar truth value outside.
        merges: what it hands out.
        nodes: those of the true and those of the false branch.
        edges: what its Switches let in -> the value outside.
        switches: the Switches themselves, which are outside.
        shared: those of its nodes that stay, since another conditional has them too.
    """

    predicate: Value
    merges: dict[Node, None] = field(default_factory=dict)
    nodes: tuple[dict[Node, None], dict[Node, None]] = field(default_factory=lambda: ({}, {}))
    edges: dict[Value, Value] = field(default_factory=dict)
    switches: dict[Node, None] = field(default_factory=dict)
    shared: set[Node] = field(default_factory=set)

    @property
    def inside(self) -> set[Node]:
        """The nodes of both branches."""
        return self.nodes[0].keys() | self.nodes[1].keys()

    @property
    def name(self) -> str:
        """The name of its first Merge."""
        return next(iter(self.merges)).name

    def position(self, merge: Node, branch: bool, decisions: dict[Value, Decisions]) -> int:
        """Returns which input of a Merge comes from a branch."""
        wanted = (self.predicate, branch)
        return next(index for index, value in enumerate(merge.inputs) if decisions[value][-1] == wanted)


class Decided:
    """The decisions that each value of a graph depends on.

    Args:
        graph: its loops are read as far as they will be: a frame that is left counts as one op.
    """

    def __init__(self, graph: Graph) -> None:
        self.values: dict[Value, Decisions] = {}
        self.nodes: dict[Node, Decisions] = {}
        self.unread: dict[Node, str] = {}
        for node in in_order(graph):
            self._decide(node)

    def predicates(self, merge: Node) -> set[Value]:
        """Returns what the inputs of a Merge depend on."""
        return {predicate for value in merge.inputs for predicate, _ in self.values.get(value, ())}

    def _decide(self, node: Node) -> None:
        if node.op == "Merge":
            found = self._joined(node)
        else:
            found = ()
            for value in node.inputs:
                found = _both(found, self.values.get(value, ()))
            for other in node.control_inputs:
                found = _both(found, self.nodes.get(other, ()))
        self.nodes[node] = found
        is_switch = node.op == "Switch" and node.inputs[1].node.op != "LoopCond"
        for value in node.used_outputs:
            last = ((canonical(node.inputs[1]), value.index == 1),) if is_switch else ()
            self.values[value] = _both(found, last)

    def _joined(self, merge: Node) -> Decisions:
        """Case 2."""
        entries = [value for value in merge.inputs if value.node.op != "NextIteration"]
        decided = [self.values.get(value, ()) for value in entries]
        found = decided[0]
        for other in decided[1:]:
            found = tuple(item for item, same in zip(found, other, strict=False) if item == same)
        if len(merge.inputs) == len(entries) and not _are_opposite(decided, len(found)):
            self.unread[merge] = f"the inputs of {merge.name!r} do not depend on one decision and its opposite"
        return found


def _are_opposite(decided: list[Decisions], depth: int) -> bool:
    """Whether two lists of decisions end, behind what they have in common, with one predicate true and false."""
    if len(decided) != 2 or any(len(item) != depth + 1 for item in decided):
        return False
    (first, one), (second, other) = decided[0][-1], decided[1][-1]
    return first is second and one != other


def canonical(value: Value) -> Value:
    """Returns what a predicate is a copy of: tf.cond switches by an Identity of its predicate, and by that itself."""
    while value.node.op == "Identity":
        value = value.node.inputs[0]
    return value


def _both(first: Decisions, second: Decisions) -> Decisions:
    """Returns the decisions of two, in the order of the first."""
    if second[: len(first)] == first:
        return second
    if first[: len(second)] == second:
        return first
    return tuple(dict.fromkeys((*first, *second)))


def in_order(graph: Graph) -> Iterator[Node]:
    """Yields the nodes, each after what it needs; the way back in a loop does not count."""
    missing: dict[Node, int] = {}
    ready: deque[Node] = deque()
    for node in graph:
        needed = set(needed_by(node))
        missing[node] = len(needed)
        if not needed:
            ready.append(node)
    while ready:
        node = ready.popleft()
        yield node
        for user in users_of(node):
            if node.op == "NextIteration" and user.op == "Merge":
                continue
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)


def needed_by(node: Node) -> Iterator[Node]:
    """Yields what a node needs; the way back in a loop does not count."""
    for value in node.inputs:
        if not (node.op == "Merge" and value.node.op == "NextIteration"):
            yield value.node
    yield from node.control_inputs


def users_of(node: Node) -> set[Node]:
    """Returns what reads a node or waits for it."""
    return {*(use.node for value in node.used_outputs for use in value.uses), *node.control_uses}


class Finder:
    """Finds the outermost conditionals of one graph.

    Args:
        graph: without loops that could be read.
        decided: of that graph.
    """

    def __init__(self, graph: Graph, decided: Decided) -> None:
        self._graph = graph
        self._decided = decided
        self._leader: dict[object, object] = {}
        self._merges = [
            node for node in graph if node.op == "Merge" and node in decided.nodes and _is_outermost(node, decided)
        ]

    def find(self) -> list[Conditional]:
        """Returns them in the graph's order."""
        owners = {node: (merge, branch) for merge in self._merges for node, branch in self._branches(merge)}
        found: dict[object, Conditional] = {}
        for merge in self._merges:
            predicate = self._decided.values[merge.inputs[0]][-1][0]
            found.setdefault(self._group(merge), Conditional(predicate)).merges[merge] = None
        for node in self._graph:
            if node in owners:
                merge, branch = owners[node]
                found[self._group(merge)].nodes[branch][node] = None
        for made in found.values():
            self._add_edges(made)
        return list(found.values())

    def part(self, whole: Conditional, merges: Iterable[Node]) -> Conditional:
        """Returns a conditional of some Merges of another one, with those of its nodes that they need."""
        made = Conditional(whole.predicate, dict.fromkeys(merges))
        for branch in (False, True):
            entries = (merge.inputs[whole.position(merge, branch, self._decided.values)] for merge in made.merges)
            waits = (node for merge in made.merges for node in merge.control_inputs)
            needed = _needed_within(whole.nodes[branch], [*(value.node for value in entries), *waits])
            made.nodes[branch].update((node, None) for node in whole.nodes[branch] if node in needed)
        self._add_edges(made)
        return made

    def _branches(self, merge: Node) -> Iterator[tuple[Node, bool]]:
        """Yields the nodes that a Merge is the first to need, and joins it with those that needed others before."""
        for value in merge.inputs:
            decision = self._decided.values[value][-1]
            pending = [value.node, *merge.control_inputs]
            self._meet(merge, value)
            while pending:
                node = pending.pop()
                key = (node, decision[1])
                if self._decided.nodes.get(node, ())[:1] != (decision,) or key in self._leader:
                    if key in self._leader:
                        self._join(merge, key)
                    continue
                self._join(merge, key)
                yield node, decision[1]
                for item in node.inputs:
                    self._meet(merge, item)
                    pending.append(item.node)
                pending += node.control_inputs

    def _meet(self, merge: Node, value: Value) -> None:
        """Joins a Merge with all that read Switches of one predicate node; one that switches itself is a mere pivot."""
        switch = value.node
        if self._lets_in(value) and canonical(switch.inputs[0]) is not canonical(switch.inputs[1]):
            self._join(merge, switch.inputs[1])

    def _lets_in(self, value: Value) -> bool:
        """Whether a value is what a Switch of an outermost conditional lets into a branch."""
        is_outermost = value.node.op == "Switch" and not self._decided.nodes[value.node]
        return is_outermost and bool(self._decided.values[value])

    def _group(self, key: object) -> object:
        while self._leader.setdefault(key, key) is not key:
            leader = self._leader[key]
            self._leader[key] = self._leader[leader]
            key = leader
        return key

    def _join(self, merge: Node, key: object) -> None:
        self._leader[self._group(key)] = self._group(merge)

    def _add_edges(self, made: Conditional) -> None:
        """Notes the Switches that let something into the branches."""
        merged = (value for merge in made.merges for value in merge.inputs)
        read = (value for nodes in made.nodes for node in nodes for value in node.inputs)
        for value in (*merged, *read):
            if self._lets_in(value):
                made.edges[value] = value.node.inputs[0]
                made.switches[value.node] = None
        for nodes in made.nodes:
            for node in nodes:
                for other in node.control_inputs:
                    if other.op == "Switch" and not self._decided.nodes[other]:
                        made.switches[other] = None


def _needed_within(nodes: Collection[Node], pending: list[Node]) -> set[Node]:
    """Returns those of some nodes that others need, and these themselves as far as they are among them."""
    needed: set[Node] = set()
    while pending:
        node = pending.pop()
        if node in nodes and node not in needed:
            needed.add(node)
            pending += [*(value.node for value in node.inputs), *node.control_inputs]
    return needed


def _is_outermost(merge: Node, decided: Decided) -> bool:
    is_header = any(value.node.op == "NextIteration" for value in merge.inputs)
    return not (is_header or decided.nodes[merge] or merge in decided.unread)
