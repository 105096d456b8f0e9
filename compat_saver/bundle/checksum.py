"""CRC-32C as TensorFlow's files store it: masked, so that a checksum of checksums keeps its strength."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

from compat_saver.errors import ChecksumError

__all__ = ["check", "crc32c", "mask", "unmask"]

_DELTA = 0xA282EAD8
_WORD = 0xFFFFFFFF


def _load() -> Callable[..., int]:
    """Returns crc32c.crc32c out of the package's compiled module, without running the package.

    On import the package looks up its own version, and the standard library's machinery for that takes longer than
    all of compat_saver's own modules. Where the compiled module is elsewhere, the package itself is imported.
    """
    package = PathFinder.find_spec("crc32c")
    places = package.submodule_search_locations if package is not None else None
    spec = PathFinder.find_spec("crc32c._crc32c", places) if places else None
    if spec is None or spec.loader is None:
        from crc32c import crc32c as packaged

        return packaged
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., int] = module.crc32c
    return function


crc32c = _load()
"""The CRC-32C of a buffer, given as well a CRC to go on from."""

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
