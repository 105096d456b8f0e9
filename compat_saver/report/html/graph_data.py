"""A graph in the form that the script of a page reads: a tree of scopes as columns, compressed, as text.

Base 64 has no character that means something in HTML, so no name of a file can end the element it is in.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from compat_saver.analysis.node_fates import DrawnGraph, Fate, GraphChange
from compat_saver.report.html.scope_tree import Leaf, Scope, scope_tree

_LONGEST_LABEL, _LONGEST_REASON = 160, 600
_MOST_BYTES = 3_000_000


def packed_change(change: GraphChange) -> tuple[str, int]:
    """Returns both graphs as text of at most 4 MB, and how many nodes of the original had to be left out."""
    count = len(change.before.names)
    most = max(count, len(change.after.names) if change.after is not None else 0)
    while True:
        text = _packed(change, most)
        if len(text) <= _MOST_BYTES or most < 2:
            return text, max(0, count - most)
        most //= 2


def _packed(change: GraphChange, most: int) -> str:
    found = {"before": _columns(_first(change.before, most))}
    if change.after is not None:
        found["after"] = _columns(_first(change.after, most))
    data = json.dumps(found, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


def _first(graph: DrawnGraph, most: int) -> DrawnGraph:
    """Returns a graph of the first nodes alone."""
    if len(graph.names) <= most:
        return graph
    return replace(
        graph,
        names=graph.names[:most],
        ops=graph.ops[:most],
        inputs=tuple(tuple(n for n in numbers if n < most) for numbers in graph.inputs[:most]),
        waits=tuple(tuple(n for n in numbers if n < most) for numbers in graph.waits[:most]),
        fates=graph.fates[:most],
    )


def _columns(graph: DrawnGraph) -> dict[str, Any]:
    """Returns scopes and nodes as columns, both in the order of a walk through the tree.

    An edge is twice the distance between the numbers of its ends, and one more for a control edge: small numbers that
    repeat.
    """
    scopes, leaves = [], []
    for parent, item in _walk(scope_tree(graph)):
        if isinstance(item, Scope):
            scopes.append((parent, item.label[:_LONGEST_LABEL], int(item.is_bundle)))
        else:
            leaves.append((parent, item.label[:_LONGEST_LABEL], item.number))
    position = {number: index for index, (_, _, number) in enumerate(leaves)}
    ops: dict[str, int] = {}
    fates: dict[Fate, int] = {}
    return {
        "scopes": list(zip(*scopes, strict=True)),
        "parents": [parent for parent, _, _ in leaves],
        "labels": [label for _, label, _ in leaves],
        "nodeOps": [ops.setdefault(graph.ops[number], len(ops)) for _, _, number in leaves],
        "nodeFates": [fates.setdefault(graph.fates[number], len(fates)) for _, _, number in leaves],
        "edges": [list(_edges(graph, number, position)) for _, _, number in leaves],
        "ops": [op[:_LONGEST_LABEL] for op in ops],
        "fates": [(fate.verdict, fate.why[:_LONGEST_REASON]) for fate in fates],
    }


def _edges(graph: DrawnGraph, number: int, position: dict[int, int]) -> Iterator[int]:
    here = position[number]
    yield from (2 * (here - position[other]) for other in graph.inputs[number])
    yield from (2 * (here - position[other]) + 1 for other in graph.waits[number])


def _walk(root: Scope) -> Iterator[tuple[int, Scope | Leaf]]:
    """Yields scopes and leaves, each with the number of the scope it is in, a scope before what is in it."""
    count, pending = 0, [(-1, root)]
    while pending:
        parent, scope = pending.pop()
        here, count = count, count + 1
        yield parent, scope
        yield from ((here, child) for child in scope.children if isinstance(child, Leaf))
        pending += [(here, child) for child in reversed(scope.children) if isinstance(child, Scope)]
