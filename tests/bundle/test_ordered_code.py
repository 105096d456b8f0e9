import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compat_saver.bundle import ordered_code as code

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "80"),
        (-1, "7f"),
        (63, "bf"),
        (64, "c040"),
        (-64, "40"),
        (-65, "3fbf"),
        (0x424242, "f0424242"),
        (-0x800, "3800"),
    ],
)
def test_known_signed(value, encoded):
    assert code.write_signed(value).hex() == encoded


@pytest.mark.parametrize(("value", "encoded"), [(0, "00"), (1, "0101"), (255, "01ff"), (256, "020100")])
def test_known_numbers(value, encoded):
    assert code.write_number(value).hex() == encoded


def test_known_string():
    assert code.write_string(b"a\x00b\xff") == b"a\x00\xffb\xff\x00\x00\x01"


@given(INT64)
@example(2**63 - 1)
@example(-(2**63))
@example(2**62)
@example(2**55)
def test_signed_round_trip(value):
    data = code.write_signed(value)
    assert code.read_signed(b"x" + data + b"\xff", 1) == (value, len(data) + 1)


@given(UINT64)
def test_number_round_trip(value):
    data = code.write_number(value)
    assert code.read_number(data + b"\xff", 0) == (value, len(data))


@given(st.binary())
def test_string_round_trip(value):
    data = code.write_string(value)
    assert code.read_string(data + b"\x00\xff", 0) == (value, len(data))


@given(st.lists(INT64, min_size=2))
def test_order_of_signed(values):
    assert sorted(values) == sorted(values, key=code.write_signed)


@given(st.lists(st.binary(), min_size=2))
def test_order_of_strings(values):
    assert sorted(values) == sorted(values, key=code.write_string)


@given(st.binary(max_size=12), st.sampled_from([code.read_number, code.read_string, code.read_signed]))
def test_junk_is_read_or_refused(data, read):
    try:
        _, end = read(data, 0)
    except code.OrderedCodeError:
        return
    assert end <= len(data)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_too_large(value):
    with pytest.raises(ValueError, match="64-bit"):
        code.write_signed(value)
