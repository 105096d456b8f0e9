import pytest

from compat_saver.analysis.ops.changed_meaning import changed_meaning
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.graph.op_notes import known_changes
from compat_saver.graph.ops import known_facts
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.op_replacement import LegacyBehavior

BEFORE_1_2, SINCE_1_15 = 21, 134
RESIZE = """
x = Placeholder[dtype=float32]
size = Placeholder[dtype=int32]
y = ResizeNearestNeighbor[T=float32, align_corners=true](x, size)
z = ResizeNearestNeighbor[T=float32, align_corners=true](x, size)
same = ResizeNearestNeighbor[T=float32](x, size)
"""


def told(text: str, producer: int) -> list[str]:
    graph = parse_graph(text, producer)
    return changed_meaning(graph, OpCatalog.of(graph))


def test_what_changed_is_told_once_with_its_nodes():
    assert told(RESIZE, BEFORE_1_2) == [
        "The outputs of ResizeNearestNeighbor ('y' and 1 more) changed: up to TensorFlow 1.1 align_corners took the "
        "pixel before, today the nearest one. The migrated model computes what it did then."
    ]


def test_a_graph_of_a_release_that_computed_as_today_has_nothing_to_tell():
    assert told(RESIZE, SINCE_1_15) == []


def test_a_graph_of_an_unknown_release_is_not_restored():
    (sentence,) = told(RESIZE, 0)
    assert sentence.endswith(
        "The graph does not say which release wrote it. The migrated model computes what today's TensorFlow does."
    )


@pytest.mark.parametrize(("dtype", "count"), [("uint8", 1), ("float32", 0)])
def test_a_type_may_decide(dtype, count):
    text = f"x = Placeholder[dtype={dtype}]\naxes = Placeholder[dtype=int32]\ny = Mean[T={dtype}](x, axes)"
    assert len(told(text, BEFORE_1_2)) == count


def test_the_table_names_ops_of_today():
    assert all(known_facts()[op].registered_today for op in known_changes())


def test_what_is_restored_is_restored_up_to_the_version_the_table_names():
    passes = {op: item for item in LEGACY_BEHAVIOR_PASSES for op in item.ops}
    for changes in known_changes().values():
        for change in changes:
            if change.restored:
                restoring = passes[change.op]
                until = restoring.until[change.op] if issubclass(restoring, LegacyBehavior) else None
                assert until == change.until
