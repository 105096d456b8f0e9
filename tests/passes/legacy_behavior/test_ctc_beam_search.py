"""CTCBeamSearchDecoder: its scores are those of the release, its paths stay."""

from compat_saver.graph import parse_graph
from compat_saver.graph.text import differences
from compat_saver.passes.legacy_behavior.ctc_beam_search import LegacyCtcBeamSearch
from tests.passes.graphs import apply, assert_changes_only_before

CTC = """
x = Placeholder[dtype=float32]
lengths = Placeholder[dtype=int32]
c = CTCBeamSearchDecoder[beam_width=4, top_paths=2](x, lengths)
path = Identity[T=int64](c)
score = Identity[T=float32](c:6)
"""


def test_a_score_gets_added_what_was_not_subtracted_and_paths_stay():
    graph, _ = apply(LegacyCtcBeamSearch(), CTC, 26)
    assert graph["path"].inputs[0].name == "c:0"
    (added,) = graph["score"].inputs
    assert added.node.op == "AddV2"
    assert added.node.inputs[0].name == "c:6"


def test_unused_scores_are_left_unchanged():
    text = "x = Placeholder\nl = Placeholder\nc = CTCBeamSearchDecoder[top_paths=1](x, l)\np = Identity(c)"
    graph, _ = apply(LegacyCtcBeamSearch(), text, 26)
    assert differences(graph, parse_graph(text)) == []


def test_only_graphs_that_are_old_enough_are_changed():
    assert_changes_only_before(LegacyCtcBeamSearch, CTC, 27)
