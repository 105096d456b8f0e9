import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.errors import FormatError
from compat_saver.proto.messages import TensorProto
from compat_saver.proto.tensors import from_array, to_array
from tests.bundle.crafting import NUMERIC, SHAPES, sample


def message(dtype, shape=(), **fields):
    return TensorProto(
        dtype=dtypes.by_name(dtype).number, tensor_shape={"dim": [{"size": size} for size in shape]}, **fields
    )


@given(st.sampled_from([*NUMERIC, "string"]), SHAPES, st.integers(0, 9))
def test_round_trip(dtype, shape, seed):
    array = sample(dtype, shape, seed)
    found = to_array(TensorProto.FromString(from_array(array, dtypes.by_name(dtype)).SerializeToString()))
    assert (found.dtype, found.shape) == (array.dtype, shape)
    assert found.tolist() == array.tolist()


@pytest.mark.parametrize(
    ("proto", "expected"),
    [
        (message("float32", (2,), float_val=[1.5, -2]), np.float32([1.5, -2])),
        (message("float64", (), double_val=[1e300]), np.float64(1e300)),
        (message("int16", (2,), int_val=[-1, 7]), np.int16([-1, 7])),
        (message("uint8", (1,), int_val=[255]), np.uint8([255])),
        (message("quint16", (1,), int_val=[65535]), np.uint16([65535])),
        (message("int64", (1,), int64_val=[-(2**63)]), np.int64([-(2**63)])),
        (message("uint32", (1,), uint32_val=[2**32 - 1]), np.uint32([2**32 - 1])),
        (message("uint64", (1,), uint64_val=[2**64 - 1]), np.uint64([2**64 - 1])),
        (message("bool", (2,), bool_val=[True, False]), np.array([True, False])),
        (message("float16", (2,), half_val=[0x3C00, 0xC000]), np.float16([1, -2])),
        (message("complex64", (2,), scomplex_val=[1, 2, 3, 4]), np.complex64([1 + 2j, 3 + 4j])),
        (message("complex128", (1,), dcomplex_val=[1, -2]), np.complex128([1 - 2j])),
        (message("string", (2,), string_val=[b"a", b"\xff"]), np.array([b"a", b"\xff"], object)),
        (message("string", (2,), tensor_content=b"\x01\x02abc"), np.array([b"a", b"bc"], object)),
        (message("int32", (2, 2), int_val=[1, 2]), np.int32([[1, 2], [2, 2]])),
        (message("float32", (3,)), np.zeros(3, np.float32)),
        (message("string", (2,)), np.array([b"", b""], object)),
        (message("int32", (2,), int_val=[1, 2, 3]), np.int32([1, 2])),
        (message("float32", (2, 0)), np.zeros((2, 0), np.float32)),
    ],
)
def test_fields_and_repeated_values(proto, expected):
    found = to_array(proto)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tolist() == expected.tolist()


def test_bfloat16_bits():
    assert to_array(message("bfloat16", (1,), half_val=[0x3FC0])).astype(float).tolist() == [1.5]


def test_float8_bytes():
    assert to_array(message("float8_e5m2", (2,), float8_val=b"\x3c\xbc")).astype(float).tolist() == [1, -1]


def test_a_trillion_equal_elements_are_not_allocated():
    huge = message("float32", (10**6, 10**6), float_val=[1])
    with pytest.raises(FormatError, match="4000000000000 bytes"):
        to_array(huge, where="node x")
    with pytest.raises(FormatError):
        to_array(message("float32", (300,)), limit=1000)
    assert to_array(message("float32", (300,)), limit=2000).shape == (300,)


@pytest.mark.parametrize(
    "proto",
    [
        TensorProto(dtype=77),
        TensorProto(dtype=1, tensor_shape={"unknown_rank": True}),
        message("float32", (-1,)),
        message("float32", (2,), tensor_content=b"1234567"),
        message("float32", (2**40, 2**40), tensor_content=b"1234"),
        message("string", (2,), tensor_content=b"\x01\x05a"),
        message("string", (2**40,), tensor_content=b"\x01\x05a"),
        message("complex64", (1,), scomplex_val=[1]),
        message("uint8", (1,), int_val=[256]),
        message("float16", (1,), half_val=[-1]),
        message("resource", ()),
        message("float32", (1,) * 70, float_val=[1]),
    ],
)
def test_bad_messages(proto):
    with pytest.raises(FormatError) as caught:
        to_array(proto, where="graph.pb, node 'x'")
    assert caught.value.path == "graph.pb, node 'x'"


@pytest.mark.parametrize(
    ("array", "content"), [(np.arange(3, dtype=">i4"), np.arange(3, dtype="<i4").tobytes()), (np.int32(5), b"")]
)
def test_content_is_little_endian_and_scalars_are_readable(array, content):
    found = from_array(array)
    assert found.tensor_content == content
    assert list(found.int_val) == ([] if content else [5])


def test_str_becomes_utf8():
    assert from_array(["ü", "a"]).string_val == ["ü".encode(), b"a"]


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="int"):
        from_array(np.array([1, b"a"], object))


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", [name for name in NUMERIC if not name.startswith("q")])
def test_tensorflow_reads_and_writes_the_same(dtype):
    import tensorflow as tf
    from tensorflow.core.framework.tensor_pb2 import TensorProto as Theirs

    for shape in ((), (2, 3), (0,)):
        array = sample(dtype, shape)
        theirs = tf.make_ndarray(Theirs.FromString(from_array(array).SerializeToString()))
        assert theirs.tobytes() == array.tobytes()
        made = TensorProto.FromString(tf.make_tensor_proto(array).SerializeToString())
        assert to_array(made).tobytes() == array.tobytes()
