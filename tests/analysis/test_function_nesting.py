"""A library that TensorFlow could follow for ever is told of before TensorFlow sees it."""

from pathlib import Path

import pytest

import compat_saver
from compat_saver.analysis.ops.obstacles import nesting_problems
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Graph, parse_graph, to_graph_def
from compat_saver.graph.attributes import AttrValue
from compat_saver.proto.messages import FunctionDef, MetaGraphDef
from tests.small_models import DENSE, WEIGHTS, write_checkpoint

FLOAT, STRING, INT64 = 1, 7, 9


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


def test_inspect_and_a_dry_run_say_the_same(tmp_path):
    """The last of these functions makes a table, and would be inlined if that came to an end."""
    graph = parse_graph(DENSE)
    for name, called in {"f": ["g", "g"], "g": ["f"]}.items():
        function = FunctionDef()
        function.signature.name = name
        function.signature.input_arg.add(name="a", type=FLOAT)
        function.signature.output_arg.add(name="o", type=FLOAT)
        for number, other in enumerate(called):
            node = function.node_def.add(name=f"c{number}", op="PartitionedCall", input=["a"])
            node.attr["f"].func.name = other
            node.attr["Tin"].list.type.append(FLOAT)
            node.attr["Tout"].list.type.append(FLOAT)
        table = function.node_def.add(name="table", op="HashTableV2")
        table.attr["key_dtype"].type, table.attr["value_dtype"].type = STRING, INT64
        function.ret["o"] = "c0:output:0"
        graph.functions[name] = function
    types = AttrValue(list=AttrValue.ListValue(type=[FLOAT]))
    attrs = {"f": AttrValue(func={"name": "f"}), "Tin": types, "Tout": types}
    graph.add("PartitionedCall", "y", [graph.value("prediction")], attrs)
    prefix = write_checkpoint(tmp_path / "model.ckpt", WEIGHTS)
    Path(f"{prefix}.meta").write_bytes(MetaGraphDef(graph_def=to_graph_def(graph)).SerializeToString())
    (problem,) = nesting_problems(graph)
    assert problem in compat_saver.inspect(prefix).notes
    with pytest.raises(CannotMigrateError) as caught:
        compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"], dry_run=True)
    assert problem in caught.value.obstacles


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
