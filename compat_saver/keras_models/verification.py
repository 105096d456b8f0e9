"""Compares a written Keras 3 model with its original: predictions, and one training step where it was compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.errors import TimeLimitError
from compat_saver.keras_models.reference import outputs_of, single, switch_off_dropout
from compat_saver.migration.verification.comparison import Comparison, compare

STEP_RTOL = 1e-4
_LITTLE = 0.05
_IMPORTS = 600.0
"""Seconds beside the time limit of a run: TensorFlow is imported in a process of its own."""


@dataclass(frozen=True)
class StepProof:
    """How a training step compares with the original's; each the gap relative to the largest magnitude.

    Attributes:
        loss: of the loss.
        weights: the largest of all weights.
        worst: the weight that has it.
        rtol: what is allowed.
    """

    loss: float
    weights: float
    worst: str
    rtol: float = STEP_RTOL

    @property
    def passed(self) -> bool:
        """Whether both are within tolerance."""
        return self.loss <= STEP_RTOL and self.weights <= self.rtol


@dataclass(frozen=True)
class KerasVerification:
    """What a comparison found.

    Attributes:
        reference: what ran the original.
        inputs: how the inputs came about.
        outputs: name -> how it compares.
        step: how a training step compares; None if none was compared.
        notes: what could not be compared, a sentence each.
    """

    reference: str
    inputs: str
    outputs: Mapping[str, Comparison]
    step: StepProof | None = None
    notes: Sequence[str] = field(default=())

    @property
    def differences(self) -> list[str]:
        """What differs, a sentence each."""
        found = [f"{name}: {item.problem}." for name, item in self.outputs.items() if item.problem]
        if self.step is not None and not self.step.passed:
            found.append(
                f"One training step differs: the loss by {self.step.loss:.3g}, weights by up to "
                f"{self.step.weights:.3g} ({self.step.worst}), of the largest magnitude; at most {self.step.rtol:g} is "
                "allowed. With --no-verify the model is written all the same."
            )
        return found

    @property
    def may_be_rounding(self) -> bool:
        """Whether weights after the step are all that differs, and by little."""
        if self.step is None or self.step.passed or any(item.problem for item in self.outputs.values()):
            return False
        return self.step.loss <= STEP_RTOL and self.step.weights <= _LITTLE

    @property
    def status(self) -> str:
        """Returns "passed", "failed" or "inconclusive" (no output of the original is a finite number)."""
        if self.differences:
            return "failed"
        return "inconclusive" if any(item.is_undefined for item in self.outputs.values()) else "passed"


def run_reference(request: Mapping[str, Any], arrays: Mapping[str, Array], timeout: float) -> dict[str, Array]:
    """Runs the original in a process of its own.

    Args:
        request: see `reference`.
        arrays: inputs x0, x1, ..., labels t0, ..., the state of the optimizer o0, ...
        timeout: seconds that it may take, beside starting.

    Raises:
        TimeLimitError: it took longer.
        RuntimeError: it failed; the message is its last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("request.json", "arrays.npz", "out.npz")]
        Path(files[0]).write_text(json.dumps(request), encoding="utf-8")
        np.savez(files[1], **arrays)  # type: ignore[arg-type]
        command = [sys.executable, "-m", "compat_saver.keras_models.reference", *files]
        environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout + _IMPORTS, env=environment, check=False
            )
        except subprocess.TimeoutExpired:
            raise TimeLimitError(f"The original model did not run within {timeout:g} seconds (--timeout).") from None
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise RuntimeError(lines[-1] if lines else f"exit code {done.returncode}")
        with np.load(files[2], allow_pickle=False) as found:
            return dict(found)


def predict(model: Any, inputs: Any, keys: Sequence[str] = ()) -> list[Array]:
    """Returns the outputs of a model on one batch, as for inference; nothing is compiled for a single run.

    Args:
        model: of Keras 3.
        inputs: as the model takes them.
        keys: of its outputs, in order.
    """
    return [np.asarray(item) for item in outputs_of(model(inputs, training=False), keys)]


def compare_outputs(
    names: Sequence[str], original: Sequence[Array], found: Sequence[Array], rtol: float | None, atol: float | None
) -> dict[str, Comparison]:
    """Compares outputs one by one; an integer of another width is the same number."""
    pairs = zip(names, original, found, strict=True)
    return {name: compare(one, _of_width(one, other), rtol, atol) for name, one, other in pairs}


def _of_width(original: Array, found: Array) -> Array:
    return found.astype(original.dtype) if original.dtype.kind == found.dtype.kind == "i" else found


def train_step(model: Any, inputs: Sequence[Array], labels: Sequence[Array]) -> float:
    """Makes one training step without dropout and noise, and returns the loss."""
    for layer in _tensorflow.layers_inside(model):
        switch_off_dropout(layer)
    model.jit_compile, model.run_eagerly = False, True
    result = model.train_on_batch(single(inputs), single(labels))
    return float(result[0] if isinstance(result, list | tuple) else result)


def prove_step(
    loss: tuple[float, float], weights: Mapping[str, tuple[Array, Array]], steep: Mapping[str, Array], rtol: float
) -> StepProof:
    """Compares a training step.

    Args:
        loss: of the original and of the written model.
        weights: name -> the original's and the written model's value after the step.
        steep: name -> which elements are compared, for those of which not all are.
        rtol: what is allowed for weights.
    """
    gaps = {name: _gap(*pair, steep.get(name)) for name, pair in weights.items()}
    worst = max(gaps, key=lambda name: gaps[name], default="")
    return StepProof(_gap(np.asarray(loss[0]), np.asarray(loss[1])), gaps.get(worst, 0.0), worst, rtol)


def _gap(original: Array, found: Array, where: Array | None = None) -> float:
    one, other = np.asarray(original, np.float64), np.asarray(found, np.float64)
    largest = float(np.max(np.abs(one), initial=1e-3, where=~np.isnan(one)))
    compared = np.ones(one.shape, bool) if where is None else np.asarray(where, bool).reshape(one.shape)
    compared &= ~(np.isnan(one) & np.isnan(other))
    return float(np.max(np.abs(one - other), initial=0.0, where=compared)) / largest
