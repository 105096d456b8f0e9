"""Inputs are bound and exposed, outputs exposed, table files read from placeholders."""

import numpy as np

from compat_saver.passes.structure.inputs_and_outputs import (
    BindInputs,
    ExposeInputs,
    ExposeOutputs,
    InputSpec,
    ReadTableFiles,
)
from tests.passes.graphs import (
    assert_rewrites,
)


def test_binding_replaces_a_tensor_by_a_constant():
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


def test_a_constant_of_a_branch_or_a_loop_is_bound_inside_of_it():
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


def test_initializers_of_one_file_share_a_placeholder():
    before = """
        t = HashTableV2
        u = HashTableV2
        path = Const[dtype=string, value=string[]("words.txt")]
        a = InitializeTableFromTextFileV2(t, path)
        b = InitializeTableFromTextFileV2(u, path)
    """
    after = """
        t = HashTableV2
        u = HashTableV2
        path = Const[dtype=string, value=string[]("words.txt")]
        a = InitializeTableFromTextFileV2(t, file)
        b = InitializeTableFromTextFileV2(u, file)
        file = Placeholder[dtype=string, shape=[]]
    """
    assert_rewrites(ReadTableFiles({"a": "file", "b": "file"}), before, after)
