"""The runner holds passes to what they need and promise."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import Graph, parse_graph
from compat_saver.passes import Pass, Rewrite, run_passes


class _Nothing(Pass):
    name = "nothing"

    def apply(self, graph):
        return Rewrite(self.name, 0)


class _Breaks(_Nothing):
    name = "breaks"

    def apply(self, graph):
        graph["b"]._inputs[0] = Graph().add("Const", "stray").output()
        return Rewrite(self.name, 1)


class _Needy(_Nothing):
    name = "needy"

    def requires(self, graph):
        yield "a sunny day"


class _Promises(_Nothing):
    name = "promises"

    def ensures(self, graph):
        yield "the moon is missing"
        yield "so is the sun"


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        (_Breaks(), "not in the graph"),
        (_Needy(), "The pass needy needs: a sunny day."),
        (_Promises(), "The pass promises promised: the moon is missing; so is the sun."),
    ],
)
def test_a_pass_that_breaks_its_word_is_told_so(item, complaint):
    with pytest.raises(GraphError, match=complaint):
        run_passes([item], parse_graph("a = Const\nb = Neg(a)"))


def test_passes_that_changed_nothing_are_not_reported():
    assert run_passes([_Nothing()], parse_graph("a = NoOp")) == []
