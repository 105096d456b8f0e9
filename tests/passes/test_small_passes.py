"""The passes that are a few lines each."""

import numpy as np

from compat_saver.graph import OpCatalog
from compat_saver.passes.replacements.tensor_arrays_and_lists import TensorArray
from compat_saver.passes.structure.inputs_and_outputs import BindInputs, ExposeInputs, ExposeOutputs, InputSpec
from compat_saver.passes.structure.removals import DropPlacement, DropUnknownAttributes
from compat_saver.proto.messages import OpDef
from tests.passes.graphs import assert_rewrites


def test_placement_is_dropped_and_counted():
    rewrites = assert_rewrites(
        DropPlacement(),
        'a = Const[_class={"loc:@b"}, _output_shapes={[2]}, T=int32] @/job:ps/device:GPU:0\nb = NoOp[_other=1]',
        "a = Const[T=int32]\nb = NoOp[_other=1]",
    )
    assert rewrites[0].detail == "1 devices, 1 colocations, 1 recorded shapes"


def test_the_wish_to_be_compiled_is_dropped():
    rewrites = assert_rewrites(
        DropPlacement(),
        'a = Neg[_XlaCompile=true, _XlaScope="jit", T=int32](b)\nb = Const[_tpu_replicate="cluster", _other=1]',
        "a = Neg[T=int32](b)\nb = Const[_other=1]",
    )
    assert rewrites[0].detail == "0 devices, 0 colocations, 0 recorded shapes, 3 XLA scopes"


def test_binding_puts_a_constant_in_the_place_of_a_tensor():
    assert_rewrites(
        BindInputs({"keep_prob:0": np.array(1.0, np.float32)}),
        "keep_prob = Placeholder\nx = Placeholder\ny = Mul(x, keep_prob)",
        """
        keep_prob = Placeholder
        keep_prob/bound = Const[dtype=float32, value=float32[](1.0)]
        x = Placeholder
        y = Mul(x, keep_prob/bound)
        """,
    )


def test_a_constant_of_a_branch_or_a_loop_is_bound_where_it_lies():
    assert_rewrites(
        BindInputs({"rate:0": np.array(0.0, np.float32)}),
        "pivot = Identity(x)\nx = Placeholder\nrate = Const(^pivot)\ny = Mul(x, rate)",
        """
        pivot = Identity(x)
        x = Placeholder
        rate = Const(^pivot)
        rate/bound = Const[dtype=float32, value=float32[](0.0)](^pivot)
        y = Mul(x, rate/bound)
        """,
    )


def test_an_input_in_the_middle_of_a_pipeline_becomes_a_placeholder():
    assert_rewrites(
        ExposeInputs({"dequeue:1": InputSpec("in", 1, (None, 3))}),
        "dequeue = QueueDequeueV2\ny = Neg(dequeue:1)\nz = Neg(dequeue)",
        """
        dequeue = QueueDequeueV2
        in = Placeholder[dtype=float32, shape=[?, 3]]
        y = Neg(in)
        z = Neg(dequeue)
        """,
    )


def test_an_output_gets_a_node_of_its_own():
    assert_rewrites(
        ExposeOutputs({"split:1": ("out", 3)}), "split = Split", "split = Split\nout = Identity[T=int32](split:1)"
    )


def _catalog(default: int) -> OpCatalog:
    own = OpDef(name="MatMul")
    own.attr.add(name="new_fangled", type="int").default_value.i = default
    return OpCatalog({"MatMul": own})


def test_an_unknown_attribute_at_its_default_is_dropped():
    line = "y = MatMul[T=float32, new_fangled=3, _note=1]"
    assert_rewrites(DropUnknownAttributes(_catalog(3)), line, "y = MatMul[T=float32, _note=1]")


def test_an_unknown_attribute_with_a_meaning_stays():
    line = "y = MatMul[T=float32, new_fangled=3]"
    assert assert_rewrites(DropUnknownAttributes(_catalog(0)), line, line) == []
    assert assert_rewrites(DropUnknownAttributes(OpCatalog()), line, line) == []


def test_attributes_of_ops_that_are_gone_are_left_alone():
    line = "y = GatherTree[odd=3]"
    assert assert_rewrites(DropUnknownAttributes(OpCatalog()), line, line) == []


def test_tensor_arrays_become_v3_through_loops():
    assert_rewrites(
        TensorArray(),
        """
        size = Const
        array = TensorArrayV2[dtype=float32](size)
        enter = Enter[T=string, frame_name="while"](array)
        write = TensorArrayWriteV2[T=float32](enter, size, size, size)
        read = TensorArrayGatherV2[dtype=float32](array, size, size)
        """,
        """
        size = Const
        array = TensorArrayV3[dtype=float32](size)
        enter = Enter[T=resource, frame_name="while"](array)
        write = TensorArrayWriteV3[T=float32](enter, size, size, size)
        read = TensorArrayGatherV3[dtype=float32](array, size, size)
        """,
    )
