"""Proves a training step equal: some steps on both sides, from the same checkpoint, on the same batches.

The original runs its step in a session, the written model calls its signature. Compared are the outputs of every step,
and every changed variable after the last one. Rounding accumulates, so a difference counts by the largest magnitude of
what is compared.

What is drawn at random is drawn equally on both sides (`fixed_draws`): in the reference run, and in a copy of the
written model that lives for the proof.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import UsageError
from compat_saver.graph import Graph
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import TrainingPlan
from compat_saver.migration.verification.fixed_draws import fix_draws, is_draw
from compat_saver.migration.verification.reference_run import ReferenceRun, run_given
from compat_saver.migration.verification.replay import Replay, ReplayError
from compat_saver.migration.verification.samples import Feeds, SampleMaker, read_feeds
from compat_saver.migration.verification.written_model import run
from compat_saver.migration.writing.saved_model import GRAPH_FILE
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import Signature
from compat_saver.proto.messages import MetaGraphDef, SavedModel
from compat_saver.proto.meta_graph import MetaGraph

RTOL = 1e-4
_HALF_RTOL = 1e-2


@dataclasses.dataclass(frozen=True)
class TrainingProof:
    """What running a training step on both sides found.

    Attributes:
        steps: how many steps were run.
        loss: the largest difference of an output of any step, relative to the largest magnitude of that output.
        variables: the same of the changed variables after the last step.
        problems: what differs beyond tolerance, a phrase each.
        notes: what the user should know, a sentence each.
    """

    steps: int
    loss: float
    variables: float
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def prove(item: TrainingPlan, maker: SampleMaker, written: Any, options: MigrationOptions) -> TrainingProof:
    """Runs a step on both sides and compares.

    Args:
        item: the plan of the step.
        maker: generates batches for it.
        written: the written model with fixed draws; its variables have the same values afterwards.
        options: the number of steps, tolerance, seed or file of inputs.

    Raises:
        UsageError: the original does not run, or the given inputs do not fit.
    """
    (signature,) = item.plan.signatures
    with Replay(_with_fixed_draws(item.training.model), item.plan, options.timeout) as replay:
        feeds = _feeds(replay, signature, maker, options)
        replay.restart()
        reference = run_given(replay, signature, feeds)
        values = replay.values(item.training.step.updates)
    gaps = _Gaps(options.rtol)
    with _unchanged({name: written.weights[name] for name in values}) as variables:
        try:
            for number, (batch, outputs) in enumerate(zip(feeds, reference.outputs, strict=True), 1):
                gaps.add_outputs(number, outputs, run(written, signature, batch, options.timeout))
            gaps.add_variables(values, {name: np.asarray(found.numpy()) for name, found in variables.items()})
        except _tensorflow.tf_errors() as error:
            gaps.problems.append(f"the step does not run: {_tensorflow.first_line(error)}")
    notes = tuple(_notes(signature, item.plan.flat, reference))
    return TrainingProof(len(feeds), gaps.loss, gaps.variables, tuple(gaps.problems), notes)


@contextlib.contextmanager
def _unchanged(variables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Gives variables their values back at the end."""
    before = {name: variable.numpy() for name, variable in variables.items()}
    yield variables
    for name, value in before.items():
        variables[name].assign(value)


def _notes(signature: Signature, graph: Graph, reference: ReferenceRun) -> Iterator[str]:
    draws = [node.name for node in graph if is_draw(node.attrs)]
    if draws:
        yield f"{signature.name!r} draws random numbers ({draws[0]!r}); for the comparison both sides drew the same."
    if not reference.is_finite():
        yield f"No step of {signature.name!r} gave finite outputs; try real inputs with --verify-data."


# ---- the batches


def _feeds(replay: Replay, signature: Signature, maker: SampleMaker, options: MigrationOptions) -> list[Feeds]:
    """Returns a batch for each step: the given one again and again, or generated ones on which the original runs."""
    if options.verify_data is not None:
        return read_feeds(options.verify_data, (signature,))[signature.name] * options.train_steps
    errors, others = [], []
    for guess in maker.guesses(signature):
        feeds = maker.feeds(signature, guess, options.train_steps)
        replay.restart()
        reference = ReferenceRun(signature)
        try:
            for batch in feeds:
                reference.add(replay, batch)
        except ReplayError as error:
            errors.append(error)
            continue
        if reference.is_finite():
            return feeds
        others.append(feeds)
    if others:
        return others[0]
    raise UsageError(
        f"The training step {signature.name!r} failed on every generated input ({errors[0]}). "
        "Give real ones with --verify-data FILE.npz, or migrate with --no-verify."
    )


# ---- the same draws on both sides


def _with_fixed_draws(model: LegacyModel) -> LegacyModel:
    message = MetaGraphDef()
    message.CopyFrom(model.meta.message)
    fix_draws(message.graph_def)
    return dataclasses.replace(model, meta=MetaGraph(model.meta.path, message))


@contextlib.contextmanager
def copy_with_fixed_draws(directory: Path) -> Iterator[Path]:
    """Makes a copy of a written model with fixed draws; all else is the model's own."""
    model = SavedModel.FromString((directory / GRAPH_FILE).read_bytes())
    for meta in model.meta_graphs:
        fix_draws(meta.graph_def)
    with tempfile.TemporaryDirectory() as folder:
        for path in directory.iterdir():
            if path.is_dir():
                (Path(folder) / path.name).symlink_to(path.resolve(), target_is_directory=True)
        (Path(folder) / GRAPH_FILE).write_bytes(model.SerializeToString())
        yield Path(folder)


# ---- how far apart


class _Gaps:
    """Gathers the largest differences.

    Args:
        rtol: relative tolerance; None for the default of each dtype.

    Attributes:
        loss: of the outputs.
        variables: of the variables.
        problems: what differs beyond tolerance.
    """

    def __init__(self, rtol: float | None) -> None:
        self._rtol = rtol
        self.loss = self.variables = 0.0
        self.problems: list[str] = []

    def add_outputs(self, step: int, expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> None:
        """Compares the outputs of a step."""
        for key, array in expected.items():
            self.loss = max(self.loss, self._gap(f"{key} of step {step}", array, found[key]))

    def add_variables(self, expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> None:
        """Compares the variables after the last step."""
        for name, array in expected.items():
            self.variables = max(self.variables, self._gap(f"variable {name}", array, found[name]))

    def _gap(self, what: str, expected: np.ndarray, found: np.ndarray) -> float:
        gap = relative_gap(expected, found)
        half = expected.dtype.itemsize <= 2 and expected.dtype.kind not in "biu"
        if not gap <= ((_HALF_RTOL if half else RTOL) if self._rtol is None else self._rtol):
            self.problems.append(f"{what} differs by {gap:.3g} of its largest magnitude")
        return gap


def relative_gap(expected: np.ndarray, found: np.ndarray) -> float:
    """Returns the largest difference of two arrays, relative to the largest magnitude of the first.

    It is infinite where they cannot be compared: other shapes, other text or whole numbers, a number and no number.
    """
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return np.inf
    if expected.dtype.kind in "OSbiu":
        return 0.0 if (expected == found).all() else np.inf
    wide = np.complex128 if expected.dtype.kind == "c" else np.float64
    a, b = expected.astype(wide), found.astype(wide)
    different = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if not different.any():
        return 0.0
    largest = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
    gap = float(np.max(np.abs(a[different] - b[different])))
    return gap / largest if largest > 0 and np.isfinite(gap) else np.inf
