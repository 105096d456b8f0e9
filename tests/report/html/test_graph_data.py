"""The packed form of a graph: nothing is lost, and nothing grows without bound."""

import random

from compat_saver.analysis.node_fates import DrawnGraph, GraphChange
from compat_saver.report.html.graph_data import packed_change
from compat_saver.report.html.scope_tree import Scope, scope_tree
from tests.report.html.changes import KEPT, SMALL, SMALL_AFTER, SMALL_CHANGE, graph, names_of, unpacked


def edges_by_name(columns: dict) -> set[tuple[str, str, bool]]:
    names = names_of(columns)
    return {
        (names[here - (edge >> 1)], name, bool(edge & 1))
        for here, (name, edges) in enumerate(zip(names, columns["edges"], strict=True))
        for edge in edges
    }


def test_names_edges_ops_and_fates_come_back():
    text, left_out = packed_change(SMALL_CHANGE)
    assert left_out == 0
    for found, drawn in zip(unpacked(text).values(), (SMALL, SMALL_AFTER), strict=True):
        names = names_of(found)
        assert sorted(names) == sorted(drawn.names)
        expected = {
            (drawn.names[other], name, is_control)
            for rows, is_control in ((drawn.inputs, False), (drawn.waits, True))
            for name, row in zip(drawn.names, rows, strict=True)
            for other in row
        }
        assert edges_by_name(found) == expected
        by_name = dict(zip(drawn.names, zip(drawn.ops, drawn.fates, strict=True), strict=True))
        for name, op, fate in zip(names, found["nodeOps"], found["nodeFates"], strict=True):
            assert (found["ops"][op], tuple(found["fates"][fate])) == by_name[name]


def test_without_a_migration_there_is_one_graph():
    assert unpacked(packed_change(GraphChange(SMALL))[0]).keys() == {"before"}


def test_what_does_not_compress_is_cut(monkeypatch):
    draw = random.Random(0)
    names = ["".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(400)) for _ in range(400)]
    drawn = graph({name: ("Const", [], KEPT) for name in names})
    monkeypatch.setattr("compat_saver.report.html.graph_data._MOST_BYTES", 100_000)
    text, left_out = packed_change(GraphChange(drawn))
    assert len(text) <= 100_000
    assert left_out == 400 - len(unpacked(text)["before"]["labels"])


def widest(scope: Scope) -> int:
    inner = [widest(child) for child in scope.children if isinstance(child, Scope)]
    return max([len(scope.children), *inner])


def test_no_scope_has_more_children_than_can_be_drawn():
    flat = {f"node_{number}": ("Const" if number % 3 else "Add", [], KEPT) for number in range(5_000)}
    layers = {f"layer_{number}/{part}": ("MatMul", [], KEPT) for number in range(500) for part in "ab"}
    for nodes in (flat, layers):
        drawn = graph(nodes)
        assert widest(scope_tree(drawn)) <= 48
        assert set(names_of(unpacked(packed_change(GraphChange(drawn))[0])["before"])) == set(nodes)


def test_constants_and_numbered_scopes_are_bundled_by_kind():
    nodes = {f"c{number}": ("Const", [], KEPT) for number in range(60)} | {"x": ("Placeholder", [], KEPT)}
    labels = [child.label for child in scope_tree(graph(nodes)).children]
    assert labels == ["Const \u00d7 60", "x"]
    nodes = {f"layer_{number}/a": ("Add", [], KEPT) for number in range(60)} | {"x": ("Placeholder", [], KEPT)}
    assert [child.label for child in scope_tree(graph(nodes)).children] == ["layer_\u2026 \u00d7 60", "x"]


def test_names_with_thousands_of_slashes():
    deep = "/".join("a" * 5_000)
    assert len(unpacked(packed_change(GraphChange(graph({deep: ("Const", [], KEPT)})))[0])["before"]["labels"]) == 1


def test_an_empty_graph():
    assert names_of(unpacked(packed_change(GraphChange(DrawnGraph((), (), (), (), ())))[0])["before"]) == []
