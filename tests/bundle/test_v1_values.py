"""The short way to the numbers of a V1 slice leads where the whole message does, or nowhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import open_bundle
from compat_saver.bundle.v1 import is_packed, packed
from compat_saver.proto import tensors
from compat_saver.proto.messages import SavedTensorSlices
from tests.bundle.crafting import V1_FIELDS, sample, write_v1

FLOAT = dtypes.by_name("float32")


def message(array, dtype="float32"):
    value = SavedTensorSlices()
    value.data.name = "x"
    flat = array.view(f"f{array.itemsize // 2}") if array.dtype.kind == "c" else array
    getattr(value.data.data, V1_FIELDS[dtype]).extend(flat.tolist())
    return value.SerializeToString()


@pytest.mark.parametrize("name", ["float32", "float64", "complex64", "complex128"])
def test_packed_numbers_are_found(name):
    array, dtype = sample(name, (5,)), dtypes.by_name(name)
    found = packed(message(array, name), dtype)
    assert np.frombuffer(found, dtype.numpy).tolist() == array.tolist()


@pytest.mark.parametrize("name", ["int32", "float16", "bool", "string"])
def test_other_types_are_not_packed_like_that(name):
    assert not is_packed(dtypes.by_name(name))
    assert packed(b"", dtypes.by_name(name)) is None


def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


PROTO = field(5, b"abcd")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        field(2, b""),
        field(2, field(3, b"")),
        field(2, field(3, PROTO + PROTO)),
        field(2, field(3, PROTO) + field(3, PROTO)),
        field(2, field(3, PROTO)) * 2,
        field(2, field(3, b"\x2d" + b"abcd")),  # not packed
        field(2, field(3, field(5, b"abc"))),
        field(2, field(3, PROTO))[:-1],
        field(2, field(3, b"\x2a\x09" + b"abcd")),
        b"\x10\x01",
        b"\xff" * 12,
    ],
)
def test_what_is_not_simply_there(value):
    assert packed(value, FLOAT) is None


@given(st.binary(max_size=40) | st.binary(max_size=12).map(lambda data: field(2, field(3, field(5, data)))))
def test_never_another_value_than_that_of_the_message(value):
    found = packed(value, FLOAT)
    if found is not None:
        whole = SavedTensorSlices.FromString(value)
        expected = tensors.values(whole.data.data, FLOAT)
        assert np.frombuffer(found, np.float32).tobytes() == expected.tobytes()


def test_arrays_are_aligned_wherever_the_numbers_lie(tmp_path):
    for padding in range(9):
        write_v1(tmp_path / "old", {"n" * (1 + padding): sample("float64", (3,))})
        (array,) = open_bundle(tmp_path / "old").values()
        assert array.flags.aligned
        assert array.tolist() == sample("float64", (3,)).tolist()


def test_a_tensor_of_several_megabytes_streams(tmp_path):
    array = sample("float32", (3000, 1000))
    write_v1(tmp_path / "old", {"x": array, "y": array[:5]})
    with open_bundle(tmp_path / "old") as found:
        pieces = [bytes(piece) for piece in found.stream("x", (slice(1, 2500), slice(7, 900)))]
        assert len(pieces) > 1
        assert b"".join(pieces) == array[1:2500, 7:900].tobytes()
        assert found["y"].tolist() == array[:5].tolist()
        found.verify()
