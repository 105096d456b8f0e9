"""CRC-32C as TensorFlow's files store it: masked, so that a checksum of checksums keeps its strength."""

from __future__ import annotations

from crc32c import crc32c

from compat_saver.errors import ChecksumError

__all__ = ["check", "crc32c", "mask", "unmask"]

_DELTA = 0xA282EAD8
_WORD = 0xFFFFFFFF

DAMAGED = "The file is damaged; copy it again."


def mask(crc: int) -> int:
    """Returns the form in which a CRC is stored: rotated right by 15 bits, plus a constant."""
    return (((crc >> 15) | (crc << 17)) + _DELTA) & _WORD


def unmask(stored: int) -> int:
    """Returns the CRC that was stored as `stored`."""
    rotated = (stored - _DELTA) & _WORD
    return ((rotated >> 17) | (rotated << 15)) & _WORD


def check(what: str, stored: int, crc: int, *, path: str, offset: int) -> None:
    """Raises ChecksumError unless `crc`, just computed, is what the file stores (masked) as `stored`."""
    if mask(crc) != stored:
        raise ChecksumError(
            f"{what} fails its checksum",
            path=path,
            offset=offset,
            expected=f"CRC-32C 0x{unmask(stored):08x}",
            found=f"0x{crc:08x}",
            hint=DAMAGED,
        )
