"""Passes on graphs in text form: before, after, every difference, and what the rewritten graph computes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from compat_saver.graph import Graph, parse_graph, to_graph_def
from compat_saver.graph.text import differences
from compat_saver.passes import Pass, Rewrite, run_passes
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.replacements import OP_REPLACEMENTS

ALL_REPLACEMENTS = (*LEGACY_BEHAVIOR_PASSES, *OP_REPLACEMENTS)
RNG = np.random.default_rng(0)
ONE_INPUT = "x = Placeholder[dtype=float32, shape=[*]]\n"
# For the old ops whose outputs are compared: matrices, positive definite ones among them, and images over time.
SQUARE = RNG.standard_normal((2, 4, 4)).astype(np.float32)
POSITIVE = SQUARE @ SQUARE.transpose(0, 2, 1) + np.eye(4, dtype=np.float32)
VIDEO = RNG.standard_normal((1, 3, 4, 4, 2)).astype(np.float32)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def apply(item: Pass, text: str, producer: int = 21) -> tuple[Graph, list[Rewrite]]:
    graph = parse_graph(text, producer)
    return graph, run_passes([item], graph)


def assert_rewrites(item: Pass, before: str, after: str) -> list[Rewrite]:
    graph, rewrites = apply(item, before)
    assert differences(graph, parse_graph(after)) == []
    return rewrites


def assert_stays(item: Pass, line: str) -> None:
    """The pass changes nothing of a line that reads x."""
    graph, rewrites = apply(item, f"x = Placeholder[dtype=float32]\n{line}")
    assert rewrites == []
    assert len(graph) == 2


def replaced(text: str, producer: int = 0) -> Graph:
    """Returns a graph after all replacements."""
    graph = parse_graph(text, producer)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    return graph


def assert_addons_alike(line: str) -> None:
    """An op of TensorFlow Addons is rewritten like the op of tf.contrib."""
    addons, contrib = (
        replaced(f"x = Placeholder[dtype=float32]\n{text}") for text in (line, line.replace("Addons>", ""))
    )
    assert len(contrib) > 2
    assert differences(addons, contrib) == []


def in_a_session(graph: Graph) -> Any:
    """Returns a session of TensorFlow with the graph in it."""
    import tensorflow as tf

    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    with tf.Graph().as_default() as imported:
        tf.graph_util.import_graph_def(message, name="")
        return tf.compat.v1.Session(graph=imported)


def in_a_function(graph: Graph, feeds: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
    """Returns y:0 of a graph that runs as a function, which knows no shapes of what is fed."""
    import tensorflow as tf

    feeds = feeds or {}
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())

    def body(*arguments):
        fed = dict(zip(feeds, arguments, strict=True))
        return tf.graph_util.import_graph_def(message, input_map=fed, return_elements=["y:0"], name="")

    specs = [tf.TensorSpec(None, array.dtype) for array in feeds.values()]
    return tf.compat.v1.wrap_function(body, specs)(*map(tf.constant, feeds.values()))[0].numpy()


def rewritten(text: str, outputs: Iterable[str] = ("y:0",), producer: int = 0) -> Callable:
    """Returns a function of the placeholders of a graph, after all passes that rewrite single ops."""
    import tensorflow as tf

    graph = parse_graph(text, producer)
    run_passes([item() for item in ALL_REPLACEMENTS], graph)
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    inputs = [node for node in graph if node.op == "Placeholder"]

    def body(*values):
        fed = {f"{node.name}:0": value for node, value in zip(inputs, values, strict=True)}
        return tf.graph_util.import_graph_def(message, fed, list(outputs), name="")

    signature = [tf.TensorSpec(node.attr.shape("shape"), node.attr.type("dtype")) for node in inputs]
    return tf.compat.v1.wrap_function(body, signature)


def assert_computes_the_same(op: str, text: str, array: np.ndarray) -> None:
    """The replacement of an old op in a function computes what the op computes in a session."""
    new = parse_graph(ONE_INPUT + text, producer=6)
    rewrites = run_passes([item() for item in OP_REPLACEMENTS], new)
    assert [item.count > 0 for item in rewrites] == [True]
    assert op not in {node.op for node in new}
    with in_a_session(parse_graph(ONE_INPUT + text, producer=6)) as session:
        expected = session.run("y:0", {"x:0": array})
    found = in_a_function(new, {"x:0": array})
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def assert_changes_only_before(kind: type[Pass], text: str, version: int) -> None:
    """A pass changes a graph of the GraphDef version before one, and neither a later graph nor one of unknown age."""
    assert [item.count for item in apply(kind(), text, version - 1)[1]] == [1]
    for producer in (version, 0):
        graph, rewrites = apply(kind(), text, producer)
        assert rewrites == []
        assert differences(graph, parse_graph(text)) == []
