"""Compares two graphs and names every difference, not the first one."""

from __future__ import annotations

from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.text import format_attr


def differences(found: Graph, expected: Graph) -> list[str]:
    """Returns one sentence per difference between two graphs; the order of their nodes does not count."""
    lines = [f"{node.name} is not expected" for node in found if node.name not in expected]
    lines += [f"{node.name} is missing" for node in expected if node.name not in found]
    for node in expected:
        other = found.get(node.name)
        if other is not None:
            lines += [f"{node.name}: {line}" for line in _node_differences(other, node)]
    return lines


def _node_differences(found: Node, expected: Node) -> list[str]:
    pairs = [
        ("op", found.op, expected.op),
        ("device", found.device, expected.device),
        ("inputs", [v.name for v in found.inputs], [v.name for v in expected.inputs]),
        (
            "control inputs",
            sorted(node.name for node in found.control_inputs),
            sorted(node.name for node in expected.control_inputs),
        ),
    ]
    for name in sorted(found.attrs.keys() | expected.attrs.keys()):
        pairs.append((f"attr {name}", _attr_text(found, name), _attr_text(expected, name)))
    return [f"{what} is {got}, expected {wanted}" for what, got, wanted in pairs if got != wanted]


def _attr_text(node: Node, name: str) -> str:
    return format_attr(node.attrs[name]) if name in node.attrs else "absent"
