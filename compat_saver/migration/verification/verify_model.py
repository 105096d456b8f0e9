"""Compares a written model, loaded back from disk, with the original graph on the same inputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.analysis.values.tables import vocabulary
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Graph
from compat_saver.graph.attributes import Shape
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan
from compat_saver.migration.verification.comparison import Comparison, compare
from compat_saver.migration.verification.gradients import Gradients, take_gradients, trainable_for
from compat_saver.migration.verification.reference_run import ReferenceRun, run_generated, run_given
from compat_saver.migration.verification.replay import Replay
from compat_saver.migration.verification.samples import Feeds, SampleMaker, read_feeds
from compat_saver.migration.verification.soundness import soundness_notes
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import Signature
from compat_saver.saved_model import OutputShapes


@dataclass(frozen=True)
class Verification:
    """What a comparison found.

    Attributes:
        inputs: where the inputs came from: "seed 0" or a file.
        results: signature name -> output key -> comparison over all batches.
        notes: what the user should know of how it was done.
        guesses: signature name -> input key -> how it was generated, where more than the shape was chosen.
        output_shapes: signature name -> output key -> the static shape that TensorFlow infers.
        gradients: signature name -> which variables have one.
    """

    inputs: str
    results: Mapping[str, Mapping[str, Comparison]]
    notes: tuple[str, ...] = ()
    guesses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    output_shapes: OutputShapes = field(default_factory=dict)
    gradients: Mapping[str, Gradients] = field(default_factory=dict)

    @property
    def differences(self) -> list[str]:
        """One sentence per output that differs beyond tolerance."""
        return [
            f"{name}/{key}: {result.problem}"
            for name, outputs in self.results.items()
            for key, result in outputs.items()
            if result.problem
        ]

    @property
    def passed(self) -> bool:
        """Whether every output agrees."""
        return not self.differences


def verify_model(model: LegacyModel, plan: Plan, directory: Path, options: MigrationOptions) -> Verification:
    """Runs both models and compares them.

    Args:
        model: the original.
        plan: names the signatures, the bound values and the weights.
        directory: the written model.
        options: tolerances, seed or file of inputs.

    Raises:
        UsageError: the original fails on all generated inputs, or the given ones do not fit.
    """
    given = read_feeds(options.verify_data, plan.signatures) if options.verify_data is not None else None
    maker = SampleMaker(plan.flat, plan.input_nodes, options.seed, _vocabularies(model, plan))
    with Replay(model, plan) as replay:
        notes = list(replay.notes)
        references = [
            run_generated(replay, item, maker) if given is None else run_given(replay, item, given[item.name])
            for item in plan.signatures
        ]
    results = {}
    written = _load(directory, options.output_tags)
    with _tensorflow.unoptimized():
        for item in references:
            results[item.signature.name] = _compare_all(written, item, options)
        for item in references:  # after all comparisons, for it runs the model again
            notes += item.notes + list(_notes(written, item, results[item.signature.name], plan.flat))
    source = f"seed {options.seed}" if options.verify_data is None else str(options.verify_data)
    guesses = {item.signature.name: item.guesses for item in references if item.guesses}
    shapes = {item.name: _output_shapes(written.signatures[item.name]) for item in plan.signatures}
    # Last, for the functions get more outputs by it.
    gradients = {item.signature.name: _gradients(written, item, plan) for item in references}
    return Verification(source, results, tuple(notes), guesses, shapes, gradients)


def _vocabularies(model: LegacyModel, plan: Plan) -> dict[str, list[object]]:
    """Returns keys of the tables that the signatures need, by the name of each node that means the table."""
    paths = plan.content.paths
    found = {table.name: vocabulary(table, plan.flat, paths, model.checkpoint) for table in plan.content.tables}
    return {node: found[table.name] for table in plan.content.tables for node in table.nodes}


def _load(directory: Path, tag_set: Sequence[str]) -> Any:
    try:
        return _tensorflow.tensorflow().saved_model.load(str(directory), tags=list(tag_set))
    except _tensorflow.tf_errors() as error:
        reason = f"TensorFlow does not load the written model: {_tensorflow.first_line(error)}"
        raise CannotMigrateError([reason]) from error


def _output_shapes(function: Any) -> dict[str, Shape]:
    """Returns the shapes of a signature's results, which TensorFlow orders by their keys."""
    shapes = [None if item.shape.rank is None else tuple(item.shape.as_list()) for item in function.outputs]
    return dict(zip(sorted(function.structured_outputs), shapes, strict=True))


def _compare_all(model: Any, reference: ReferenceRun, options: MigrationOptions) -> dict[str, Comparison]:
    results: dict[str, Comparison] = {}
    for feeds, expected in zip(reference.feeds, reference.outputs, strict=True):
        try:
            found = _run(model, reference.signature, feeds)
        except _tensorflow.tf_errors() as error:
            return {key: Comparison(None, False, f"does not run: {_tensorflow.first_line(error)}") for key in expected}
        for key, array in expected.items():
            result = compare(array, found[key], options.rtol, options.atol)
            results[key] = results[key].worse_of(result) if key in results else result
    return results


def _run(model: Any, signature: Signature, feeds: Feeds) -> dict[str, np.ndarray]:
    found = model.signatures[signature.name](**_tensors(signature, feeds))
    return {key: np.asarray(value.numpy()) for key, value in found.items()}


def _tensors(signature: Signature, feeds: Feeds) -> dict[str, Any]:
    tf = _tensorflow.tensorflow()
    return {key: tf.constant(array, signature.inputs[key].dtype, array.shape) for key, array in feeds.items()}


def _gradients(model: Any, reference: ReferenceRun, plan: Plan) -> Gradients:
    signature = reference.signature
    outputs = [plan.output_nodes[tensor.name] for tensor in signature.outputs.values()]
    variables = trainable_for(plan.flat, outputs, dict(model.weights))
    return take_gradients(model.signatures[signature.name], _tensors(signature, reference.feeds[0]), variables)


def _notes(model: Any, reference: ReferenceRun, compared: Mapping[str, Comparison], graph: Graph) -> Iterator[str]:
    name = reference.signature.name
    yield from soundness_notes(functools.partial(_run, model), dict(model.weights), reference, graph)
    for key, result in compared.items():
        if not result.finite:
            yield f"No batch gave finite values for {name}/{key}; try real inputs with --verify-data."
        if result.elements == 0:
            yield f"{name}/{key} was empty in every batch; try real inputs with --verify-data."
