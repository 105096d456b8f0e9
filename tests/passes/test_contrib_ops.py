"""Ops of tf.contrib and old signatures: what the golden cases do not show."""

import re

import numpy as np
import pytest

from compat_saver.graph import Graph, from_graph_def, parse_graph, to_graph_def
from compat_saver.passes import run_passes
from compat_saver.passes.replacements.gather_tree import GatherTree
from compat_saver.passes.replacements.resource_handles import MutableDenseHashTable, ResourceHandles
from compat_saver.passes.replacements.sparse_feature_cross import SparseFeatureCross
from compat_saver.passes.replacements.tensor_arrays_and_lists import TensorList
from compat_saver.passes.replacements.variable_ops import ScatterAddNdim, ZeroInitializer
from compat_saver.proto.messages import GraphDef
from tests.passes.graphs import apply, assert_rewrites

END = 2


def test_scatter_add_ndim_gets_the_types_it_had_by_nature():
    assert_rewrites(
        ScatterAddNdim(),
        """
        v = VariableV2[dtype=float32, shape=[3]]
        i = Placeholder[dtype=int32, shape=[?, 1]]
        d = Placeholder[dtype=float32, shape=[?]]
        add = ScatterAddNdim(v, i, d)
        """,
        """
        v = VariableV2[dtype=float32, shape=[3]]
        i = Placeholder[dtype=int32, shape=[?, 1]]
        d = Placeholder[dtype=float32, shape=[?]]
        add = ScatterNdAdd[T=float32, Tindices=int32](v, i, d)
        """,
    )


def test_text_crosses_are_renamed():
    _, rewrites = apply(
        SparseFeatureCross(),
        """
        x = Placeholder[dtype=string, shape=[?, 1]]
        cross = SparseFeatureCross[N=0, dense_types={string}, hashed_output=false, out_type=string, sparse_types={}](x)
        """,
    )
    assert [item.count for item in rewrites] == [1]


LISTS = """
    shape = Const[dtype=int32, value=int32[](-1)]
    limit = Const[dtype=int32, value=int32[](-1)]
    list = EmptyTensorList[element_dtype=float32, shape_type=int32](shape{limit})
"""


def test_a_tensor_list_without_a_limit_gets_one():
    (rewrite,) = assert_rewrites(
        TensorList(),
        LISTS.format(limit=""),
        LISTS.format(limit=", list/Const") + "list/Const = Const[dtype=int32, value=int32[](-1)]",
    )
    assert rewrite.detail == "1 EmptyTensorList -> EmptyTensorList with max_num_elements"


def test_todays_tensor_list_stays():
    assert_rewrites(TensorList(), LISTS.format(limit=", limit"), LISTS.format(limit=", limit"))


ZEROS = "v = VariableV2[dtype=float32, shape={shape}]\nzeros = ZeroInitializer[T=float32](v)\n"


def test_a_variable_of_unknown_shape_cannot_be_filled_with_zeros():
    graph, rewrites = apply(ZeroInitializer(), ZEROS.format(shape="[?, 2]"))
    assert rewrites == []
    assert graph["zeros"].op == "ZeroInitializer"


def test_zeros_are_assigned_to_a_reference():
    graph, _ = apply(ZeroInitializer(), ZEROS.format(shape="[3, 2]"))
    assign = graph["zeros"]
    assert assign.op == "Assign"
    assert [value.node.op for value in assign.inputs] == ["VariableV2", "Fill"]


@pytest.mark.tensorflow
def test_what_reads_a_handle_after_its_zeros_does_so_still():
    text = """
        handle = VarHandleOp[dtype=float32, shape=[2], shared_name="zeros_test"]
        ready = ZeroVarInitializer[dtype=float32, shape=[2]](handle)
        y = ReadVariableOp[dtype=float32](ready)
    """
    graph, _ = apply(ZeroInitializer(), text)
    np.testing.assert_array_equal(_in_a_function(graph)["y:0"], [0, 0])


TABLE = """
    empty = Const[dtype={key}, value={empty}]
    keys = Const[dtype={key}, value={keys}]
    default = Const[dtype=float32, value=float32[](-1.0)]
    values = Const[dtype=float32, value=float32[2](5.0, 6.0)]
    table = MutableDenseHashTable{version}[key_dtype={key}, value_dtype=float32, initial_num_buckets=8, {name}](empty)
    insert = LookupTableInsert{version}[Tin={key}, Tout=float32](table, keys, values)
    y = LookupTableFind{version}[Tin={key}, Tout=float32](table, keys, default, ^insert)
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize("version", ["", "V2"])
@pytest.mark.parametrize(
    ("key", "empty", "keys"),
    [
        ("int64", "int64[](0)", "int64[2](3, -1)"),
        ("int64", "int64[](-9223372036854775808)", "int64[2](3, -1)"),
        ("string", 'string[]("")', 'string[2]("a", "deleted")'),
        ("int64", "int64[2](0, 0)", "int64[2, 2](3, -1, 0, 1)"),
    ],
)
def test_a_dense_table_of_the_old_signature_is_filled_and_asked(version, key, empty, keys):
    name = f'shared_name="{re.sub("[^a-z0-9]", "", empty)}{version}"'  # tables of one name are one table
    graph = parse_graph(TABLE.format(version=version, key=key, empty=empty, keys=keys, name=name), producer=24)
    run_passes([ResourceHandles(), MutableDenseHashTable()], graph)
    np.testing.assert_array_equal(_in_a_function(graph)["y:0"], [5, 6])


TREE = """
    step_ids = Placeholder[dtype=int32, shape=[*]]
    parent_ids = Placeholder[dtype=int32, shape=[*]]
    lengths = Placeholder[dtype=int32, shape=[*]]
    end = Const[dtype=int32, value=int32[](2)]
    y = Addons>GatherTree[T=int32](step_ids, parent_ids, lengths, end)
"""


def _beams(step_ids: np.ndarray, parent_ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """What the op is documented to compute, step by step."""
    beams = np.full_like(step_ids, END)
    for batch, beam in np.ndindex(step_ids.shape[1:]):
        parent = beam
        for step in reversed(range(min(lengths[batch], len(step_ids)))):
            beams[step, batch, beam] = step_ids[step, batch, parent]
            parent = parent_ids[step, batch, parent]
        ends = np.flatnonzero(beams[:, batch, beam] == END)
        beams[ends[0] if len(ends) else len(beams) :, batch, beam] = END
    return beams


def _search(steps: int, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    drawn = [generator.integers(0, high, (steps, 3, 4)) for high in (9, 4)] + [generator.integers(0, steps + 2, 3)]
    return [array.astype(np.int32) for array in drawn]


@pytest.mark.tensorflow
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 64, 65])
def test_beams_are_followed_through_any_number_of_steps(steps):
    graph, _ = apply(GatherTree(), TREE)
    search = _search(steps)
    found = _in_a_function(graph, dict(zip(("step_ids:0", "parent_ids:0", "lengths:0"), search, strict=True)))
    np.testing.assert_array_equal(found["y:0"], _beams(*search))


@pytest.mark.tensorflow
def test_a_parent_that_is_not_there_is_an_error_only_where_a_beam_comes_by():
    import tensorflow as tf

    graph, _ = apply(GatherTree(), TREE)
    step_ids = np.zeros((3, 1, 2), np.int32)
    parent_ids = np.array([[[7, -7]], [[0, 0]], [[0, 0]]], np.int32)  # nobody asks the first step for parents
    feeds = {"step_ids:0": step_ids, "parent_ids:0": parent_ids, "lengths:0": np.array([3], np.int32)}
    _in_a_function(graph, feeds)
    for wrong in (-1, 2):
        parent_ids[1, 0, 0] = wrong
        with pytest.raises(tf.errors.InvalidArgumentError):
            _in_a_function(graph, feeds)


@pytest.mark.tensorflow
def test_beams_are_followed_inside_a_v1_while_loop():
    import tensorflow as tf

    names = ("step_ids", "parent_ids", "lengths")
    with tf.Graph().as_default() as made:
        inputs = [tf.compat.v1.placeholder(tf.int32, name=name) for name in names]
        tf.compat.v1.disable_control_flow_v2()
        _, beams = tf.compat.v1.while_loop(
            lambda count, _: count < 2,
            lambda count, ids: (count + 1, tf.add_n([ids, *inputs[1:], count * 0 + END], name="tree")),
            [tf.constant(0), inputs[0]],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape(None)],
        )
        tf.compat.v1.enable_control_flow_v2()
        tf.identity(beams, name="y")
    # Today's TensorFlow makes no GatherTree, so another op takes its place until the graph has been read.
    graph = from_graph_def(GraphDef.FromString(made.as_graph_def().SerializeToString()))
    (tree,) = (node for node in graph if node.op == "AddN")
    tree.op = "GatherTree"
    del tree.attrs["N"]
    run_passes([GatherTree()], graph)
    search = _search(7, seed=1)
    found = _in_a_function(graph, {f"{name}:0": array for name, array in zip(names, search, strict=True)})
    np.testing.assert_array_equal(found["y:0"], _beams(_beams(*search), *search[1:]))


def _in_a_function(graph: Graph, feeds: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    import tensorflow as tf

    feeds = feeds or {}
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())

    def body(*arguments):
        fed = dict(zip(feeds, arguments, strict=True))
        return tf.graph_util.import_graph_def(message, input_map=fed, return_elements=["y:0"], name="")

    specs = [tf.TensorSpec(None, array.dtype) for array in feeds.values()]
    function = tf.compat.v1.wrap_function(body, specs)
    return {"y:0": function(*map(tf.constant, feeds.values()))[0].numpy()}
