"""Turns what is served of a model from training to inference, or says what would have to be turned.

Most graphs were saved by the program that trains. Where training is a constant of the graph, as in the model directory
of an Estimator, no input can be fixed to turn it off; the graph has to change.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from compat_saver.analysis.training_behavior import Finding, Served, find_training_behavior
from compat_saver.analysis.values.weights import Location
from compat_saver.errors import ArtifactError, UsageError, and_more, counted
from compat_saver.graph import Graph, Node, Value, to_graph_def
from compat_saver.model.choosing import choose_signatures
from compat_saver.model.cut_points import CutPoints
from compat_saver.model.folding import fold
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import ServingRequest
from compat_saver.passes import run_passes
from compat_saver.passes.inference.edits import ApplyEdits, Edit, Sources, apply_edits
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph

KEEP, REMOVE = "keep", "remove"
"""What to do about training behavior."""


def require_behavior(behavior: str) -> None:
    """Raises UsageError for what is neither "keep" nor "remove"."""
    if behavior not in (KEEP, REMOVE):
        raise UsageError(f"training_behavior: expected 'remove' or 'keep', found {behavior!r}.")


_MOST_NAMES = 3
_Sources = TypeVar("_Sources", bound=Sources)


@dataclass(frozen=True)
class TrainingBehavior:
    """The training behavior of what is served.

    Attributes:
        findings: every place, in the order of their kinds.
        is_removed: whether the graph is turned to inference where that is possible.
        in_loops: the names of the nodes inside v1 while loops.
    """

    findings: tuple[Finding, ...] = ()
    is_removed: bool = False
    in_loops: frozenset[str] = frozenset()

    @property
    def removed(self) -> tuple[Finding, ...]:
        """The places that are turned to inference."""
        return tuple(item for item in self.findings if self.is_removed and item.edits)

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The places that stay as they are."""
        return tuple(item for item in self.findings if not (self.is_removed and item.edits))

    def passes(self) -> list[ApplyEdits]:
        """Returns what turns the graph to inference."""
        edits = [edit for item in self.removed for edit in item.edits]
        return [ApplyEdits(edits, self.in_loops)] if edits else []

    def apply_to_reference(self, graph: Graph, sources: type[_Sources]) -> _Sources:
        """Gives a graph as it was read the same behavior by other means, and returns what made the new values."""
        edits: list[Edit] = [edit for item in self.removed for edit in item.reference_edits]
        made = sources(graph, self.in_loops, edits)
        apply_edits(graph, edits, made)
        return made


def find(
    model: LegacyModel, graph: Graph, outputs: Iterable[Value], inputs: Iterable[Value], behavior: str
) -> TrainingBehavior:
    """Finds the training behavior of what is served.

    Args:
        model: the opened model.
        graph: its graph, in which training-mode inputs are constants already.
        outputs: the outputs of all signatures.
        inputs: their inputs.
        behavior: "remove", or "keep" to leave the graph as it is.
    """
    served = Served(graph, outputs, frozenset(inputs))
    findings = find_training_behavior(served, functools.partial(stored_value, model), model.trainable)
    in_loops = served.in_loops if findings else frozenset[str]()
    return TrainingBehavior(findings, behavior == REMOVE, in_loops)


def turned_to_inference(model: LegacyModel) -> tuple[MetaGraph, TrainingBehavior]:
    """Returns the whole graph with what would be served of it turned to inference; names keep their meaning.

    Raises:
        CannotMigrateError: no output can be inferred.
    """
    folded = fold(model, ServingRequest())
    points = CutPoints.of(folded.graph, choose_signatures(model, folded, ServingRequest()).signatures)
    behavior = find(model, folded.graph, points.outputs_of(folded.graph), points.inputs_of(folded.graph), REMOVE)
    graph = model.graph()
    run_passes(behavior.passes(), graph)
    message = MetaGraphDef()
    message.CopyFrom(model.meta.message)
    message.graph_def.CopyFrom(to_graph_def(graph))
    return MetaGraph(model.meta.path, message), behavior


def stored_value(model: LegacyModel, variable: Node) -> np.ndarray | None:
    """Returns the value of a variable in the checkpoint, None if it is not there.

    Where the data files are missing, as a dry run allows, the value is not known: NaN.
    """
    location = model.saver_locations.get(variable.name, Location(variable.name))
    if model.checkpoint is None or location.key not in model.checkpoint:
        return None
    try:
        value = np.asarray(model.checkpoint[location.key])
    except ArtifactError:
        return np.array(np.nan)
    return value if location.part is None else value[location.part.box]


def notes(behavior: TrainingBehavior) -> Iterator[str]:
    """Yields what the user should know: what was turned to inference, and what still trains."""
    for what, items in _by_kind(behavior.removed).items():
        keep = ""
        if items[0].confidence == "likely":
            keep = " If the program does this on purpose when it serves, give --training-behavior keep."
        yield f"{_count(what, items)} turned to inference ({items[0].became}): {_names(items)}.{keep}"
    for what, items in _by_kind(behavior.kept).items():
        if behavior.is_removed:
            yield (
                f"{_count(what, items)} left as in training, because {items[0].reason}: {_names(items)}. An output may "
                "depend on the other rows of its batch."
            )
        else:
            yield (
                f"TRAINING BEHAVIOR IS KEPT, as --training-behavior keep asks: {_count(what, items)} as in training: "
                f"{_names(items)}. Outputs may be random, or depend on the other rows of a batch."
            )


def _by_kind(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        found.setdefault((item.what, item.became or _reason_kind(item)), []).append(item)
    return found


def _reason_kind(finding: Finding) -> str:
    """Returns the reason without the names in it."""
    return finding.reason.split("'")[0] + finding.reason.split("'")[-1]


def _count(kind: tuple[str, str], findings: list[Finding]) -> str:
    return counted(len(findings), kind[0])


def _names(findings: list[Finding]) -> str:
    return and_more([item.node for item in findings], _MOST_NAMES)
