"""What a proof makes of a training step that differs by a rounding error."""

from pathlib import Path

import numpy as np
import pytest

from compat_saver.keras_models import KerasOptions
from compat_saver.keras_models.architecture import LayerPlan, ModelPlan, Ref
from compat_saver.keras_models.changes import Change
from compat_saver.keras_models.compiling import CompilePlan
from compat_saver.keras_models.original import Original
from compat_saver.keras_models.proof import Proof
from compat_saver.keras_models.reference import outputs_of, packed
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


def original(layers=(), changes=(), form="hdf5", is_new=False, inputs=()):
    plan = ModelPlan("m", layers, inputs)
    return Original(Path("m"), form, None, {}, plan, CompilePlan("Adam", {}, is_new), changes)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (original(form="saved_model", is_new=True), "does not load the state"),
        (original(is_new=True), "without the optimizer"),
        (original(changes=(Change("x", "renorm", "dropped"),)), "trains otherwise (renorm)"),
        (original([LayerPlan("x", "RandomFlip")]), "random numbers"),
        (original([LayerPlan("x", "Dense", {"dtype": "mixed_float16"})]), "half precision"),
        (original(inputs={"a": Ref("a", 0, 0)}), "have keys"),
        (original([LayerPlan("x", "Dense")]), ""),
    ],
)
def test_steps_that_would_tell_nothing(found, words):
    reason = Proof(None, found, KerasOptions(), {}, {})._without_step()
    assert words in reason
    assert bool(reason) == bool(words)


def test_inputs_and_outputs_with_keys():
    assert packed([1, 2], ["b", "a"]) == {"b": 1, "a": 2}
    assert (packed([1], []), packed([1, 2], [])) == (1, [1, 2])
    assert outputs_of({"a": 2, "b": 1}, ["b", "a"]) == [1, 2]


def test_nan_in_both_is_no_difference():
    nan = np.array([np.nan, 1.0])
    assert prove_step((float("nan"), float("nan")), {"dense/0": (nan, nan)}, {}, 1e-4).passed
    assert not prove_step((1.0, float("nan")), {"dense/0": (nan, nan)}, {}, 1e-4).passed
