"""Graphs with fates, made by hand, and what a page does with the packed form of them."""

import base64
import gzip
import json

from compat_saver.analysis.node_fates import DrawnGraph, Fate, GraphChange

KEPT, DROPPED = Fate("fine"), Fate("dropped", "no signature depends on it")
REWRITTEN = Fate("rewritten", "VariableV2 becomes VarHandleOp, outputs exactly equal")


def graph(nodes: dict[str, tuple[str, list[str], Fate]]) -> DrawnGraph:
    """A graph of name -> (op, inputs, fate); an input with ^ is a control input."""
    numbers = {name: number for number, name in enumerate(nodes)}
    rows = nodes.values()
    return DrawnGraph(
        tuple(nodes),
        tuple(op for op, _, _ in rows),
        tuple(tuple(numbers[name] for name in inputs if name[0] != "^") for _, inputs, _ in rows),
        tuple(tuple(numbers[name[1:]] for name in inputs if name[0] == "^") for _, inputs, _ in rows),
        tuple(fate for _, _, fate in rows),
    )


SMALL = graph(
    {
        "x": ("Placeholder", [], KEPT),
        "layer/w": ("VariableV2", [], REWRITTEN),
        "layer/w/read": ("Identity", ["layer/w"], REWRITTEN),
        "layer/MatMul": ("MatMul", ["x", "layer/w/read"], KEPT),
        "y": ("Softmax", ["layer/MatMul", "^x"], KEPT),
        "gradients/y_grad": ("Mul", ["y"], DROPPED),
        "gradients/w_grad": ("MatMul", ["gradients/y_grad"], DROPPED),
    }
)
SMALL_AFTER = graph(
    {
        "x": ("Placeholder", [], KEPT),
        "layer/w": ("VarHandleOp", [], Fate("changed", "was VariableV2")),
        "layer/w/read": ("ReadVariableOp", ["layer/w"], Fate("changed", "was Identity")),
        "layer/MatMul": ("MatMul", ["x", "layer/w/read"], KEPT),
        "y": ("Softmax", ["layer/MatMul"], KEPT),
        "out": ("Identity", ["y"], Fate("new", "the output y:0")),
    }
)
SMALL_CHANGE = GraphChange(SMALL, SMALL_AFTER)


def large(count: int) -> DrawnGraph:
    """A model of many layers in scopes, and its gradients."""
    nodes = {}
    for number in range(count):
        scope = "gradients/" if number > 0.6 * count else ""
        name = f"{scope}model/block_{number // 5000}/layer_{number // 100}/unit_{number // 10}/op_{number}"
        before = [max(number - 1, 0), max(number - 7, 0)] if number % 5 and number > 10 else []
        nodes[name] = (("Const", "MatMul", "Add", "Relu", "Mul")[number % 5], before, DROPPED if scope else KEPT)
    return DrawnGraph(
        tuple(nodes),
        tuple(op for op, _, _ in nodes.values()),
        tuple(tuple(inputs) for _, inputs, _ in nodes.values()),
        ((),) * count,
        tuple(fate for _, _, fate in nodes.values()),
    )


def unpacked(text: str) -> dict:
    """What the script of a page reads."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def names_of(columns: dict) -> list[str]:
    """The full names of the nodes, as the script makes them."""
    parents, labels, bundles = columns["scopes"]

    def path(scope: int) -> str:
        if scope < 1:
            return ""
        return path(parents[scope]) if bundles[scope] else f"{path(parents[scope])}/{labels[scope]}"

    scopes = [path(parent) for parent in columns["parents"]]
    pairs = zip(scopes, columns["labels"], strict=True)
    return ["/".join(filter(None, (scope, label))).removeprefix("/") for scope, label in pairs]
