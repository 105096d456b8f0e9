"""Every op that today's GraphDef version forbids has a successor, or a reason why it has none."""

import numpy as np
import pytest

from compat_saver.graph import Graph, parse_graph, to_graph_def
from compat_saver.graph.ops import known_definitions, known_facts
from compat_saver.passes import run_passes
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.resource_handles import ResourceHandles
from tests.golden_cases import case
from tests.passes.graphs import assert_rewrites

WITHOUT_SUCCESSOR = {
    "NegTrain": "trains word2vec by itself, and was taken out of TensorFlow",
    "Old": "is of TensorFlow's own tests",
    "Skipgram": "reads a corpus for word2vec from a file, and was taken out of TensorFlow",
}
PASSES = (*LEGACY_BEHAVIOR_PASSES, *OP_REPLACEMENTS)
REWRITTEN = {op for item in PASSES for op in item.ops}
WITHOUT_RESOURCE_FORM = {"FakeQueue", "LMDBReader", "BigQueryReader"}


def test_every_deprecated_op_is_rewritten_or_has_no_successor():
    deprecated = {op for op, facts in known_facts().items() if facts.deprecated_at is not None}
    assert deprecated - REWRITTEN == set(WITHOUT_SUCCESSOR)


def test_no_successor_is_deprecated():
    successors = {word for item in PASSES for phrase in item.ops.values() for word in phrase.replace(",", " ").split()}
    assert {op for op in successors if op in known_facts() and known_facts()[op].deprecated_at is not None} == set()


def test_every_op_with_a_string_reference_as_handle_is_rewritten_or_has_no_resource_form():
    text = 7
    with_handle = {
        op.name for op in known_definitions().values() if any(a.is_ref and a.type == text for a in _args(op))
    }
    left = {op for op in with_handle - REWRITTEN if not op.startswith(("Barrier", "Sparse"))}
    assert left == WITHOUT_RESOURCE_FORM


def _args(op):
    return (*op.input_arg, *op.output_arg)


def test_handles_become_resources_wherever_they_are_carried():
    assert_rewrites(
        ResourceHandles(),
        """
        x = Const
        table = HashTable[container="c", shared_name="s", use_node_name_sharing=true]
        enter = RefEnter[T=string, frame_name="while"](table)
        branch = RefSwitch[T=string](enter, x)
        fill = InitializeTable(table, x, x)
        found = LookupTableFind(branch:1, x, x, ^fill)
        stack = Stack[elem_type=float32, stack_name=""]
        carried = RefEnter[T=string, frame_name="while", is_constant=true](stack)
        push = StackPush[T=float32](carried, x)
        sum = ConditionalAccumulator[dtype=float32, shared_name="a"]
        mean = AccumulatorTakeGradient[dtype=float32](sum, x)
        kept = Barrier
        size = BarrierReadySize(kept)
        """,
        """
        x = Const
        table = HashTableV2[container="c", shared_name="s", use_node_name_sharing=true]
        enter = Enter[T=resource, frame_name="while"](table)
        branch = Switch[T=resource](enter, x)
        fill = InitializeTableV2(table, x, x)
        found = LookupTableFindV2(branch:1, x, x, ^fill)
        stack/Const = Const[dtype=int32, value=int32[](-1)]
        stack = StackV2[elem_type=float32, stack_name=""](stack/Const)
        carried = Enter[T=resource, frame_name="while", is_constant=true](stack)
        push = StackPushV2[T=float32](carried, x)
        sum = ResourceConditionalAccumulator[dtype=float32, shared_name="a"]
        mean = ResourceAccumulatorTakeGradient[dtype=float32](sum, x)
        kept = Barrier
        size = BarrierReadySize(kept)
        """,
    )


HANDLES = """
keys = Const[dtype=string, value=string[3]("a", "b", "c")]
ids = Const[dtype=int64, value=int64[3](4, 5, 6)]
nothing = Const[dtype=int64, value=int64[](-1)]
words = Const[dtype=string, value=string[2]("c", "d")]
table = HashTable[key_dtype=string, value_dtype=int64, shared_name="shared"]
again = HashTable[key_dtype=string, value_dtype=int64, shared_name="shared"]
other = HashTable[key_dtype=string, value_dtype=int64, use_node_name_sharing=true]
fill = InitializeTable[Tkey=string, Tval=int64](table, keys, ids)
fill_other = InitializeTable[Tkey=string, Tval=int64](other, words, two)
two = Const[dtype=int64, value=int64[2](1, 2)]
found = LookupTableFind[Tin=string, Tout=int64](again, words, nothing, ^fill)
size = LookupTableSize(again, ^fill)
other_size = LookupTableSize(other, ^fill_other)

mutable = MutableHashTable[key_dtype=string, value_dtype=int64]
insert = LookupTableImport[Tin=string, Tout=int64](mutable, keys, ids)
more = LookupTableInsert[Tin=string, Tout=int64](mutable, words, two, ^insert)
exported = LookupTableExport[Tkeys=string, Tvalues=int64](mutable, ^more)
no_axis = Const[dtype=int32, value=int32[1](0)]
total = Sum[T=int64, Tidx=int32](exported:1, no_axis)

dense = MutableDenseHashTable[key_dtype=int64, value_dtype=int64, initial_num_buckets=8](nothing)
fill_dense = LookupTableInsert[Tin=int64, Tout=int64](dense, ids, ids)
same = LookupTableFind[Tin=int64, Tout=int64](dense, ids, nothing, ^fill_dense)

queue = FIFOQueue[component_types={string}, shapes={[]}, capacity=9]
put = QueueEnqueueMany[Tcomponents={string}](queue, keys)
close = QueueClose(queue, ^put)
waiting = QueueSize(queue, ^close)
reader = IdentityReader
first = ReaderRead(reader, queue, ^waiting)
many = Const[dtype=int64, value=int64[](1)]
second = ReaderReadUpTo(reader, queue, many, ^first)
produced = ReaderNumRecordsProduced(reader, ^second)
count = Const[dtype=int32, value=int32[](1)]
third = QueueDequeueMany[component_types={string}](queue, count, ^second)

stack = Stack[elem_type=int64]
push = StackPush[T=int64](stack, ids)
pop = StackPop[elem_type=int64](stack, ^push)
"""
ANSWERS = (
    *("found:0", "size:0", "other_size:0", "total:0", "waiting:0", "first:0", "second:1"),
    *("produced:0", "third:0", "pop:0"),
)


def _session(graph: Graph):
    import tensorflow as tf

    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    with tf.Graph().as_default() as imported:
        tf.graph_util.import_graph_def(message, name="")
        return tf.compat.v1.Session(graph=imported)


@pytest.mark.tensorflow
def test_tables_queues_readers_and_stacks_answer_alike():
    old, new = parse_graph(HANDLES, producer=17), parse_graph(HANDLES, producer=17)
    run_passes([item() for item in OP_REPLACEMENTS], new)
    assert not {node.op for node in new} & set(ResourceHandles.ops)
    with _session(old) as before, _session(new) as after:
        for expected, found in zip(before.run(ANSWERS), after.run(ANSWERS), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert after.run("same:0").tolist() == [4, 5, 6]  # today's old kernel asks for an input that its op lacks


# What `tests/golden/cases/_random_draws.py` prints with TensorFlow 0.12.1 and 1.4.1.
CROPS = {(3, 4): (3, 2), (5, 2): (1, 1), (6, 3): (0, 1), (2, 7): (4, 0), (6, 7): (0, 0), (1, 1): (4, 6)}
COUNTS = [[[1, 1], [15, 63]], [[1, 4], [11, 76]], [[0, 3], [8, 68]]]


@pytest.mark.tensorflow
@pytest.mark.parametrize(("number", "size", "place"), [(n, *item) for n, item in enumerate(CROPS.items())])
def test_the_first_crop_is_cut_where_the_release_cut(number, size, place):
    text = f"""
    x = Placeholder[dtype=float32, shape=[*]]
    size = Const[dtype=int64, value=int64[2]{size}]
    y = RandomCrop[T=float32, seed={number + 1}, seed2=5](x, size)
    """
    graph = parse_graph(text, producer=7)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    image = np.arange(6 * 7 * 2, dtype=np.float32).reshape(6, 7, 2)
    (top, left), (height, width) = place, size
    with _session(graph) as session:
        crop = session.run("y:0", {"x:0": image})
        np.testing.assert_array_equal(crop, image[top : top + height, left : left + width])
        for _ in range(20):  # later ones are drawn anew, and are pieces of the image too
            crop = session.run("y:0", {"x:0": image})
            top, left = int(crop[0, 0, 0]) // 14, int(crop[0, 0, 0]) % 14 // 2
            np.testing.assert_array_equal(crop, image[top : top + height, left : left + width])


@pytest.mark.tensorflow
def test_the_first_counts_are_those_of_the_release():
    text = """
    shape = Const[dtype=int32, value=int32[1](3)]
    rate = Const[dtype=float32, value=float32[2, 2](0.5, 3.0, 12.0, 70.0)]
    y = RandomPoisson[S=int32, dtype=float32, seed=7, seed2=1](shape, rate)
    """
    graph = parse_graph(text, producer=24)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    with _session(graph) as session:
        assert session.run("y:0").tolist() == COUNTS


@pytest.mark.tensorflow
def test_a_generator_draws_the_same_numbers_and_steps_the_same_state():
    text = """
    state = VarHandleOp[dtype=int64, shape=[4]]
    first = Const[dtype=int64, value=int64[4](1, 5000, -7, 123456789)]
    begin = AssignVariableOp[dtype=int64](state, first)
    shape = Const[dtype=int32, value=int32[2](3, 5)]
    y = StatefulStandardNormal[dtype=float32, shape_dtype=int32](state, shape)
    now = ReadVariableOp[dtype=int64](state, ^y)
    """
    old, new = parse_graph(text, producer=27), parse_graph(text, producer=27)
    run_passes([item() for item in OP_REPLACEMENTS], new)
    with _session(old) as before, _session(new) as after:
        for session in (before, after):
            session.run("begin")
        for _ in range(3):
            for expected, found in zip(before.run(["y:0", "now:0"]), after.run(["y:0", "now:0"]), strict=True):
                np.testing.assert_array_equal(found, expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", ["FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D"])
def test_a_batch_fft_is_the_fft(op):
    """Today no CPU kernel is left for these, so NumPy is the judge."""
    graph = parse_graph(f"x = Placeholder[dtype=complex64, shape=[*]]\ny = Batch{op}(x)", producer=12)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((2, 4, 3, 8)) + 1j * rng.standard_normal((2, 4, 3, 8))).astype(np.complex64)
    transform = {"F": np.fft.fftn, "I": np.fft.ifftn}[op[0]]
    axes = tuple(range(-int(op[-2]) if op.endswith("D") else -1, 0))
    with _session(graph) as session:
        np.testing.assert_allclose(session.run("y:0", {"x:0": values}), transform(values, axes=axes), atol=1e-5)


@pytest.mark.tensorflow
def test_an_audio_summary_says_the_same():
    text = """
    x = Placeholder[dtype=float32, shape=[*]]
    tag = Const[dtype=string, value=string[]("sound")]
    y = AudioSummary[sample_rate=8000.0, max_outputs=2](tag, x)
    """
    old, new = parse_graph(text, producer=14), parse_graph(text, producer=14)
    run_passes([item() for item in OP_REPLACEMENTS], new)
    sound = {"x:0": np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 20)}
    with _session(old) as before, _session(new) as after:
        assert after.run("y:0", sound) == before.run("y:0", sound)


def _rewritten(text: str, producer: int, *arrays: np.ndarray):
    """The rewritten graph as a function of x0, x1, ... that returns y."""
    import tensorflow as tf

    graph = parse_graph(text, producer=producer)
    run_passes([item() for item in PASSES], graph)
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())

    def body(*values):
        given = {f"x{number}:0": value for number, value in enumerate(values)}
        return tf.graph_util.import_graph_def(message, input_map=given, return_elements=["y:0"], name="")[0]

    return tf.compat.v1.wrap_function(body, [tf.TensorSpec(array.shape, array.dtype) for array in arrays])


@pytest.mark.tensorflow
@pytest.mark.parametrize(("scaled", "name"), [("true", "scaled"), ("false", "unscaled")])
def test_batch_norm_has_the_gradients_it_had(scaled, name):
    """Its gradient in TensorFlow 1 is the op whose answers the golden case holds, for images ** 2 from above."""
    import tensorflow as tf

    golden = case("0.12.1", "old_layers")
    inputs, expected = next(iter(golden.runs()))
    reader = tf.train.load_checkpoint(str(golden.prefix))
    weights = {name: reader.get_tensor(name) for name in ("mean", "variance", "beta", "gamma")}
    arrays = [inputs["images:0"], *weights.values()]
    text = f"""
    x0 = Placeholder[dtype=float32, shape=[*]]
    x1 = Placeholder[dtype=float32, shape=[*]]
    x2 = Placeholder[dtype=float32, shape=[*]]
    x3 = Placeholder[dtype=float32, shape=[*]]
    x4 = Placeholder[dtype=float32, shape=[*]]
    v = Square[T=float32](x2)
    y = BatchNormWithGlobalNormalization[T=float32, variance_epsilon=0.01, scale_after_normalization={scaled}]\
(x0, x1, v, x3, x4)
    """
    function = _rewritten(text, 8, *arrays)
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        answer = function(*tensors)
    found = tape.gradient(answer, tensors, output_gradients=tf.square(tensors[0]), unconnected_gradients="zero")
    by_variance = expected[f"{name}_grad:2"] * 2 * weights["variance"]  # the variable is squared
    wanted = [expected[f"{name}_grad:{number}"] for number in range(5)]
    wanted[2] = by_variance
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * np.max(np.abs(other), initial=0))


@pytest.mark.tensorflow
@pytest.mark.parametrize("options", ["signed_input=true", "signed_input=false", "range_given=true, input_max=0.5"])
def test_quantizing_hands_gradients_through_and_takes_empty_inputs(options):
    import tensorflow as tf

    text = f"x0 = Placeholder[dtype=float32, shape=[*]]\ny = QuantizeAndDequantize[T=float32, {options}](x0)"
    values = np.linspace(-1, 1, 7, dtype=np.float32)
    with tf.GradientTape() as tape:
        tensor = tf.constant(values)
        tape.watch(tensor)
        answer = _rewritten(text, 21, values)(tensor)
    np.testing.assert_array_equal(tape.gradient(answer, tensor), np.ones(7))
    assert _rewritten(text, 21, values[:0])(tf.constant(values[:0])).shape == (0,)


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float64"])
def test_the_exponential_of_matrices_of_every_type_and_size(dtype):
    """The exponential of [[0, -a], [a, 0]] is the rotation by a, however often it is squared."""
    import tensorflow as tf

    text = f"x0 = Placeholder[dtype={dtype}, shape=[*]]\ny = MatrixExponential[T={dtype}](x0)"
    angles = np.array([0.0, 1e-9, 0.3, 5.4, 40.0])
    matrices = (angles[:, None, None] * np.array([[0, -1], [1, 0]])).astype(dtype)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    found = _rewritten(text, 26, matrices)(tf.constant(matrices))
    np.testing.assert_allclose(found, turns, atol=2e-6 if dtype == "complex64" else 1e-13)
    for empty in (matrices[:0], matrices[:, :0, :0]):
        assert _rewritten(text, 26, empty)(tf.constant(empty)).shape == empty.shape
    infinite = np.full((1, 2, 2), np.inf, dtype)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        _rewritten(text, 26, infinite)(tf.constant(infinite))
