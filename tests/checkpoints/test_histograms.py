"""The distribution of values in a checkpoint."""

import numpy as np
import pytest

from compat_saver.bundle import BundleWriter
from compat_saver.checkpoints import histograms as module
from compat_saver.checkpoints.histograms import BINS, histogram_of, histograms


@pytest.fixture
def checkpoint(tmp_path):
    tensors = {
        "ramp": np.arange(240, dtype=np.float32),
        "one": np.int64(7),
        "half": np.float16([1, 2, 3]),
        "flags": np.array([True, False, True]),
        "broken": np.float32([np.nan, np.inf, 1, 2]),
        "lost": np.float32([np.nan]),
        "words": np.array([b"a", b"b"], object),
        "empty": np.zeros((0, 3), np.float32),
        "wide": np.float64([-1.7e308, 1.7e308]),
    }
    with BundleWriter(tmp_path / "model.ckpt") as writer:
        for name, array in tensors.items():
            writer.add(name, np.asarray(array))
    return tmp_path / "model.ckpt"


def test_values_are_counted_between_the_smallest_and_the_largest(checkpoint):
    found = histograms(checkpoint, ["ramp", "one", "half", "flags", "broken", "wide"])
    assert (found["ramp"].smallest, found["ramp"].largest, set(found["ramp"].counts)) == (0, 239, {10})
    assert found["one"].counts[BINS // 2] == 1
    assert (found["half"].smallest, found["half"].largest) == (1, 3)
    assert (found["flags"].counts[0], found["flags"].counts[-1]) == (1, 2)
    assert (found["broken"].unsound, sum(found["broken"].counts)) == (2, 2)
    assert sum(found["wide"].counts) == 2


def test_what_has_no_distribution_is_left_out(checkpoint):
    assert histograms(checkpoint, ["words", "empty", "lost", "absent"]) == {}
    assert histogram_of(np.array([b"a"], object)) is None
    assert histogram_of(np.float32([])) is None


def test_of_a_large_tensor_the_first_part_is_sampled(checkpoint, monkeypatch):
    monkeypatch.setattr(module, "_READ_WHOLE", 400)
    monkeypatch.setattr(module, "_MOST_VALUES", 50)
    found = histograms(checkpoint, ["ramp"])["ramp"]
    assert (found.smallest, found.largest, sum(found.counts), found.is_partial) == (0, 98, 50, True)


def test_values_in_memory():
    found = histogram_of(np.float32([[1, 2], [3, 5]]))
    assert (found.smallest, found.largest, sum(found.counts), found.is_partial) == (1, 5, 4, False)
