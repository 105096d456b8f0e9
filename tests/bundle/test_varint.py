import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.bundle import varint
from compat_saver.errors import FormatError

UINT64 = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ffffffffffffffffff01")],
)
def test_known_bytes(value, encoded):
    assert varint.encode(value).hex() == encoded
    assert varint.decode(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@given(UINT64, st.binary(max_size=3), st.binary(max_size=3))
def test_round_trip_inside_other_bytes(value, before, after):
    encoded = varint.encode(value)
    assert varint.decode(before + encoded + after, len(before)) == (value, len(before + encoded))


@given(st.lists(UINT64, max_size=20), st.binary(max_size=12))
def test_many_equal_one_by_one(values, after):
    data = b"".join(map(varint.encode, values))
    decoded, size = varint.decode_many(data + after, len(values))
    assert (decoded.tolist(), size) == (values, len(data))


@pytest.mark.parametrize("data", ["", "80", "ff" * 9, "80" * 10 + "01", "ff" * 9 + "02"])
def test_cut_or_too_long(data):
    with pytest.raises(FormatError) as caught:
        varint.decode(bytes.fromhex(data), 0, path="f", base=7)
    assert caught.value.offset == 7
    with pytest.raises(FormatError):
        varint.decode_many(bytes.fromhex(data), 1)


def test_many_names_the_bad_one():
    with pytest.raises(FormatError) as caught:
        varint.decode_many(b"\x01\x02\x80", 3, base=10)
    assert caught.value.offset == 12


@pytest.mark.parametrize("value", [-1, 2**64])
def test_encoding_refuses_what_does_not_fit(value):
    with pytest.raises(ValueError, match="varint"):
        varint.encode(value)
