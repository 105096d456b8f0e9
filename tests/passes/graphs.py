"""Passes on graphs in text form: before, after, and every difference."""

from compat_saver.graph import Graph, parse_graph
from compat_saver.graph.compare import differences
from compat_saver.passes import Pass, Rewrite, run_passes


def apply(item: Pass, text: str, producer: int = 21) -> tuple[Graph, list[Rewrite]]:
    graph = parse_graph(text, producer)
    return graph, run_passes([item], graph)


def assert_rewrites(item: Pass, before: str, after: str) -> list[Rewrite]:
    graph, rewrites = apply(item, before)
    assert differences(graph, parse_graph(after)) == []
    return rewrites
