"""Every way in which a graph may use a reference variable."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import OpCatalog, parse_graph
from compat_saver.passes.structure.ref_to_resource import RefToResource, counterpart, stuck_nodes
from tests.passes.graphs import apply, assert_rewrites

W = "w = VariableV2[dtype=float32, shape=[2]]\n"
HANDLE = "w = VarHandleOp[dtype=float32, shape=[2]]\n"


def assert_becomes(before: str, after: str) -> None:
    assert_rewrites(RefToResource(OpCatalog()), W + before, HANDLE + after)


def test_an_identity_becomes_the_read():
    assert_becomes(
        "w/read = Identity[T=float32](w, ^init)\ninit = NoOp\ny = Neg[T=float32](w/read)",
        "w/read = ReadVariableOp[dtype=float32](w, ^init)\ninit = NoOp\ny = Neg[T=float32](w/read)",
    )


def test_the_variable_op_of_0_12_is_one_too():
    assert_rewrites(
        RefToResource(OpCatalog()),
        'w = Variable[container="", dtype=float32, shape=[2], shared_name=""]\nr = Identity[T=float32](w)',
        'w = VarHandleOp[container="", dtype=float32, shape=[2], shared_name=""]\nr = ReadVariableOp[dtype=float32](w)',
    )


def test_any_other_reader_gets_a_read_that_waits_as_it_does():
    assert_becomes(
        "y = Mul[T=float32](w, w, ^init)\ninit = NoOp",
        """
        y/ReadVariableOp = ReadVariableOp[dtype=float32](w, ^init)
        y/ReadVariableOp_1 = ReadVariableOp[dtype=float32](w, ^init)
        y = Mul[T=float32](y/ReadVariableOp, y/ReadVariableOp_1, ^init)
        init = NoOp
        """,
    )


def test_an_assignment_forwards_the_handle_and_its_readers_wait():
    assert_becomes(
        """
        c = Const[dtype=float32]
        add = AssignAdd[T=float32, use_locking=true](w, c)
        chained = Assign[T=float32, validate_shape=true](add, c)
        read = Identity[T=float32](chained)
        direct = Neg[T=float32](add)
        """,
        """
        c = Const[dtype=float32]
        add = AssignAddVariableOp[dtype=float32](w, c)
        chained = AssignVariableOp[dtype=float32, validate_shape=true](w, c, ^add)
        read = ReadVariableOp[dtype=float32](w, ^chained)
        direct/ReadVariableOp = ReadVariableOp[dtype=float32](w, ^add)
        direct = Neg[T=float32](direct/ReadVariableOp)
        """,
    )


def test_an_op_on_several_variables_forwards_the_first():
    graph, _ = apply(
        RefToResource(OpCatalog()),
        W
        + """
        m = VariableV2[dtype=float32, shape=[2]]
        c = Const[dtype=float32]
        apply = ApplyMomentum[T=float32, use_nesterov=true](w, m, c, c, c)
        read = Identity[T=float32](apply)
        """,
    )
    assert graph["apply"].op == "ResourceApplyMomentum"
    assert [value.name for value in graph["apply"].inputs[:2]] == ["w:0", "m:0"]
    assert [value.name for value in graph["read"].inputs] == ["w:0"]
    assert graph["read"].control_inputs == (graph["apply"],)


def test_references_through_conditionals_and_loops_become_handles():
    assert_becomes(
        """
        p = Const[dtype=bool]
        switch = RefSwitch[T=float32](w, p)
        left = Identity[T=float32](switch)
        right = Neg[T=float32](switch:1)
        merge = RefMerge[N=2, T=float32](switch, switch:1)
        after = Identity[T=float32](merge)
        enter = RefEnter[T=float32, frame_name="f", is_constant=true](w)
        inside = Identity[T=float32](enter)
        """,
        """
        p = Const[dtype=bool]
        switch = Switch[T=resource](w, p)
        left = ReadVariableOp[dtype=float32](switch)
        right/ReadVariableOp = ReadVariableOp[dtype=float32](switch:1)
        right = Neg[T=float32](right/ReadVariableOp)
        merge = Merge[N=2, T=resource](switch, switch:1)
        after = ReadVariableOp[dtype=float32](merge)
        enter = Enter[T=resource, frame_name="f", is_constant=true](w)
        inside = ReadVariableOp[dtype=float32](enter)
        """,
    )


def test_control_edges_from_the_variable_stay():
    assert_becomes("after = NoOp(^w)", "after = NoOp(^w)")


def test_an_op_without_resource_form_is_named():
    graph = parse_graph(
        W + "shrink = NegTrain[vocab_count={1}, num_negative_samples=1](w, w, c, c, c)\nc = Const[dtype=int32]"
    )
    assert [node.name for node in stuck_nodes(graph, OpCatalog())] == ["shrink"]
    with pytest.raises(GraphError, match="a counterpart for NegTrain"):
        apply(RefToResource(OpCatalog()), W + "s = NegTrain(w, w, c, c, c)\nc = Const[dtype=int32]")


@pytest.mark.parametrize(
    ("op", "other"),
    [
        ("Assign", "AssignVariableOp"),
        ("ScatterNdUpdate", "ResourceScatterNdUpdate"),
        ("SparseApplyAdagrad", "ResourceSparseApplyAdagrad"),
        ("StridedSliceAssign", "ResourceStridedSliceAssign"),
        ("CountUpTo", "ResourceCountUpTo"),
        ("IsVariableInitialized", "VarIsInitializedOp"),
    ],
)
def test_counterparts_take_the_same_inputs(op, other):
    found = counterpart(op)
    assert found is not None
    assert found.op == other
    catalog = OpCatalog()
    ours, theirs = catalog[op].input_arg, catalog[other].input_arg
    assert len(ours) == len(theirs)


def test_ops_without_counterpart():
    assert counterpart("NegTrain") is None
    assert counterpart("MatMul") is None
