"""What a pass is, and the runners, which check what passes require and ensure."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from compat_saver.errors import GraphError
from compat_saver.graph.functions import function_bodies, with_body
from compat_saver.graph.ir import Graph
from compat_saver.graph.ops import OpCatalog


@dataclass(frozen=True)
class Rewrite:
    """What one pass did to one graph.

    Attributes:
        name: the pass.
        count: how many places it changed; 0 if it left the graph as it was.
        detail: one phrase for the report: "2 variables, 4 reads".
    """

    name: str
    count: int
    detail: str = ""


class Pass(abc.ABC):
    """One idea that changes a graph in place.

    The constructor takes what the pass needs beyond the graph. A pass leaves unchanged what it cannot rewrite, and does
    not decide whether that blocks a migration: `analysis/ops/triage.py` decides this once for all ops, after inputs are
    bound and conditionals folded and before any pass replaces an op. It asks each replacement whether it `takes` a
    node, so that all obstacles are reported together.
    """

    name: ClassVar[str]
    """In lower case, with underscores, as it appears in the report."""

    @abc.abstractmethod
    def apply(self, graph: Graph) -> Rewrite:
        """Changes the graph and returns what was done."""

    def requires(self, graph: Graph) -> Iterator[str]:
        """Yields what the graph lacks for this pass to be right, a phrase each; nothing by default."""
        yield from ()

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Yields what the pass promised of the graph and did not keep, a phrase each; nothing by default."""
        yield from ()


def run_passes(passes: Iterable[Pass], graph: Graph) -> list[Rewrite]:
    """Runs passes in order, each held to what it requires and ensures, and returns those that changed something.

    Raises:
        GraphError: a requirement or a promise does not hold, or a pass left edges that do not fit; a bug in the pass
            or in the order of passes, never the fault of the file that was read.
    """
    done = []
    for item in passes:
        _hold(item, "needs", item.requires(graph))
        rewrite = item.apply(graph)
        if rewrite.count:
            graph.check()
        _hold(item, "promised", item.ensures(graph))
        if rewrite.count:
            done.append(rewrite)
    return done


def run_in_functions(passes: Sequence[Pass], graph: Graph, catalog: OpCatalog) -> list[Rewrite]:
    """Runs passes in every function of the graph's library, and puts those functions back that they changed.

    Args:
        passes: such as look at single nodes and their neighbors; arguments and results are `_Arg` and `_Retval` nodes.
        graph: whose functions to rewrite.
        catalog: knows the graph's ops and functions.

    Raises:
        GraphError: as `run_passes`.
    """
    done = []
    for name, body in function_bodies(graph, catalog):
        rewrites = run_passes(passes, body)
        if rewrites:
            graph.functions[name] = with_body(graph.functions[name], body, catalog)
        done += [Rewrite(item.name, item.count, f"in the function {name}: {item.detail}") for item in rewrites]
    return done


def _hold(item: Pass, verb: str, complaints: Iterable[str]) -> None:
    listed = list(complaints)
    if listed:
        raise GraphError(f"The pass {item.name} {verb}: {'; '.join(listed)}.")
