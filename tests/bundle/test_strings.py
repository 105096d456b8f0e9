import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.bundle import checksum, strings, varint
from compat_saver.errors import ChecksumError, CompatSaverError, FormatError
from tests.bundle.crafting import encode_big_endian_strings

ELEMENTS = st.lists(st.binary(max_size=300), max_size=8)


def test_known_bytes():
    data, crc = strings.encode([b"ab", b""])
    lengths = checksum.crc32c(struct.pack("<2I", 2, 0))
    stored = struct.pack("<I", checksum.mask(lengths))
    assert data == b"\x02\x00" + stored + b"ab"
    assert crc == checksum.crc32c(b"ab", checksum.crc32c(stored, lengths))


@given(ELEMENTS)
def test_round_trip(elements):
    data, crc = strings.encode(elements)
    found = strings.decode(memoryview(data), len(elements))
    assert (found.elements().tolist(), found.crc, found.current) == (elements, crc, True)


@given(ELEMENTS)
def test_big_endian(elements):
    data, crc = encode_big_endian_strings(elements)
    found = strings.decode(data, len(elements), byte_order=">")
    assert (found.elements().tolist(), found.crc) == (elements, crc)


@given(ELEMENTS)
def test_form_without_checksum_of_lengths(elements):
    lengths = b"".join(varint.encode(len(element)) for element in elements)
    crc = checksum.crc32c(b"".join(struct.pack("<I", len(element)) for element in elements))
    found = strings.decode(lengths + b"".join(elements), len(elements))
    assert found.elements().tolist() == elements
    assert found.crc == checksum.crc32c(b"".join(elements), crc)
    assert not found.current


def test_nothing_is_an_empty_tensor():
    assert strings.decode(b"", 0).elements().tolist() == []


def test_lengths_beyond_32_bits_count_as_64_bits():
    # Nobody has 4 GB here, so only the part that differs is looked at.
    crc = strings._crc_of_lengths(strings.np.array([1, 2**32]), "<")
    assert crc == checksum.crc32c(struct.pack("<IQ", 1, 2**32))


# At 9 bytes it has the size of the form without a checksum of the lengths; only the checksum in the index tells.
@pytest.mark.parametrize("cut", set(range(13)) - {9})
def test_cut_short(cut):
    data, _ = strings.encode([b"abc", b"defg"])
    assert len(data) == 13
    with pytest.raises(FormatError) as caught:
        strings.decode(data[:cut], 2, path="f", base=50)
    assert caught.value.offset >= 50


def test_altered_lengths():
    data, _ = strings.encode([b"abc", b"defg"])
    with pytest.raises(ChecksumError, match="lengths"):
        strings.decode(b"\x04\x03" + data[2:], 2)


@pytest.mark.parametrize("count", [2**62, 14, 1])
def test_other_counts(count):
    data, _ = strings.encode([b"abc", b"defg"])
    with pytest.raises(CompatSaverError):
        strings.decode(data, count)


def test_huge_lengths_neither_overflow_nor_allocate():
    with pytest.raises(FormatError, match="bad string tensor"):
        strings.decode(varint.encode(2**63) * 2 + b"abcd", 2)


# ---- variants


def variant(elements):
    data, crc = b"", 0
    for element in elements:
        crc = checksum.crc32c(element, checksum.crc32c(struct.pack("<Q", len(element)), crc))
        stored = struct.pack("<I", checksum.mask(crc))
        crc = checksum.crc32c(stored, crc)
        data += varint.encode(len(element)) + element + stored
    return data, crc


@given(ELEMENTS)
def test_variants(elements):
    data, crc = variant(elements)
    assert strings.variant_crc(data, len(elements)) == crc


@given(ELEMENTS.filter(bool), st.data())
def test_damaged_variants(elements, data):
    stored, _ = variant(elements)
    at = data.draw(st.integers(0, len(stored) - 1))
    broken = stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]
    for damaged in (broken, stored[:at]):
        with pytest.raises(FormatError):
            strings.variant_crc(damaged, len(elements))
