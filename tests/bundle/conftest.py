import pytest
from hypothesis import settings

from compat_saver.bundle import BundleWriter, SliceSpec
from tests.bundle.crafting import sample

# Busy machines are no reason to fail.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

MIXED = {
    "dense/kernel": sample("float32", (3, 4)),
    "dense/bias": sample("float64", (4,)),
    "global_step": sample("int64", ()),
    "flags": sample("bool", (5,)),
    "vocabulary": sample("string", (2, 3)),
    "empty": sample("float32", (0, 3)),
    "nothing": sample("string", (0,)),
    "wave": sample("complex64", (2, 2)),
    "half": sample("bfloat16", (7,)),
    "naïve/ü": sample("uint8", (1, 1, 1)),
}
"""Tensors of many kinds by name."""

PARTS = [SliceSpec.parse(text) for text in ("0,3:0,2", "0,3:2,3", "3,4:-")]
"""A partition of shape (7, 5) along both axes."""

PARTITIONED = sample("float32", (7, 5), seed=3)


@pytest.fixture
def mixed():
    return dict(MIXED)


@pytest.fixture(params=[1, 3], ids=["one-shard", "three-shards"])
def bundle(request, tmp_path):
    """A V2 checkpoint of MIXED and the partitioned tensor "part"."""
    prefix = tmp_path / "model.ckpt-7"
    with BundleWriter(prefix, shards=request.param) as writer:
        for name, array in MIXED.items():
            writer.add(name, array)
        for spec in PARTS:
            writer.add_slice("part", (7, 5), spec, PARTITIONED[spec.box((7, 5))])
    return prefix
