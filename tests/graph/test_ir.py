"""Edits keep both ends of every edge right."""

import pytest

from compat_saver.errors import GraphError, NameNotFoundError
from compat_saver.graph import Graph, parse_graph


@pytest.fixture
def graph() -> Graph:
    return parse_graph(
        """
        x = Placeholder[dtype=float32]
        w = VariableV2[dtype=float32, shape=[2, 3]]
        w/read = Identity[T=float32](w)
        y = MatMul[T=float32](x, w/read, ^init)
        init = NoOp(^w)
        """
    )


def test_a_value_knows_its_uses(graph):
    (use,) = graph.value("w:0").uses
    assert (use.node.name, use.position) == ("w/read", 0)
    assert graph["init"].control_uses == (graph["y"],)


def test_replacing_uses_moves_them_all(graph):
    other = graph.add("Const", "c")
    assert graph.value("w/read").replace_uses(other.output()) == 1
    assert [value.name for value in graph["y"].inputs] == ["x:0", "c:0"]
    assert graph.value("w/read").uses == ()
    graph.check()


def test_replacing_uses_takes_a_choice():
    graph = parse_graph("a = Const\nb = Const\nc = Add(a, a)\nd = Neg(a)")
    moved = graph.value("a").replace_uses(graph.value("b"), where=lambda use: use.position == 1)
    assert moved == 1
    assert [value.name for value in graph["c"].inputs] == ["a:0", "b:0"]
    assert [value.name for value in graph["d"].inputs] == ["a:0"]


def test_a_node_in_use_cannot_be_removed(graph):
    with pytest.raises(GraphError, match="'w/read' still needs it"):
        graph.remove(graph["w"])
    with pytest.raises(GraphError, match="'y' still needs it"):
        graph.remove(graph["init"])


def test_removal_disconnects_the_inputs(graph):
    graph.remove(graph["y"])
    assert graph.value("x:0").uses == ()
    assert graph["init"].control_uses == ()
    assert "y" not in graph


def test_remove_all_removes_what_depends_on_each_other_and_raises_for_half(graph):
    with pytest.raises(GraphError):
        graph.remove_all([graph["w"], graph["w/read"]])
    assert len(graph) == 5
    assert graph.remove_all(list(graph)) == 5
    assert len(graph) == 0


def test_iteration_skips_removed_nodes_and_does_not_visit_new_ones(graph):
    seen = []
    for node in graph:
        seen.append(node.name)
        if node.name == "x":
            graph.remove(graph["y"])
            graph.add("NoOp", "new")
    assert seen == ["x", "w", "w/read", "init"]


def test_renaming_keeps_edges_and_raises_for_taken_names(graph):
    graph.rename(graph["w"], "weights")
    assert graph["w/read"].inputs[0].name == "weights:0"
    with pytest.raises(GraphError, match="have the name 'x'"):
        graph.rename(graph["weights"], "x")


def test_unique_names_count_up(graph):
    assert graph.unique_name("z") == "z"
    assert graph.unique_name("x") == "x_1"
    graph.add("NoOp", "x_1")
    assert graph.unique_name("x") == "x_2"


def test_ancestors_follow_data_and_control_edges(graph):
    assert {node.name for node in graph.ancestors([graph["y"]])} == {"x", "w", "w/read", "y", "init"}
    graph["y"].remove_control_input(graph["init"])
    assert {node.name for node in graph.ancestors([graph["y"]])} == {"x", "w", "w/read", "y"}


def test_cycles_are_allowed():
    graph = parse_graph("enter = Enter(c)\nmerge = Merge(enter, next)\nnext = NextIteration(merge)\nc = Const")
    assert len(graph.ancestors([graph["next"]])) == 4


@pytest.mark.parametrize("name", ["nope", "nope:0", "x:a", "x:-1"])
def test_a_name_that_is_not_there(graph, name):
    with pytest.raises(NameNotFoundError):
        graph.value(name)


def test_a_wrong_name_gets_the_nearest_ones(graph):
    with pytest.raises(NameNotFoundError, match="did you mean 'w/read'"):
        graph.value("w/raed")


def test_check_finds_an_edge_to_a_removed_node(graph):
    stray = Graph().add("Const", "stray")
    graph["y"]._inputs[0] = stray.output()
    with pytest.raises(GraphError, match="not in the graph"):
        graph.check()
