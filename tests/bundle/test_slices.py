import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.bundle import SliceSpec, format_shape_and_slice, parse_shape_and_slice
from compat_saver.bundle.slices import parse_key
from compat_saver.errors import UsageError
from tests.bundle.crafting import NAMES

EXTENTS = st.one_of(st.just((0, -1)), st.tuples(st.integers(0, 2**40), st.integers(1, 2**40)))
SPECS = st.lists(EXTENTS, max_size=5).map(lambda extents: SliceSpec(tuple(extents)))


@pytest.mark.parametrize(
    ("text", "extents"),
    [("", ()), ("-", ((0, -1),)), ("0,10:-", ((0, 10), (0, -1))), ("3,1:4,2:-", ((3, 1), (4, 2), (0, -1)))],
)
def test_notation(text, extents):
    assert SliceSpec.parse(text) == SliceSpec(extents)
    assert str(SliceSpec(extents)) == text


@pytest.mark.parametrize("text", [":", "0", "0,0", "-1,2", "0,10:", "a,b", "0,10,3", "0,-1", "0, 10", f"1,{2**63 - 1}"])
def test_bad_notation(text):
    with pytest.raises(UsageError):
        SliceSpec.parse(text)


def test_shape_and_slice():
    assert parse_shape_and_slice("20 4 0,10:-") == ((20, 4), SliceSpec.parse("0,10:-"))
    assert format_shape_and_slice((20, 4), SliceSpec.parse("0,10:-")) == "20 4 0,10:-"


@pytest.mark.parametrize("text", ["", "-", "20 0,10:-", "20 4 15,10:-", "x 4 0,1:-", "20 4"])
def test_bad_shape_and_slice(text):
    with pytest.raises(UsageError):
        parse_shape_and_slice(text)


def test_box():
    assert SliceSpec.parse("2,3:-").box((5, 7)) == (slice(2, 5), slice(0, 7))
    with pytest.raises(UsageError, match="beyond"):
        SliceSpec.parse("2,4").box((5,))
    with pytest.raises(UsageError, match="rank"):
        SliceSpec.parse("-").box((5, 7))


@given(SPECS)
def test_proto_round_trip(spec):
    assert SliceSpec.from_proto(spec.to_proto()) == spec
    assert SliceSpec.parse(str(spec)) == spec


@given(NAMES, SPECS)
def test_key_round_trip(name, spec):
    assert parse_key(spec.key(name)) == (name, spec)


def test_known_key():
    # What TensorFlow 2.21 writes for a slice of "p"; test_tensorflow.py holds more of them against it.
    assert SliceSpec.parse("0,2:-").key("p").hex(" ") == "00 70 00 01 01 02 80 82 80 7f"


@given(st.binary(max_size=30))
def test_junk_keys_are_read_or_refused(key):
    try:
        name, spec = parse_key(key)
    except ValueError:
        return
    assert parse_key(spec.key(name)) == (name, spec)
