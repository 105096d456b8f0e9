"""Takes the branch that a constant predicate selects, and drops the other one.

A batch norm whose `is_training` is bound evaluates the same predicate at every step. Folded, it is plain arithmetic:
`Prune` removes the dead branch and what only it needs, and TensorFlow 2 can differentiate the rest.

A v1 cond consists of Switch ops, which kill one of their outputs, and Merge ops, which forward the input that is alive.
An op is dead as soon as one input is, over data or control edges. Three cases:

1. A Switch with a constant predicate: readers of the live output read the Switch's input; the other output is dead.
2. A Merge with a single live input: its readers read that input; its `value_index` becomes a constant. It becomes an
   Identity itself, because its output may be requested by name.
3. Any other op with a dead input is dead itself; so is a Merge without a live one, and the Merge of a loop that nothing
   enters.

No search is repeated: each change queues the nodes that it may affect.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import MERGE_OPS, NEXT_ITERATION_OPS, SWITCH_OPS
from compat_saver.passes.base import Pass, Rewrite

_LOGIC = ("Identity", "StopGradient", "Cast", "LogicalNot", "LogicalAnd", "LogicalOr")
_COMPARISONS: dict[str, np.ufunc] = {
    "Equal": np.equal,
    "NotEqual": np.not_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
}
_INT32 = 3
_BOOL = 10


class FoldConditionals(Pass):
    """Folds every v1 cond whose predicate is a constant, or computed from constants by comparisons and logical ops."""

    name = "fold_conditionals"

    def apply(self, graph: Graph) -> Rewrite:
        """Folds them all; a predicate that only becomes constant by a fold is found too."""
        count = _Folder(graph).run()
        return Rewrite(self.name, count, f"{count:,} switches with a constant predicate")


class _Folder:
    """Folds one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._truths: dict[Value, bool] = {}
        self._dead: set[Value] = set()
        self._folded: set[Node] = set()
        self._buried: set[Node] = set()
        self._unevaluated = deque(graph)
        self._dying: deque[Node] = deque()
        self._halved: deque[Node] = deque()  # merges that may have a single live input left

    def run(self) -> int:
        """Folds until nothing is left to look at and returns how many switches that were.

        All that is dead is known before a Merge decides.
        """
        while self._unevaluated or self._dying or self._halved:
            if self._unevaluated:
                self._evaluate(self._unevaluated.popleft())
            elif self._dying:
                self._die(self._dying.popleft())
            else:
                self._fold_merge(self._halved.popleft())
        return len(self._folded)

    def _evaluate(self, node: Node) -> None:
        """Folds a switch whose predicate is known by now, or learns the truth of a predicate."""
        if node.op in SWITCH_OPS:
            taken = self._truths.get(node.inputs[1]) if len(node.inputs) == 2 else None
            if taken is not None and node not in self._folded:
                self._fold_switch(node, taken)
        elif node.output() not in self._truths:
            truth = _truth(node, self._truths)
            if truth is not None:
                self._truths[node.output()] = truth
                self._unevaluated.extend(use.node for use in node.output().uses)

    def _fold_switch(self, node: Node, taken: bool) -> None:
        """Case 1."""
        self._folded.add(node)
        self._bypass(node.output(int(taken)), node.inputs[0])
        self._kill(node.output(int(not taken)))

    def _bypass(self, value: Value, source: Value) -> None:
        """Makes what reads `value` read its source, and looks at it again."""
        readers = [use.node for use in value.uses]
        value.replace_uses(source)
        self._unevaluated.extend(readers)
        if source in self._dead:
            self._dying.extend(readers)

    def _kill(self, value: Value) -> None:
        self._dead.add(value)
        self._dying.extend(use.node for use in value.uses)

    def _die(self, node: Node) -> None:
        """Case 3."""
        if node.op in MERGE_OPS and any(value not in self._dead for value in _entries(node)):
            self._halved.append(node)
        elif node not in self._buried:
            self._buried.add(node)
            for value in node.used_outputs:
                self._kill(value)
            self._dying.extend(node.control_uses)

    def _fold_merge(self, merge: Node) -> None:
        """Case 2, if it is one."""
        alive = [index for index, value in enumerate(merge.inputs) if value not in self._dead]
        if merge.op not in MERGE_OPS or len(alive) != 1:
            return
        (index,) = alive
        live = merge.inputs[index]
        self._bypass(merge.output(0), live)
        merge.replace_control_uses(live.node)
        if merge.output(1).uses:
            attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(np.array(index, np.int32))}
            constant = self._graph.add("Const", self._graph.unique_name(f"{merge.name}/value_index"), attrs=attrs)
            merge.output(1).replace_uses(constant.output())
        merge.op, merge.attrs = "Identity", {key: value for key, value in merge.attrs.items() if key == "T"}
        merge.set_inputs([live])


def _entries(merge: Node) -> list[Value]:
    """Returns the inputs that can arrive first: a value that goes around a loop must have entered it."""
    return [value for value in merge.inputs if value.node.op not in NEXT_ITERATION_OPS]


def _truth(node: Node, known: dict[Value, bool]) -> bool | None:
    """Returns the truth value of a node's first output, or None where that depends on unknown values."""
    if node.op == "Const":
        return _constant_truth(node)
    if node.op in _COMPARISONS:
        return _compared(node)
    if node.op not in _LOGIC or not node.inputs or (node.op == "Cast" and node.attr.type("DstT") != _BOOL):
        return None
    truths = [known.get(value) for value in node.inputs]
    if node.op in ("LogicalAnd", "LogicalOr"):
        decisive = node.op == "LogicalOr"
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive
    return truths[0] if truths[0] is None or node.op != "LogicalNot" else not truths[0]


def _compared(node: Node) -> bool | None:
    """Returns the result of comparing two constants: a training-mode input may be a text or a number."""
    values = [value for value in (_scalar(item.node) for item in node.inputs) if value is not None]
    return bool(_COMPARISONS[node.op](*values)) if len(values) == len(node.inputs) == 2 else None


def _constant_truth(node: Node) -> bool | None:
    value = _scalar(node)
    # Early Keras used a number for its learning phase.
    return bool(value) if value is not None and value.dtype.kind in "bu" else None


def _scalar(node: Node) -> np.ndarray | None:
    """Returns the value of a scalar Const, or None."""
    from compat_saver.proto.tensors import to_array

    message = node.attr.tensor("value") if node.op == "Const" else None
    if message is None or message.tensor_shape.dim or message.tensor_shape.unknown_rank:
        return None
    return to_array(message)
