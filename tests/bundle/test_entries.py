import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver import dtypes
from compat_saver.bundle import SliceSpec, TensorInfo, entries
from compat_saver.bundle.entries import Header, Signatures
from compat_saver.errors import FormatError
from compat_saver.proto.messages import BundleEntryProto, BundleHeaderProto
from tests.bundle.crafting import NUMERIC

INT64 = st.integers(0, 2**63 - 1)


@st.composite
def infos(draw):
    dtype = dtypes.by_name(draw(st.sampled_from(NUMERIC)))
    shape = tuple(draw(st.lists(st.integers(0, 1000), max_size=5)))
    info = TensorInfo("n", dtype, shape, 0)
    info = dataclasses.replace(info, nbytes=info.size * dtype.itemsize)
    if shape and min(shape) and draw(st.booleans()):
        spec = SliceSpec(((0, 1), *(((0, -1),) * (len(shape) - 1))))
        return dataclasses.replace(info, slices=(spec,))
    return dataclasses.replace(
        info, shard=draw(st.integers(0, 99_999)), offset=draw(INT64), crc32c=draw(st.integers(0, 2**32 - 1))
    )


@given(infos())
def test_entry_round_trip(info):
    data = entries.encode_entry(info)
    assert entries.decode_entry("n", data, "f") == info
    assert Signatures("f").decode("n", data) == (info.dtype, info.shape)


@given(st.integers(1, 99_999), st.sampled_from("<>"))
def test_header_round_trip(shards, byte_order):
    header = Header(shards, byte_order)
    assert entries.decode_header(entries.encode_header(header), "f") == header


def test_known_header():
    assert entries.encode_header(Header()).hex(" ") == "08 01 1a 02 08 01"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "0 data files"),
        ({"num_shards": -1}, "-1 data files"),
        ({"num_shards": 2**31 - 1}, "2147483647 data files"),
        ({"num_shards": 1, "endianness": 2}, "endianness 2"),
        ({"num_shards": 1, "version": {"producer": 9, "min_consumer": 2}}, "minimum 2"),
        ({"num_shards": 1, "version": {"bad_consumers": [1]}}, r"refused \[1\]"),
    ],
)
def test_bad_headers(fields, words):
    with pytest.raises(FormatError, match=words):
        entries.decode_header(BundleHeaderProto(**fields).SerializeToString(), "f")


def shaped(*sizes, **fields):
    message = BundleEntryProto(dtype=1, **fields)
    message.shape.SetInParent()
    for size in sizes:
        message.shape.dim.add().size = size
    return message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (shaped(2, size=9), "8 bytes for float32"),
        (shaped(-1), "impossible shape"),
        (shaped(2**40, 2**40), "impossible shape"),
        (shaped(*[1] * 255), "impossible shape"),
        (shaped(0, 2**62, 2**62), "impossible shape"),
        (BundleEntryProto(dtype=1, shape={"unknown_rank": True}), "unknown rank"),
        (BundleEntryProto(dtype=77), "unknown type"),
        (shaped(4, slices=[{"extent": [{"start": 2, "length": 3}]}]), "beyond shape"),
        (shaped(4, slices=[{"extent": [{}, {}]}]), "rank 2"),
        (shaped(4, slices=[{"extent": [{"start": -1, "length": 3}]}]), "start >= 0"),
        (shaped(4, slices=[{"extent": [{"start": 0, "length": 0}]}]), "length > 0"),
    ],
)
def test_bad_entries(message, words):
    with pytest.raises(FormatError, match=words) as caught:
        entries.decode_entry("n", message.SerializeToString(), "f")
    assert caught.value.path == "f"
    assert "'n'" in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff", b"\x08", b"\x12\x7f", b"\x0a\x00\x08"])
def test_no_protobuf_error_escapes(data):
    with pytest.raises(FormatError, match="cannot be parsed"):
        entries.decode_entry("n", data, "f")
    with pytest.raises(FormatError):
        Signatures("f").decode("n", data)
