"""Compares a written model, loaded back from disk, with the original graph on the same inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.analysis.values.tables import vocabulary
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Graph
from compat_saver.migration.artifact import Artifact
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan
from compat_saver.migration.signature import Signature
from compat_saver.migration.verification.asking import Asked, ask_given, ask_made_up
from compat_saver.migration.verification.compare import Comparison, compare
from compat_saver.migration.verification.given import read_feeds
from compat_saver.migration.verification.replay import Replay
from compat_saver.migration.verification.samples import Feeds, SampleMaker

_RANDOM_OP = re.compile(r"Random|Multinomial|TruncatedNormal")


@dataclass(frozen=True)
class Verification:
    """What a comparison found.

    Attributes:
        inputs: where the inputs came from: "seed 0" or a file.
        results: signature name -> output key -> comparison over all batches.
        notes: what a person should know of how it was done.
        guesses: signature name -> input key -> how it was made up, of those that the shape does not settle.
    """

    inputs: str
    results: Mapping[str, Mapping[str, Comparison]]
    notes: tuple[str, ...] = ()
    guesses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

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


def verify_model(artifact: Artifact, plan: Plan, directory: Path, options: MigrationOptions) -> Verification:
    """Runs both models and compares them.

    Args:
        artifact: the original.
        plan: names the signatures, the bound values and the weights.
        directory: the written model.
        options: tolerances, seed or file of inputs.

    Raises:
        UsageError: no inputs could be made on which the original runs, or the given ones do not fit.
    """
    given = read_feeds(options.verify_data, plan.signatures) if options.verify_data is not None else None
    maker = SampleMaker(plan.flat, plan.input_nodes, options.seed, _vocabularies(artifact, plan))
    with Replay(artifact, plan) as replay:
        notes = list(replay.notes)
        asked = [
            ask_made_up(replay, item, maker) if given is None else ask_given(replay, item, given[item.name])
            for item in plan.signatures
        ]
    results = {}
    model = _load(directory, options.tag_set)
    for item in asked:
        results[item.signature.name] = _compare_all(model, item, options)
    for item in asked:  # after all comparisons, for it asks the model again
        notes += item.notes + list(_doubts(model, item, results[item.signature.name], plan.flat))
    source = f"seed {options.seed}" if options.verify_data is None else str(options.verify_data)
    guesses = {item.signature.name: item.guesses for item in asked if item.guesses}
    return Verification(source, results, tuple(notes), guesses)


def _vocabularies(artifact: Artifact, plan: Plan) -> dict[str, list[object]]:
    """Returns keys of the tables that the signatures need, by the name of each node that means the table."""
    paths = plan.content.paths
    found = {table.name: vocabulary(table, plan.flat, paths, artifact.checkpoint) for table in plan.content.tables}
    return {node: found[table.name] for table in plan.content.tables for node in table.nodes}


def _load(directory: Path, tag_set: Sequence[str]) -> Any:
    try:
        return _tensorflow.tensorflow().saved_model.load(str(directory), tags=list(tag_set))
    except _tensorflow.refusals() as error:
        reason = f"TensorFlow does not load the written model: {_tensorflow.gist(error)}"
        raise CannotMigrateError([reason]) from error


def _compare_all(model: Any, asked: Asked, options: MigrationOptions) -> dict[str, Comparison]:
    results: dict[str, Comparison] = {}
    for feeds, answers in zip(asked.feeds, asked.answers, strict=True):
        try:
            found = _answers(model, asked.signature, feeds)
        except _tensorflow.refusals() as error:
            return {key: Comparison(None, False, f"does not run: {_tensorflow.gist(error)}") for key in answers}
        for key, answer in answers.items():
            result = compare(answer, found[key], options.rtol, options.atol)
            results[key] = results[key].worse_of(result) if key in results else result
    return results


def _answers(model: Any, signature: Signature, feeds: Feeds) -> dict[str, np.ndarray]:
    tf = _tensorflow.tensorflow()
    tensors = {key: tf.constant(array, signature.inputs[key].dtype, array.shape) for key, array in feeds.items()}
    return {key: np.asarray(value.numpy()) for key, value in model.signatures[signature.name](**tensors).items()}


def _is_random(model: Any, asked: Asked) -> bool:
    """Whether the written model answers the same question differently; a seed makes the first answers alike."""
    try:
        first, second = (_answers(model, asked.signature, asked.feeds[0]) for _ in range(2))
    except _tensorflow.refusals():
        return False  # told as such by the comparison
    return any(compare(first[key], second[key], None, None).problem for key in first)


def _doubts(model: Any, asked: Asked, compared: Mapping[str, Comparison], graph: Graph) -> Iterator[str]:
    name = asked.signature.name
    random = [node.name for node in graph if _RANDOM_OP.search(node.op)]
    if random and _is_random(model, asked):
        yield (
            f"The graph draws random numbers ({random[0]!r}), so {name!r} answers differently each time it is asked. "
            "Bind what switches them on, a keep_prob or is_training (--bind), take what is drawn as input (--inputs), "
            "or serve what does not depend on it (--outputs)."
        )
    for key, result in compared.items():
        if not result.finite:
            yield f"No batch gave finite values for {name}/{key}; try real inputs with --verify-data."
        if result.elements == 0:
            yield f"{name}/{key} was empty in every batch; try real inputs with --verify-data."
