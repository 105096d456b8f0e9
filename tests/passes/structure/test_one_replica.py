"""What replicas exchange to train together is undone for one."""

from compat_saver.graph import parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.one_replica import OneReplica
from tests.passes.graphs import assert_rewrites

EXCHANGED = """
w = VariableV2
global_step = VariableV2
local_step = VariableV2
dense = ConditionalAccumulator
added = AccumulatorApplyGradient(dense, local_step, gradient)
taken = AccumulatorTakeGradient(dense, number)
gradient = Placeholder
number = Const
update = ApplyGradientDescent(w, number, taken)
tokens = Fill[T=int64](number, global_step, ^update)
queue = FIFOQueueV2
hand_out = QueueEnqueueManyV2(queue, tokens)
averages = NoOp(^hand_out)
token = QueueDequeueV2(queue, ^added)
train = Assign(local_step, token)
"""


def test_a_replica_waits_for_the_step_of_the_chief_and_for_what_follows():
    assert_rewrites(
        OneReplica(),
        EXCHANGED,
        """
        w = VariableV2
        global_step = VariableV2
        local_step = VariableV2
        dense = ConditionalAccumulator
        added = NoOp
        taken = AccumulatorTakeGradient(dense, number)
        gradient = Placeholder
        number = Const
        update = ApplyGradientDescent(w, number, gradient)
        tokens = Fill[T=int64](number, global_step, ^update)
        queue = FIFOQueueV2
        hand_out = NoOp
        averages = NoOp(^hand_out)
        token = Identity[T=int64](global_step, ^added, ^tokens, ^hand_out, ^averages)
        train = Identity[T=int64](token)
        """,
    )


def test_a_sparse_gradient_is_three_tensors():
    graph = parse_graph(
        """
        sparse = SparseConditionalAccumulator
        added = SparseAccumulatorApplyGradient(sparse, step, indices, values, shape)
        taken = SparseAccumulatorTakeGradient(sparse, step)
        step = Const
        indices = Placeholder
        values = Placeholder
        shape = Const
        rows = Unique(taken:0)
        sums = UnsortedSegmentSum(taken:1, rows:1, taken:2)
        """
    )
    run_passes([OneReplica()], graph)
    assert [value.name for value in graph["rows"].inputs] == ["indices:0"]
    assert [value.name for value in graph["sums"].inputs] == ["values:0", "rows:1", "shape:0"]


def test_what_is_added_in_two_places_and_another_queue_stay():
    twice = EXCHANGED + "again = AccumulatorApplyGradient(dense, local_step, gradient)\n"
    assert_rewrites(OneReplica(), twice, twice)
    graph = parse_graph(EXCHANGED.replace("hand_out = QueueEnqueueManyV2(queue, tokens)", "hand_out = NoOp(^tokens)"))
    run_passes([OneReplica()], graph)
    assert (graph["token"].op, graph["train"].op) == ("QueueDequeueV2", "Assign")
