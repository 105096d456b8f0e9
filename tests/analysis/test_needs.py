"""Which of some nodes need which others."""

from compat_saver.analysis.walk import needed_by
from compat_saver.graph import Graph, parse_graph
from tests.small_models import chain


def needs(graph: Graph, *names: str) -> dict[str, set[str]]:
    found = needed_by([graph[name] for name in names])
    return {
        node.name: {name for number, name in enumerate(names) if bits >> number & 1} for node, bits in found.items()
    }


def test_data_and_control_edges_count_and_a_root_needs_itself():
    graph = parse_graph("a = NoOp\nb = NoOp\nx = Neg(a)\ny = Neg(a, ^b)\nz = Neg(y)\nother = NoOp")
    assert needs(graph, "x", "z", "y") == {
        "x": {"x"},
        "y": {"y", "z"},
        "z": {"z"},
        "a": {"x", "y", "z"},
        "b": {"y", "z"},
    }


def test_what_goes_around_in_a_loop_is_needed_too():
    text = """
    limit = Const
    enter = Enter(start)
    start = Const
    merge = Merge(enter, next)
    switch = Switch(merge, limit)
    body = Neg(switch:1)
    next = NextIteration(body)
    exit = Exit(switch)
    """
    graph = parse_graph(text)
    assert needs(graph, "body", "exit", "start") == {
        **{name: {"body", "exit"} for name in ("limit", "enter", "merge", "switch", "next", "body")},
        "exit": {"exit"},
        "start": {"start", "body", "exit"},
    }


def test_it_agrees_with_the_walk_from_each_root():
    graph = parse_graph("\n".join(f"n{i} = Add(n{i * 7 % 50}, n{i * 3 % 50})" for i in range(50)))
    roots = [graph[f"n{number}"] for number in range(0, 50, 5)]
    found = needed_by(roots)
    for number, root in enumerate(roots):
        assert {node for node, bits in found.items() if bits >> number & 1} == graph.ancestors([root])


def test_a_deep_graph():
    assert len(needed_by([chain(5000)["n4999"]])) == 5000
