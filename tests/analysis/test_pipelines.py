"""Where models begin that take their examples out of pipelines."""

import pytest

from compat_saver.analysis.ops.unsupported_ops import is_pipeline
from compat_saver.analysis.serving.pipelines import Delivery, deliveries
from compat_saver.graph import OpCatalog, parse_graph

REST = """
w = VariableV2[dtype=float32, shape=[4, 2]]
w/read = Identity[T=float32](w)
y = MatMul[T=float32](x, w/read)
"""
QUEUE = "q = FIFOQueueV2[component_types={float32, int64}, shapes={[4], []}]\n"
COUNT = "n = Const[dtype=int32, value=int32[](8)]\n"
TYPES = "component_types={float32, int64}"


def found(text: str, *outputs: str, rest: str = REST, inputs: tuple[str, ...] = ()) -> tuple[Delivery, ...]:
    graph = parse_graph(text + rest, producer=26)
    given = {graph.value(name) for name in inputs}
    return deliveries(graph, OpCatalog.of(graph), [graph.value(name) for name in outputs or ("y",)], given)


def told(text: str, *outputs: str, **options) -> dict[str, tuple[str, object]]:
    return {item.value.name: (item.key, item.shape) for item in found(text, *outputs, **options)}


@pytest.mark.parametrize(
    ("dequeue", "shape"),
    [
        (f"x = QueueDequeueV2[{TYPES}](q)", (4,)),
        (f"x = QueueDequeueUpToV2[{TYPES}](q, n)", (None, 4)),
        (f"x = QueueDequeueManyV2[{TYPES}](q, n)", (8, 4)),
    ],
)
def test_a_queue_declares_the_shapes(dequeue, shape):
    assert told(f"{QUEUE}{COUNT}{dequeue}") == {"x:0": ("x", shape)}


def test_an_iterator_declares_the_shapes_and_labels_are_no_inputs():
    text = """
    all = Placeholder[dtype=float32, shape=[?, 4]]
    data = TensorSliceDataset[Toutput_types={float32}, output_shapes={[4]}](all)
    it = IteratorV2[output_types={float32, int64}, output_shapes={[?, 4], [?]}]
    make = MakeIterator(data, it)
    IteratorGetNext = IteratorGetNext[output_types={float32, int64}, output_shapes={[?, 4], [?]}](it)
    x = Identity[T=float32](IteratorGetNext)
    loss = Mean[T=int64](IteratorGetNext:1, IteratorGetNext:1)
    """
    assert told(text) == {"x:0": ("x", (None, 4))}
    assert told(text, "y", "loss") == {"IteratorGetNext:1": ("input", (None,)), "x:0": ("x", (None, 4))}


SPARSE_REST = """
v = VariableV2[dtype=float32, shape=[4, 2]]
v/read = Identity[T=float32](v)
ids = Identity[T=int64]({values})
sequence_input_layer/word_embedding/rows = GatherV2[Tparams=float32, Tindices=int64](v/read, {values}, zero)
zero = Const[dtype=int32, value=int32[](0)]
one = Identity[T=int64]({indices})
"""


def test_a_sparse_tensor_from_an_iterator_is_its_parts():
    text = """
    it = IteratorV2[output_types={variant}, output_shapes={[]}]
    IteratorGetNext = IteratorGetNext[output_types={variant}, output_shapes={[]}](it)
    unpacked = DeserializeSparse[dtype=int64, Tserialized=variant](IteratorGetNext)
    """
    rest = SPARSE_REST.format(indices="unpacked", values="unpacked:1")
    assert told(text, "sequence_input_layer/word_embedding/rows", "one", rest=rest) == {
        "unpacked:0": ("word_indices", (None, None)),
        "unpacked:1": ("word_values", (None,)),
    }
    reasons = {item.reason for item in found(text, "ids", "one", rest=rest)}
    assert reasons == {
        "'unpacked' (DeserializeSparse) returns a sparse tensor that a pipeline read; a served model is given it: "
        "'unpacked:0', 'unpacked:1' are inputs."
    }


OPTIONAL = """
IteratorGetNextAsOptional = IteratorGetNextAsOptional[output_types={float32}, output_shapes={[?, 4]}](it)
x = OptionalGetValue[output_types={float32}, output_shapes={[?, 4]}](IteratorGetNextAsOptional)
"""


def test_an_optional_element_of_a_pipeline_is_an_input():
    it = "it = IteratorV2[output_types={float32}, output_shapes={[?, 4]}]"
    assert told(it + OPTIONAL) == {"x:0": ("x", (None, 4))}


def test_an_optional_value_of_the_model_itself_is_no_pipeline():
    own = """
    p = Placeholder[dtype=float32, shape=[?, 4]]
    o = OptionalFromValue[Toutput_types={float32}](p)
    x = OptionalGetValue[output_types={float32}, output_shapes={[?, 4]}](o)
    """
    assert told(own) == {}
    assert not is_pipeline(parse_graph(own + REST)["x"])


def test_a_batch_with_a_sparse_tensor_waits_for_all_of_it():
    text = """
    q = FIFOQueueV2[component_types={int64, float32}, shapes={[1], [4]}]
    n = Const[dtype=int32, value=int32[](8)]
    batch = QueueDequeueManyV2[component_types={int64, float32}](q, n)
    handles = Squeeze[T=int64, squeeze_dims={1}](batch)
    batch/Take = TakeManySparseFromTensorsMap[dtype=int64](handles)
    batch/control_dependency = Identity[T=int64](batch/Take, ^batch)
    batch/control_dependency_1 = Identity[T=int64](batch/Take:1, ^batch)
    x = Identity[T=float32](batch:1, ^batch/Take)
    """
    rest = REST + SPARSE_REST.format(indices="batch/control_dependency", values="batch/control_dependency_1")
    assert told(text, "y", "sequence_input_layer/word_embedding/rows", "one", rest=rest) == {
        "batch/control_dependency:0": ("word_indices", (None, None)),
        "batch/control_dependency_1:0": ("word_values", (None,)),
        "x:0": ("x", (8, 4)),
    }


def test_what_comes_after_the_last_delivery_stays():
    text = """
    files = FIFOQueueV2[component_types={string}, shapes={[]}]
    reader = TFRecordReaderV2
    ReaderReadV2 = ReaderReadV2(reader, files)
    raw = DecodeRaw[out_type=uint8](ReaderReadV2:1)
    x = Cast[SrcT=uint8, DstT=float32](raw)
    """
    assert told(text) == {"ReaderReadV2:1": ("raw_bytes", ())}


def test_a_file_is_read_before_the_model_begins():
    text = """
    names = FIFOQueueV2[component_types={string}, shapes={[]}]
    name = QueueDequeueV2[component_types={string}](names)
    ReadFile = ReadFile(name)
    image = DecodeJpeg[channels=3](ReadFile)
    x = Cast[SrcT=uint8, DstT=float32](image)
    """
    assert told(text) == {"ReadFile:0": ("image_bytes", ())}
    assert told(text.replace("name = QueueDequeueV2[component_types={string}](names)", "name = Placeholder")) == {}


def test_a_python_function_that_makes_examples():
    text = "a = Placeholder[dtype=string]\nPyFunc = PyFunc[Tin={string}, Tout={float32}](a)\n"
    x = "x = Identity[T=float32](PyFunc)"
    assert told(text + x) == {"x:0": ("x", None)}
    (item,) = found(text + x)
    assert "'PyFunc' (PyFunc) calls a Python function" in item.reason


def test_a_python_function_of_what_the_model_learned_is_a_part_of_it():
    text = """
    image = Placeholder[dtype=float32]
    v = VariableV2[dtype=float32, shape=[4]]
    scores = Mul[T=float32](image, v)
    x = PyFunc[Tin={float32}, Tout={float32}](scores)
    """
    assert found(text) == ()


def test_a_placeholder_whose_default_is_delivered_is_there_to_be_fed():
    text = f"{QUEUE}d = QueueDequeueV2[{TYPES}](q)\nx = PlaceholderWithDefault[dtype=float32, shape=[?, 4]](d)"
    assert told(text) == {"x:0": ("x", (None, 4))}


def test_positions_are_no_examples():
    text = """
    start = Const[dtype=int32, value=int32[](0)]
    end = Const[dtype=int32, value=int32[](9)]
    data = Const[dtype=float32, value=float32[1, 4](1.0, 2.0, 3.0, 4.0)]
    range = Range(start, end, start)
    shuffled = RandomShuffle[T=int32](range)
    q = FIFOQueueV2[component_types={int32}, shapes={[]}]
    fill = QueueEnqueueManyV2[Tcomponents={int32}](q, shuffled)
    i = QueueDequeueV2[component_types={int32}](q)
    Gather = Gather[Tparams=float32, Tindices=int32](data, i)
    x = ExpandDims[T=float32](Gather, start)
    """
    assert [item.value.name for item in found(text)] == ["Gather:0"]
    assert [item.value.name for item in found(text.replace("data = Const", "data = VariableV2"))] == ["i:0"]


def test_what_is_given_is_not_looked_behind():
    text = f"{QUEUE}x = QueueDequeueV2[{TYPES}](q)"
    assert found(text, inputs=("x:0",)) == ()


def test_an_output_that_a_pipeline_computes_itself_has_no_way_around():
    assert found(f"{QUEUE}x = QueueDequeueV2[{TYPES}](q)", "x") == ()
    assert found("x = Placeholder[dtype=float32, shape=[?, 4]]") == ()


@pytest.mark.parametrize(
    ("readers", "key"),
    [
        ("", "features"),
        ("d = DecodePng(d0)", "image_bytes"),
        ("a = Identity[T=float32](IteratorGetNext)\nb = ParseExample(a)", "examples"),
        ("f = ExpandDims[T=float32](IteratorGetNext)\ndnn/input_layer/age/Reshape = Reshape[T=float32](f)", "age"),
        ("linear/linear_model/linear_model/age_bucketized_indicator/a = Neg[T=float32](IteratorGetNext)", "age"),
        ("dnn/head/labels/rows = ExpandDims[T=float32](IteratorGetNext)", "labels"),
        ("l = Cast[T=float32](IteratorGetNext)\nce = SparseSoftmaxCrossEntropyWithLogits(x, l)", "labels"),
        ("table = VariableV2\nids = Gather(table, IteratorGetNext)", "ids"),
    ],
)
def test_what_nobody_named_is_called_what_it_is(readers, key):
    text = """
    it = IteratorV2[output_types={float32}, output_shapes={[?, 4]}]
    IteratorGetNext = IteratorGetNext[output_types={float32}, output_shapes={[?, 4]}](it)
    x = Neg[T=float32](IteratorGetNext)
    """
    lines = [line for line in readers.replace("d0", "IteratorGetNext").splitlines() if line]
    last = [line.split()[0] for line in lines[-1:]]
    assert [item[0] for item in told(text + "\n".join(lines), "y", *last).values()] == [key]


def test_what_crossed_columns_read_is_called_by_the_feature():
    """A column of one feature names it, a Bucketize the only one in buckets, and the last one is what is left."""
    text = """
    it = IteratorV2[output_types={float32, string, string}, output_shapes={[?], [?], [?]}]
    IteratorGetNext = IteratorGetNext[output_types={float32, string, string}, output_shapes={[?], [?], [?]}](it)
    input_layer/age_bucketized_X_job_X_town/e = ExpandDims(IteratorGetNext, axis)
    input_layer/age_bucketized_X_job_X_town/Bucketize = Bucketize(input_layer/age_bucketized_X_job_X_town/e)
    input_layer/age_bucketized_X_job_X_town/Cross = SparseCross(IteratorGetNext:1, IteratorGetNext:2)
    axis = Const[dtype=int32, value=int32[](-1)]
    linear_model/job/Identity = Identity(IteratorGetNext:1)
    x = AddN(input_layer/age_bucketized_X_job_X_town/Bucketize, linear_model/job/Identity)
    """
    outputs = ("x", "input_layer/age_bucketized_X_job_X_town/Cross")
    assert [item[0] for item in told(text, *outputs).values()] == ["age", "job", "town"]


def test_three_channels_are_an_image():
    text = """
    it = IteratorV2[output_types={float32}, output_shapes={[?, 8, 8, 3]}]
    get_next/IteratorGetNext_1 = IteratorGetNext[output_types={float32}, output_shapes={[?, 8, 8, 3]}](it)
    x = Neg[T=float32](get_next/IteratorGetNext_1)
    """
    assert [item[0] for item in told(text).values()] == ["image"]
