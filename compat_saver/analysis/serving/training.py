"""Recognises what only training, saving or initializing needs, and which variables training changes."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator

from compat_saver import dtypes
from compat_saver.analysis.values.roles import slots_of_graph
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.analysis.walk import origin
from compat_saver.graph.ir import Graph, Node

_GRADIENTS_SCOPE = re.compile(r"(gradients|grads)(_\d+)?")
_TRAINING_SCOPE = re.compile(
    r"(gradients|grads|save|train_op|init|report_\w+|AssignMovingAvg"
    r"|Adam|AdamW|Adagrad|AdagradDA|Adadelta|GradientDescent|Momentum|RMSProp|Ftrl|ProximalAdagrad"
    r"|ProximalGradientDescent)(_\d+)?"
)
_TRAINING_OP = re.compile(
    r"(Sparse)?Apply\w+|ResourceApply\w+|ResourceSparseApply\w+|Assign\w*|Scatter(Add|Sub|Update|Mul|Div|Max|Min|Nd\w*)"
    r"|\w*Summary(V2)?|Save\w*|Restore\w*|NoOp|Assert|\w+Grad"
)
_CHANGING_OP = re.compile(r"(Resource)?(Sparse)?Apply\w+|(Resource)?(Assign|Scatter)\w*")
_SETTING = ("Assign", "AssignVariableOp")
_TREES = re.compile(r"(BoostedTreesEnsemble|(TensorForest|Decision)Tree(Ensemble)?)ResourceHandleOp")
_APPLY_OP = re.compile(r"(Resource)?(Sparse)?Apply\w+")
# The gradient of a functional While fills such lists in the While of the model, which is no training for that.
_EMPTY_LISTS = ("EmptyTensorList", "TensorListReserve")
UPDATE_SCOPE = "update_"
"""What tf.train.Optimizer begins the scope of each variable's update with."""
GRADIENT_OF = re.compile(r"(?:^|/)gradients(?:_\d+)?/(.+?)_grad/")
"""Found in the name of a gradient: the node that it was taken through."""


def is_training(node: Node) -> bool:
    """Whether a node belongs to training, saving or initializing by its op or its scope."""
    return bool(_TRAINING_OP.fullmatch(node.op)) or _is_training_scope(node.name.rpartition("/")[0])


@functools.lru_cache(maxsize=1 << 14)
def _is_training_scope(scope: str) -> bool:
    return any(_TRAINING_SCOPE.fullmatch(word) for word in scope.split("/"))


@functools.lru_cache(maxsize=1 << 14)
def _is_gradients_scope(scope: str) -> bool:
    return any(_GRADIENTS_SCOPE.fullmatch(word) for word in scope.split("/"))


def training_nodes(graph: Graph) -> set[Node]:
    """Returns the nodes of training, saving and initializing, and all that is computed from a gradient."""
    found = {node for node in graph if is_training(node)}
    pending = [node for node in found if _is_gradients_scope(node.name.rpartition("/")[0])]
    pending = [node for node in pending if node.op not in _EMPTY_LISTS]
    while pending:
        node = pending.pop()
        readers = {use.node for value in node.used_outputs for use in value.uses} - found
        found |= readers
        pending += readers
    return found


def differentiated(graph: Graph) -> set[str]:
    """Returns the names of the nodes that a gradient was taken through.

    The gradient of `scope/op` is under `gradients/scope/op_grad`. Source: python/ops/gradients_impl.py.
    """
    return {match.group(1) for node in graph if (match := GRADIENT_OF.search(node.name)) is not None}


def is_update(node: Node) -> bool:
    """Whether a node is what an optimizer changes a variable by."""
    return f"/{UPDATE_SCOPE}" in node.name and bool(_CHANGING_OP.fullmatch(node.op))


def weights_of(graph: Graph, trainable: Collection[str]) -> list[Node]:
    """Returns the nodes that hold what was learned.

    Of the trainable variables, those that an optimizer changes: a target network or a worker's copy of a shared one
    is called trainable as well. Without a word on what is trainable, all but the slots; without variables, as in a
    frozen graph, the constants that are vectors of floats or more. Of models of trees, the trees.
    """
    variables = list(variable_nodes(graph))
    if not variables:
        return [node for node in graph if node.op == "Const" and _is_array_of_floats(node)]
    slots = slots_of_graph(graph)
    named = [node for node in variables if node.name in trainable]
    if not trainable:
        named = [node for node in variables if node.name not in slots and _is_float(node.attr.type("dtype"))]
    changed = set(changed_by(node for node in graph if _APPLY_OP.fullmatch(node.op) or is_update(node)))
    trained = [node for node in named if node.name in changed] or named
    return _without_followers(trained) or [node for node in graph if _TREES.fullmatch(node.op)]


def _without_followers(weights: list[Node]) -> list[Node]:
    """Returns weights without those that the program sets to others again and again, as a target network is.

    It may have an optimizer too, where one class builds both networks. What only begins as another is no follower.
    """
    leaders = {
        node: leader for node in weights for leader in _leaders(node) if leader in weights and leader is not node
    }
    return [node for node in weights if node not in leaders or leaders[node] in leaders]


def _leaders(variable: Node) -> Iterator[Node]:
    """Yields the variables that a variable is set to, but for its initial value."""
    for value in variable.used_outputs:
        for node, position in value.uses:
            is_set = node.op in _SETTING and position == 0 and node.name != f"{variable.name}/Assign"
            if is_set:
                yield origin(node.inputs[1], ("Identity", "ReadVariableOp")).node


def changed_by(updates: Iterable[Node]) -> Iterator[str]:
    """Yields the names of the variables that some updates change."""
    for node in updates:
        if node.inputs:
            yield origin(node.inputs[0], ("Identity",)).node.name


def _is_array_of_floats(node: Node) -> bool:
    tensor = node.attr.tensor("value")
    return tensor is not None and _is_float(node.attr.type("dtype")) and len(tensor.tensor_shape.dim) > 0


def _is_float(number: int) -> bool:
    return "float" in dtypes.name_of(number)
