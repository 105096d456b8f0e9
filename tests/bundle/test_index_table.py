import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.bundle import blocks, checksum, index_table, snappy, varint
from compat_saver.bundle.files import DataFile
from compat_saver.bundle.index_table import BLOCK_SIZE, MAGIC, IndexTable
from compat_saver.errors import ChecksumError, FormatError
from tests.bundle.crafting import table_bytes

ITEMS = st.dictionaries(st.binary(max_size=12), st.binary(max_size=40), max_size=80)


def opened(path, data):
    path.write_bytes(data)
    return IndexTable(DataFile(str(path)))


# ---- checksums


def test_checksum_of_zeros():
    # The first test vector of RFC 3720, B.4.
    assert checksum.crc32c(bytes(32)) == 0x8A9136AA


@given(st.integers(0, 2**32 - 1))
def test_mask_round_trip(crc):
    assert checksum.unmask(checksum.mask(crc)) == crc
    assert checksum.mask(crc) != crc


# ---- blocks


def test_known_block():
    writer = blocks.BlockWriter(restart_interval=2)
    for key in (b"ab", b"abc", b"b"):
        writer.add(key, b"!")
    expected = b"\0\2\1ab!" + b"\2\1\1c!" + b"\0\1\1b!" + struct.pack("<3I", 0, 11, 2)
    assert writer.size == len(expected)
    assert writer.finish() == expected


@given(ITEMS, st.integers(1, 20), st.booleans())
def test_block_round_trip(items, interval, mapped):
    writer = blocks.BlockWriter(interval)
    for key, value in sorted(items.items()):
        writer.add(key, value)
    data = writer.finish()
    decoded = blocks.decode(memoryview(data) if mapped else data)
    assert [(key, bytes(value)) for key, value in decoded] == sorted(items.items())


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "nothing"),
        (b"\xff\xff\xff\xff", "ff ff ff ff"),
        (b"\0\5\0ab" + struct.pack("<2I", 0, 1), "lengths 0, 5, 0"),
        (b"\1\1\0a" + struct.pack("<2I", 0, 1), "lengths 1, 1, 0"),
        (b"\0\1\0b\0\1\0a" + struct.pack("<2I", 0, 1), "key b'a' after b'b'"),
        (b"\0\1\0b\0\1\0b" + struct.pack("<2I", 0, 1), "key b'b' after b'b'"),
        (b"\0\x80" + struct.pack("<2I", 0x80808080, 1), "lengths 0, 34359738368, 0"),
    ],
)
def test_bad_blocks(data, what):
    with pytest.raises(FormatError) as caught:
        blocks.decode(data, path="f", base=100)
    assert what in caught.value.found
    assert caught.value.offset >= 100


# ---- separators


@given(st.binary(min_size=1, max_size=4), st.binary(min_size=1, max_size=4))
def test_separator_parts_two_keys(a, b):
    last, following = sorted((a, b))
    if last != following:
        assert last <= index_table.separator(last, following) < following
    assert last <= index_table.separator(last, None)


@pytest.mark.parametrize(
    ("last", "following", "expected"),
    [
        (b"the quick", b"the who", b"the r"),
        (b"ab", b"abc", b"ab"),
        (b"aa", b"ab", b"aa"),
        (b"zoo", None, b"{"),
        (b"\xff\xffa", None, b"\xff\xffb"),
        (b"\xff", None, b"\xff"),
    ],
)
def test_known_separators(last, following, expected):
    assert index_table.separator(last, following) == expected


# ---- tables


@given(items=ITEMS)
def test_table_round_trip(tmp_path_factory, items):
    found = opened(tmp_path_factory.mktemp("t") / "f", table_bytes(items.items()))
    assert {key: bytes(value) for key, value in found.items()} == items
    assert all(bytes(found.get(key)) == value for key, value in items.items())
    assert found.get(b"nothing has so long a key") is None


def test_several_blocks_and_large_values(tmp_path):
    items = {b"%06d" % n: b"v" * 50 for n in range(20_000)}
    items[b"large"] = bytes(5 * BLOCK_SIZE)
    found = opened(tmp_path / "f", table_bytes(items.items()))
    assert {key: bytes(value) for key, value in found.items()} == items
    assert bytes(found.get(b"019999")) == b"v" * 50
    assert len(found.get(b"large")) == 5 * BLOCK_SIZE
    seen = []
    found.verify(seen.append)
    assert len(seen) > 4


def test_writer_refuses_disorder(tmp_path):
    with open(tmp_path / "f", "wb") as out:
        writer = index_table.IndexTableWriter(out)
        writer.add(b"b", b"")
        with pytest.raises(ValueError, match="ascend"):
            writer.add(b"a", b"")


def test_every_flipped_bit_of_a_block_is_found(tmp_path):
    data = table_bytes([(b"key", b"value")])
    end = data.index(struct.pack("<2I", 0, 1)) + 8 + 5
    for bit in range(8 * end):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            list(opened(tmp_path / "f", bytes(broken)).items())


def test_checksum_error_says_where(tmp_path):
    data = bytearray(table_bytes([(b"key", b"value")]))
    data[5] ^= 1
    with pytest.raises(ChecksumError) as caught:
        list(opened(tmp_path / "f", bytes(data)).items())
    error = caught.value
    assert (error.path, error.offset) == (str(tmp_path / "f"), 0)
    assert "block 0" in str(error)
    assert error.expected.startswith("CRC-32C 0x")
    assert "copy it again" in str(error)


def test_handle_beyond_the_file(tmp_path):
    handles = varint.encode(0) * 2 + varint.encode(2**40) + varint.encode(2**50)
    with pytest.raises(FormatError, match="beyond the end"):
        opened(tmp_path / "f", handles.ljust(40, b"\0") + MAGIC)


def test_blocks_out_of_order(tmp_path):
    a, b = blocks.BlockWriter(), blocks.BlockWriter()
    a.add(b"b", b"")
    b.add(b"a", b"")
    index = blocks.BlockWriter(1)
    data = b""
    for block, key in ((a, b"b"), (b, b"c")):
        index.add(key, index_table.Handle(len(data), block.size).encode())
        data += sealed(block.finish())
    with pytest.raises(FormatError, match="out of order"):
        list(opened(tmp_path / "f", footed(data, index.finish())).items())


# ---- compression


def sealed(block, compression=0):
    kind = bytes([compression])
    return block + kind + struct.pack("<I", checksum.mask(checksum.crc32c(block + kind)))


def footed(data, index):
    handle = index_table.Handle(len(data), len(index)).encode()
    return data + sealed(index) + (b"\0\0" + handle).ljust(40, b"\0") + MAGIC


def compressed_table(block, compression):
    index = blocks.BlockWriter(1)
    index.add(b"z", index_table.Handle(0, len(block)).encode())
    return footed(sealed(block, compression), index.finish())


def test_snappy_blocks_are_read(tmp_path):
    writer = blocks.BlockWriter()
    writer.add(b"k", b"abcdabcdabcd")
    plain = writer.finish()
    start = plain.index(b"abcd")
    # A literal up to the end of the first "abcd", a copy of 8 bytes from 4 back, a literal with the rest.
    head, tail = plain[: start + 4], plain[start + 12 :]
    elements = bytes([(len(head) - 1) << 2]) + head + b"\x11\x04" + bytes([(len(tail) - 1) << 2]) + tail
    found = opened(tmp_path / "f", compressed_table(varint.encode(len(plain)) + elements, 1))
    assert dict(found.items()) == {b"k": b"abcdabcdabcd"}


def test_unknown_compression_is_refused(tmp_path):
    with pytest.raises(FormatError, match="unknown way"):
        list(opened(tmp_path / "f", compressed_table(b"abc", 4)).items())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("00", ""),
        ("03 08 616263", "abc"),
        ("0a 00 61 12 0100 00 62 04 61 62", None),
        ("05 00 61 0d01", None),
        ("05 00 61 01 01", "aaaaa"),
        ("05 00 61 0e 0100", "aaaaa"),
        ("05 00 61 0f 01000000", "aaaaa"),
        ("03 f0 02 616263", "abc"),
        ("03 f4 0200 616263", "abc"),
    ],
)
def test_snappy_elements(data, expected):
    data = bytes.fromhex(data)
    if expected is None:
        with pytest.raises(FormatError):
            snappy.decode(data)
    else:
        assert snappy.decode(data) == expected.encode()


@given(st.binary(max_size=40))
def test_snappy_junk_is_read_or_refused(data):
    with contextlib.suppress(FormatError):
        assert len(snappy.decode(data)) <= 32 * len(data)


def test_snappy_bomb_is_refused():
    with pytest.raises(FormatError, match="size of"):
        snappy.decode(varint.encode(2**40) + b"\0a")
