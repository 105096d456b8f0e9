"""What a proof makes of a training step that differs by a rounding error."""

from pathlib import Path

import numpy as np
import pytest

from compat_saver.keras_models import KerasOptions
from compat_saver.keras_models.proof import Proof
from compat_saver.keras_models.verification import KerasVerification, StepProof, prove_step


def proven(monkeypatch, steps, **options):
    """Returns what a proof finds whose steps differ by so much, seed by seed."""
    seeds = []

    def on(self, seed, *others):
        seeds.append(seed)
        return KerasVerification("tf-keras", f"seed {seed}", {}, StepProof(0.0, steps[len(seeds) - 1], "dense/0"))

    monkeypatch.setattr(Proof, "_on", on)
    found = Proof(None, None, KerasOptions(**options), {}, {}).of(Path("out"), None, [], None)
    return found, seeds


def test_a_unit_at_its_threshold_is_no_difference(monkeypatch):
    found, seeds = proven(monkeypatch, [0.006, 1e-7])
    assert (found.status, seeds) == ("passed", [0, 1])
    assert "On the inputs of seed 0, weights after the step differ by 0.006" in found.notes[0]


@pytest.mark.parametrize(
    ("steps", "options", "tried"),
    [([0.006] * 3, {}, [0, 1, 2]), ([0.5], {}, [0]), ([0.006], {"verify_data": Path("x.npz")}, [0])],
)
def test_what_differs_on_all_inputs_or_by_much_is_a_difference(monkeypatch, steps, options, tried):
    found, seeds = proven(monkeypatch, steps, **options)
    assert (found.status, found.inputs, seeds) == ("failed", "seed 0", tried)


def test_nan_in_both_is_no_difference():
    nan = np.array([np.nan, 1.0])
    assert prove_step((float("nan"), float("nan")), {"dense/0": (nan, nan)}, {}, 1e-4).passed
    assert not prove_step((1.0, float("nan")), {"dense/0": (nan, nan)}, {}, 1e-4).passed
