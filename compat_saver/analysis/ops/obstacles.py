"""What blocks a migration, in sentences: everything at once, each with what can be done."""

from __future__ import annotations

import graphlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from compat_saver.analysis.ops.triage import UNSUPPORTED, OpRow
from compat_saver.graph.functions import direct_calls
from compat_saver.graph.ir import Graph


def obstacles_among(rows: Iterable[OpRow]) -> list[str]:
    """Returns a sentence per reason to be unsupported, naming the ops and nodes it holds for."""
    alike: dict[tuple[str, str], list[OpRow]] = defaultdict(list)
    for row in rows:
        if row.verdict == UNSUPPORTED:
            alike[row.reason, row.advice].append(row)
    return [f"{_named(found)}: {reason}. {advice}" for (reason, advice), found in alike.items()]


def _named(rows: list[OpRow]) -> str:
    names = [name for row in rows for name in row.nodes]
    more = sum(row.count for row in rows) - 2
    shown = ", ".join(repr(name) for name in names[:2]) + (f" and {more:,} more" if more > 0 else "")
    return f"{', '.join(row.op for row in rows)} ({shown})"


# ---- functions that call functions: TensorFlow follows every call
#
# A few functions that call one another twice are exponentially large, and one that calls itself is endless; a file of a
# few kilobytes could keep TensorFlow busy forever.


_MOST_NODES = 5_000_000
_DEEPEST = 500


def nesting_problems(graph: Graph) -> Iterator[str]:
    """Yields what keeps TensorFlow from following the calls of a graph's functions, a sentence each."""
    calls = direct_calls(graph)
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    try:
        callees_first = list(graphlib.TopologicalSorter(calls).static_order())
    except graphlib.CycleError as error:
        cycle = ", ".join(map(repr, error.args[1][:-1]))
        yield f"Functions that call themselves or one another in a circle, {cycle}, TensorFlow 2 does not load."
        return
    for name in callees_first:
        sizes[name] = len(graph.functions[name].node_def) + sum(sizes[other] for other in calls[name])
        depths[name] = 1 + max((depths[other] for other in calls[name]), default=0)
    if max(depths.values(), default=0) > _DEEPEST:
        yield f"Functions call one another {max(depths.values()):,} deep; TensorFlow does not get through that."
    if max(sizes.values(), default=0) > _MOST_NODES:
        yield "A function has millions of nodes once all it calls is counted; TensorFlow does not get through that."
