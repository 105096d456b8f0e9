from pathlib import Path

import pytest
from hypothesis import settings

from compat_saver.bundle import BundleWriter
from tests.bundle.conftest import MIXED, PARTITIONED, PARTS
from tests.checkpoints.files import arrays

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.fixture
def mixed(tmp_path) -> Path:
    """A checkpoint of many types in two shards, with a partitioned tensor "part"."""
    with BundleWriter(tmp_path / "mixed", shards=2) as writer:
        for name, array in MIXED.items():
            writer.add(name, array)
        for spec in PARTS:
            writer.add_slice("part", (7, 5), spec, PARTITIONED[spec.box((7, 5))])
    return tmp_path / "mixed"


@pytest.fixture
def expected(mixed) -> dict[str, object]:
    return arrays(mixed)
