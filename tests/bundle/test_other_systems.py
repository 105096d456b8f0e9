"""Files are read and written where the system lacks what only POSIX has: Windows."""

import mmap
import os

import pytest

from compat_saver import checkpoints
from compat_saver.bundle import open_bundle
from tests.golden_cases import case

SOURCE = case("1.15.5", "dense_adam").prefix


@pytest.fixture
def windows(monkeypatch):
    """Takes away what Python does not have on Windows."""
    for module, name in ((os, "preadv"), (os, "O_DIRECTORY"), (mmap, "MADV_WILLNEED"), (mmap, "MADV_DONTNEED")):
        monkeypatch.delattr(module, name)


def test_a_checkpoint_is_written_and_every_checksum_holds(windows, tmp_path):
    checkpoints.convert(SOURCE, tmp_path / "copy")
    assert not checkpoints.diff(SOURCE, tmp_path / "copy")
    assert checkpoints.verify(tmp_path / "copy").is_intact


def test_streamed_values_are_the_mapped_ones(windows):
    with open_bundle(SOURCE) as found:
        for name in found:
            assert b"".join(map(bytes, found.stream(name))) == found[name].tobytes()
