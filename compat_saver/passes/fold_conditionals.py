"""Takes the branch that a constant predicate takes, and forgets the other one.

A batch norm whose `is_training` is bound asks the same question at every step. Folded, it is plain arithmetic: the dead
branch and what only it needs fall to `Prune`, and TensorFlow 2 has gradients through the rest.

A v1 cond is made of Switch ops, which kill one of their outputs, and Merge ops, which hand on the input that is alive.
An op is dead as soon as one input is, over data or control edges. Three cases:

1. A Switch with a constant predicate: those who read the live output read the Switch's input; the other output is dead.
2. A Merge with a single live input: those who read it read that input; its `value_index` becomes a constant. It
   becomes an Identity itself, for it may be an output that is asked for by name.
3. Any other op with a dead input is dead itself.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.passes.base import Pass, Rewrite

_SWITCHES = ("Switch", "RefSwitch")
_MERGES = ("Merge", "RefMerge")
_INT32 = 3


class FoldConditionals(Pass):
    """Folds every v1 cond whose predicate is a constant, or computed from constants by logical ops."""

    name = "fold_conditionals"

    def apply(self, graph: Graph) -> Rewrite:
        """Folds them all; a predicate that only becomes constant by a fold is found too."""
        folded: set[Node] = set()
        while True:
            dead = _fold_switches(graph, folded)
            if not dead:
                return Rewrite(self.name, len(folded), f"{len(folded):,} switches with a constant predicate")
            _fold_merges(graph, _spread(dead))


def _fold_switches(graph: Graph, folded: set[Node]) -> list[Value]:
    """Case 1, for the switches not folded yet, which it adds; returns their dead outputs."""
    truths = _Truths()
    dead = []
    for node in graph:
        taken = truths.of(node.inputs[1]) if node.op in _SWITCHES and node not in folded else None
        if taken is not None:
            folded.add(node)
            node.output(int(taken)).replace_uses(node.inputs[0])
            dead.append(node.output(int(not taken)))
    return dead


class _Truths:
    """The truth of predicates as far as constants decide it."""

    def __init__(self) -> None:
        self._known: dict[Value, bool | None] = {}

    def of(self, value: Value) -> bool | None:
        """Returns True, False, or None where it depends on more than constants."""
        if value not in self._known:
            self._known[value] = None  # a loop's predicate depends on itself
            self._known[value] = self._ask(value.node)
        return self._known[value]

    def _ask(self, node: Node) -> bool | None:
        if node.op == "Const":
            return _constant_truth(node)
        if node.op in ("Identity", "StopGradient"):
            return self.of(node.inputs[0])
        if node.op == "LogicalNot":
            truth = self.of(node.inputs[0])
            return None if truth is None else not truth
        if node.op in ("LogicalAnd", "LogicalOr"):
            decisive = node.op == "LogicalOr"
            truths = [self.of(value) for value in node.inputs]
            if decisive in truths:
                return decisive
            return None if None in truths else not decisive
        return None


def _constant_truth(node: Node) -> bool | None:
    from compat_saver.proto.tensors import to_array

    message = node.attr.tensor("value")
    if message is None or message.tensor_shape.dim or message.tensor_shape.unknown_rank:
        return None
    value = to_array(message)
    return bool(value) if value.dtype == np.bool_ else None


def _spread(dead: list[Value]) -> dict[Value, None]:
    """Returns the dead values and all that dies with them, up to the Merge ops that outlive them."""
    values = dict.fromkeys(dead)
    nodes: set[Node] = set()
    pending = deque(use.node for value in dead for use in value.uses)
    while pending:
        node = pending.popleft()
        if node in nodes or (node.op in _MERGES and not all(value in values for value in node.inputs)):
            continue
        nodes.add(node)
        for value in node.used_outputs:
            values[value] = None
            pending.extend(use.node for use in value.uses)
        pending.extend(node.control_uses)
    return values


def _fold_merges(graph: Graph, dead: dict[Value, None]) -> None:
    """Case 2, for the merges that the dead values reach."""
    for merge in dict.fromkeys(use.node for value in dead for use in value.uses):
        alive = [index for index, value in enumerate(merge.inputs) if value not in dead]
        if merge.op not in _MERGES or len(alive) != 1:
            continue
        (index,) = alive
        live = merge.inputs[index]
        merge.output(0).replace_uses(live)
        merge.replace_control_uses(live.node)
        if merge.output(1).uses:
            attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(np.array(index, np.int32))}
            constant = graph.add("Const", graph.unique_name(f"{merge.name}/value_index"), attrs=attrs)
            merge.output(1).replace_uses(constant.output())
        merge.op, merge.attrs = "Identity", {key: value for key, value in merge.attrs.items() if key == "T"}
        merge.set_inputs([live])
