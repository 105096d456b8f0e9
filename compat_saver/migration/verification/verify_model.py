"""Compares a written model, loaded back from disk, with the original graph on the same inputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compat_saver import _tensorflow, dtypes
from compat_saver.analysis.feeding.image_sizes import decoded_size
from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.values.tables import vocabulary
from compat_saver.analysis.values.weights import Weight
from compat_saver.errors import and_more
from compat_saver.graph import Graph
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan
from compat_saver.migration.verification.comparison import Comparison, compare
from compat_saver.migration.verification.gradients import Gradients, take_gradients, trainable_for
from compat_saver.migration.verification.reference_run import ReferenceRun, run_generated, run_given
from compat_saver.migration.verification.replay import Replay
from compat_saver.migration.verification.samples import SampleMaker, read_feeds
from compat_saver.migration.verification.soundness import soundness_notes
from compat_saver.migration.verification.training_proof import TrainingProof, copy_with_fixed_draws, prove
from compat_saver.migration.verification.written_model import load, output_shapes, run, tensors
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.saved_model import OutputShapes

_MOST_NAMES = 5


@dataclass(frozen=True)
class Verification:
    """What a comparison found.

    Attributes:
        inputs: where the inputs came from: "seed 0" or a file.
        results: signature name -> output key -> comparison over all batches.
        notes: what the user should know of how it was done.
        guesses: signature name -> input key -> how it was generated, where more than the shape was chosen.
        output_shapes: signature name -> output key -> the static shape that TensorFlow infers.
        training: name of a training signature -> what running it on both sides found.
        gradients: signature name -> which variables have one.
    """

    inputs: str
    results: Mapping[str, Mapping[str, Comparison]]
    notes: tuple[str, ...] = ()
    guesses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    output_shapes: OutputShapes = field(default_factory=dict)
    training: Mapping[str, TrainingProof] = field(default_factory=dict)
    gradients: Mapping[str, Gradients] = field(default_factory=dict)

    @property
    def differences(self) -> list[str]:
        """One sentence per output, or variable of a training step, that differs beyond tolerance."""
        served = [
            f"{name}/{key}: {result.problem}"
            for name, outputs in self.results.items()
            for key, result in outputs.items()
            if result.problem
        ]
        return served + [f"{name}/{problem}" for name, proof in self.training.items() for problem in proof.problems]

    @property
    def undefined(self) -> list[str]:
        """The outputs of which the original gave no finite value on any input."""
        return [
            f"{name}/{key}"
            for name, outputs in self.results.items()
            for key, result in outputs.items()
            if result.is_undefined
        ]

    @property
    def status(self) -> str:
        """Returns "passed", "failed", or "inconclusive" where some output had no finite value to compare."""
        return "failed" if self.differences else "inconclusive" if self.undefined else "passed"

    @property
    def passed(self) -> bool:
        """Whether every output agrees, and could be compared."""
        return self.status == "passed"


class OriginalRuns(NamedTuple):
    """What the original computes.

    Attributes:
        references: a run of each signature.
        notes: what the user should know of how it was run.
    """

    references: tuple[ReferenceRun, ...]
    notes: tuple[str, ...]


def run_original(model: LegacyModel, plan: Plan, options: MigrationOptions) -> OriginalRuns:
    """Runs the original.

    Args:
        model: the original.
        plan: names the signatures, the bound values and the weights.
        options: seed or file of inputs.

    Raises:
        UsageError: the original fails on all generated inputs, or the given ones do not fit.
    """
    given = read_feeds(options.verify_data, plan.signatures) if options.verify_data is not None else None
    maker = _sample_maker(model, plan, options)
    with Replay(model, plan, options.timeout) as replay:
        references = tuple(
            run_generated(replay, item, maker) if given is None else run_given(replay, item, given[item.name])
            for item in plan.signatures
        )
        return OriginalRuns(references, tuple(replay.notes))


def verify_model(
    model: LegacyModel, plan: Plan, directory: Path, original: OriginalRuns, options: MigrationOptions
) -> Verification:
    """Runs the written model on the same inputs and compares it.

    Args:
        model: the original.
        plan: names the signatures and the weights.
        directory: the written model.
        original: what the original computes.
        options: tolerances.
    """
    references, notes, results = original.references, list(original.notes), {}
    written = load(directory, options.output_tags)
    with _tensorflow.unoptimized():
        for item in references:
            results[item.signature.name] = _compare_all(written, item, options)
        for item in references:  # after all comparisons, for it runs the model again
            notes += item.notes + list(_notes(written, item, results[item.signature.name], plan.flat, options))
    if any(not result.finite for outputs in results.values() for result in outputs.values()):
        notes += _nan_notes(model, plan.weights)
    source = f"seed {options.seed}" if options.verify_data is None else str(options.verify_data)
    guesses = {item.signature.name: item.guesses for item in references if item.guesses}
    shapes = {item.name: output_shapes(written, item.name) for part in plan.all for item in part.signatures}
    # Last, for the functions get more outputs by it.
    gradients = {item.signature.name: _gradients(written, item, plan) for item in references}
    training = _proofs(plan, directory, options)
    notes += [note for proof in training.values() for note in proof.notes]
    return Verification(source, results, tuple(notes), guesses, shapes, training, gradients)


def _proofs(plan: Plan, directory: Path, options: MigrationOptions) -> dict[str, TrainingProof]:
    if not plan.training:
        return {}
    with copy_with_fixed_draws(directory) as copy, _tensorflow.unoptimized():
        written = load(copy, options.output_tags)
        return {
            item.training.name: prove(item, _sample_maker(item.training.model, item.plan, options), written, options)
            for item in plan.training
        }


def _sample_maker(model: LegacyModel, plan: Plan, options: MigrationOptions) -> SampleMaker:
    return SampleMaker(
        plan.flat,
        plan.input_nodes,
        options.seed,
        _vocabularies(model, plan),
        _recorded(model, plan),
        decoded_size(model.as_read),
    )


def _vocabularies(model: LegacyModel, plan: Plan) -> dict[str, list[object]]:
    """Returns keys of the tables that the signatures need, by the name of each node that means the table."""
    paths = plan.content.paths
    found = {table.name: vocabulary(table, plan.flat, paths, model.checkpoint) for table in plan.content.tables}
    return {node: found[table.name] for table in plan.content.tables for node in table.nodes}


def _recorded(model: LegacyModel, plan: Plan) -> dict[str, np.ndarray]:
    """Returns the constants that inputs take the place of, such as the shape of a sparse placeholder."""
    values = {name: constant_value(model.as_read.value(name)) for name in plan.input_nodes}
    return {name: value for name, value in values.items() if value is not None}


def _compare_all(model: Any, reference: ReferenceRun, options: MigrationOptions) -> dict[str, Comparison]:
    results: dict[str, Comparison] = {}
    for feeds, expected in zip(reference.feeds, reference.outputs, strict=True):
        try:
            found = run(model, reference.signature, feeds, options.timeout)
        except _tensorflow.tf_errors() as error:
            return {key: Comparison(None, False, f"does not run: {_tensorflow.first_line(error)}") for key in expected}
        for key, array in expected.items():
            result = compare(array, found[key], options.rtol, options.atol)
            results[key] = results[key].worse_of(result) if key in results else result
    return results


def _nan_notes(model: LegacyModel, weights: Sequence[Weight]) -> Iterator[str]:
    """Yields a sentence if weights of the checkpoint hold NaN."""
    keys = {item.name: item.location.key for item in weights if item.initializer is None}
    checkpoint = model.checkpoint if model.checkpoint is not None else {}
    found = [name for name, key in keys.items() if key in checkpoint and _has_nan(checkpoint[key])]
    if found:
        yield (
            f"The checkpoint itself holds NaN, in {and_more(found, _MOST_NAMES)}: its training diverged. An earlier "
            "one may be sound."
        )


def _has_nan(array: np.ndarray) -> bool:
    return dtypes.from_numpy(array.dtype).is_floating and bool(np.isnan(array.astype(np.float64, copy=False)).any())


def _gradients(model: Any, reference: ReferenceRun, plan: Plan) -> Gradients:
    signature = reference.signature
    outputs = [plan.output_nodes[tensor.name] for tensor in signature.outputs.values()]
    variables = trainable_for(plan.flat, outputs, dict(model.weights))
    return take_gradients(model.signatures[signature.name], tensors(signature, reference.feeds[0]), variables)


def _notes(
    model: Any,
    reference: ReferenceRun,
    compared: Mapping[str, Comparison],
    graph: Graph,
    options: MigrationOptions,
) -> Iterator[str]:
    name = reference.signature.name
    call = functools.partial(run, model, timeout=options.timeout)
    yield from soundness_notes(call, dict(model.weights), reference, graph)
    for key, result in compared.items():
        if not result.finite:
            yield f"No batch gave finite values for {name}/{key}; try real inputs with --verify-data."
        if result.elements == 0:
            yield f"{name}/{key} was empty in every batch; try real inputs with --verify-data."
