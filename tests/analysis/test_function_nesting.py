"""A library that TensorFlow could follow for ever is told of before TensorFlow sees it."""

import pytest

from compat_saver.analysis.ops.obstacles import nesting_problems
from compat_saver.graph import Graph
from compat_saver.proto.messages import FunctionDef


def library(calls: dict[str, list[str]]) -> Graph:
    graph = Graph()
    for name, called in calls.items():
        function = FunctionDef()
        function.signature.name = name
        for number, other in enumerate(called):
            function.node_def.add(name=str(number), op=other)
        graph.functions[name] = function
    return graph


def chain(length: int, calls: int) -> dict[str, list[str]]:
    return {f"f{number}": [f"f{number + 1}"] * calls for number in range(length)} | {f"f{length}": ["Neg"]}


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        ({"a": ["b", "b"], "b": ["Neg"]}, None),
        (chain(100, 1), None),
        ({"a": ["a"]}, "circle, 'a'"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "circle"),
        (chain(3000, 1), "3,001 deep"),
        (chain(60, 2), "millions of nodes"),
    ],
)
def test_problems(calls, problem):
    found = list(nesting_problems(library(calls)))
    assert (not found) if problem is None else (problem in found[0])
