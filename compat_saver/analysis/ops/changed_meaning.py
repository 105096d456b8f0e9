"""Tells which ops of a graph computed otherwise in the release that wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver import dtypes
from compat_saver.graph.functions import function_bodies
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.op_notes import Change, known_changes
from compat_saver.graph.ops import OpCatalog


def changed_meaning(graph: Graph, catalog: OpCatalog) -> list[str]:
    """Returns a sentence per change that concerns a graph.

    Args:
        graph: pruned to what is of interest, and not yet rewritten: what a pass restores may leave no trace.
        catalog: knows the graph's ops and functions.
    """
    concerned: dict[Change, list[str]] = {}
    for node, name in _nodes(graph, catalog):
        for change in known_changes().get(node.op, ()):
            if _is_of(graph.producer, change) and _has_value(node, change):
                concerned.setdefault(change, []).append(name)
    return [_sentence(change, names, graph.producer) for change, names in sorted(concerned.items(), key=_by_op)]


def _by_op(item: tuple[Change, list[str]]) -> str:
    return item[0].op


def _nodes(graph: Graph, catalog: OpCatalog) -> Iterator[tuple[Node, str]]:
    yield from ((node, node.name) for node in graph)
    for function, body in function_bodies(graph, catalog):
        yield from ((node, f"{function}/{node.name}") for node in body)


def _is_of(producer: int, change: Change) -> bool:
    """Whether the release computed otherwise, or may have, where the release is unknown."""
    return change.until is None or producer == 0 or change.first <= producer < change.until


def _has_value(node: Node, change: Change) -> bool:
    return not change.attribute or _text(node, change.attribute) in change.values


def _text(node: Node, name: str) -> str:
    """An attribute as the table writes it: a type by its name, a text as it is, a truth value as "true" or "false"."""
    value = node.attrs.get(name)
    kind = None if value is None else value.WhichOneof("value")
    if kind == "type":
        return dtypes.name_of(node.attr.type(name))
    return str(node.attr.bool(name)).lower() if kind == "b" else node.attr.text(name)


def _sentence(change: Change, names: list[str], producer: int) -> str:
    nodes = repr(names[0]) + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")
    return f"The outputs of {change.op} ({nodes}) changed: {change.what}. {_fate(change, producer)}"


def _fate(change: Change, producer: int) -> str:
    if change.restored and (producer or change.until is None):
        return "The migrated model computes what it did then."
    unknown = "" if producer else "The graph does not say which release wrote it. "
    return f"{unknown}The migrated model computes what today's TensorFlow does."
