"""Damages bytes at random, as disks, networks and strangers do: the same number always gives the same damage."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_MAGIC = [0, 1, 0x7F, 0x80, 0xFF]
_NUMBERS = [b"\xff" * 8, b"\xff" * 4 + b"\x7f", b"\x80" * 9 + b"\x01", b"\0" * 8, b"\xff\xff\xff\xff\x0f"]
_TOKENS = re.compile(rb"[A-Za-z_0-9./+-]+|\s+|.", re.DOTALL)


def mutated(data: bytes, seed: int) -> bytes:
    """Returns the bytes after one to four kinds of damage."""
    draw = random.Random(seed)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = draw.choice(_KINDS)(data, draw)
    return data


def _place(data: bytes, draw: random.Random) -> int:
    return draw.randrange(len(data) + 1)


def _flip(data: bytes, draw: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _set(data: bytes, draw: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    changed[draw.randrange(len(data))] = draw.choice(_MAGIC)
    return bytes(changed)


def _cut_end(data: bytes, draw: random.Random) -> bytes:
    return data[: _place(data, draw)]


def _cut_piece(data: bytes, draw: random.Random) -> bytes:
    start = _place(data, draw)
    return data[:start] + data[start + draw.choice((1, 2, 8, 64, 512)) :]


def _insert_number(data: bytes, draw: random.Random) -> bytes:
    start, number = _place(data, draw), draw.choice(_NUMBERS)
    return data[:start] + number + data[start + draw.choice((0, len(number))) :]


def _copy_piece(data: bytes, draw: random.Random) -> bytes:
    start, to, size = _place(data, draw), _place(data, draw), draw.choice((1, 4, 16, 100, 1000))
    return data[:to] + data[start : start + size] + data[to + draw.choice((0, size)) :]


def _swap_tokens(data: bytes, draw: random.Random) -> bytes:
    tokens = _TOKENS.findall(data[:20_000])
    if len(tokens) < 2:
        return data
    one, other = draw.randrange(len(tokens)), draw.randrange(len(tokens))
    tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens) + data[20_000:]


def _repeat(data: bytes, draw: random.Random) -> bytes:
    start, size = _place(data, draw), draw.choice((1, 4, 30))
    return data[:start] + data[start : start + size] * draw.choice((2, 50, 2000)) + data[start:]


_KINDS: list[Callable[[bytes, random.Random], bytes]] = [
    *(_flip, _flip, _set, _set, _cut_end, _cut_piece, _insert_number, _copy_piece, _swap_tokens, _repeat)
]
