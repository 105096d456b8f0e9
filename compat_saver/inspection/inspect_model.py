"""Opens a source and gathers the facts that `inspect` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.effects import SideEffect, side_effects
from compat_saver.analysis.known_values import static_shape
from compat_saver.analysis.node_fates import Fate, graph_change
from compat_saver.analysis.ops.obstacles import nesting_problems
from compat_saver.analysis.ops.triage import REWRITTEN, Triage, triage
from compat_saver.analysis.ops.unsupported_ops import is_pipeline, is_table
from compat_saver.analysis.serving.latents import latent_inputs
from compat_saver.analysis.serving.pipelines import Delivery, deliveries
from compat_saver.analysis.serving.proposal import propose
from compat_saver.analysis.serving.training import is_training
from compat_saver.analysis.values.roles import role_of, slots_of_graph
from compat_saver.analysis.values.tables import initializer_values, needed_tables, tables_of
from compat_saver.analysis.values.weights import declared_shape
from compat_saver.analysis.walk import needed_from
from compat_saver.bundle import Checkpoint, TensorInfo, open_bundle
from compat_saver.graph import Graph, Node, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.inspection.facts import (
    CheckpointFacts,
    GraphFacts,
    Inspection,
    KerasFacts,
    OutputFacts,
    TensorFacts,
    VariableFacts,
)
from compat_saver.inspection.keras_layers import keras_facts, keras_variables
from compat_saver.keras_files import open_keras_file
from compat_saver.keras_files.saved_models import keras_metadata, open_saved_model
from compat_saver.model import LegacyModel, open_model
from compat_saver.model.file_signatures import listed_tensors
from compat_saver.model.folding import fold
from compat_saver.model.pairing import with_graph_beside
from compat_saver.model.signature import ServingRequest
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.sources import (
    CheckpointSource,
    Hdf5Source,
    KerasArchiveSource,
    SavedModelSource,
    Source,
    resolve,
)

_MOST_RUNNERS_UP = 4


def inspect(source: Path, *, meta_graph: Path | None = None, tag_set: Sequence[str] | None = None) -> Inspection:
    """Gathers the facts of a checkpoint, a graph or a directory.

    Args:
        source: any path.
        meta_graph: the .meta file, where it is not beside the checkpoint.
        tag_set: the tags of the graph of a SavedModel, as for `open_model`.

    Raises:
        ArtifactError: there is nothing, or something else.
        NameNotFoundError: a SavedModel has no graph of the tags.
    """
    found = resolve(source)
    if meta_graph is None and isinstance(found, Hdf5Source | KerasArchiveSource):
        with open_keras_file(source) as file:
            return Inspection(variables=keras_variables(file), notes=found.notes, keras=keras_facts(file))
    if meta_graph is None and isinstance(found, CheckpointSource) and found.meta is None:
        paired = with_graph_beside(found)
        return _without_graph(found) if paired is None else _GraphInspector(paired).inspection()
    model = open_model(
        source,
        meta_graph=meta_graph,
        tag_set=tag_set,
        needs_checkpoint=False,
        needs_values=False,
        accepts_tf2=True,
    )
    return dataclasses.replace(_GraphInspector(model).inspection(), keras=_keras(found))


def _keras(source: Source) -> KerasFacts | None:
    """Returns what Keras recorded in a SavedModel; None for any other source."""
    if not isinstance(source, SavedModelSource) or not keras_metadata(source):
        return None
    with open_saved_model(source, needs_values=False) as file:
        return keras_facts(file)


def _without_graph(source: CheckpointSource) -> Inspection:
    checkpoint = open_bundle(source.prefix)
    tensors = _tensors(checkpoint)
    notes = (*source.notes, *filter(None, [source.no_meta]))
    return Inspection(_checkpoint_facts(checkpoint, tensors), variables=tuple(_tensors_alone(tensors)), notes=notes)


def _tensors(checkpoint: Checkpoint | None) -> Mapping[str, TensorInfo]:
    return {} if checkpoint is None else {name: checkpoint.info(name) for name in checkpoint}


def _checkpoint_facts(checkpoint: Checkpoint, tensors: Mapping[str, TensorInfo]) -> CheckpointFacts:
    return CheckpointFacts(
        prefix=str(checkpoint.prefix),
        version=checkpoint.version,
        files=len(checkpoint.files),
        tensors=len(tensors),
        nbytes=sum(info.nbytes for info in tensors.values()),
        object_based=OBJECT_GRAPH_KEY in tensors,
    )


def _tensors_alone(tensors: Mapping[str, TensorInfo]) -> Iterable[VariableFacts]:
    for name, info in tensors.items():
        if name != OBJECT_GRAPH_KEY:
            role = role_of(name, tensors, (), ())
            yield VariableFacts(name, info.dtype.name, info.shape, info.nbytes, role, stored=True)


class _GraphInspector:
    """Gathers the facts of one model: of its graph as it was read, and for what is served of the folded one."""

    def __init__(self, model: LegacyModel) -> None:
        self._model, self._meta = model, model.meta
        self._graph = model.as_read
        self._tensors = _tensors(model.checkpoint)
        self._folded = fold(model, ServingRequest())
        self._modes = {mode.tensor: mode for mode in self._folded.modes}

    def inspection(self) -> Inspection:
        checkpoint, folded = self._model.checkpoint, self._folded
        model = self._model
        proposal = propose(folded.graph, model.catalog, model.trainable, folded.leftovers, model.listed_outputs)
        outputs = (*proposal.served, *proposal.others[:_MOST_RUNNERS_UP])
        inferred = list(proposal.outputs)
        delivered = () if self._model.signatures else self._delivered(inferred, proposal.latents)
        triaged = self._triage(inferred, delivered)
        return Inspection(
            checkpoint=None if checkpoint is None else _checkpoint_facts(checkpoint, self._tensors),
            graph=self._graph_facts(),
            placeholders=tuple(self._placeholder(node) for node in self._graph if _is_feedable(node)),
            outputs=tuple(
                OutputFacts(item.tensor, item.score, item.signals, item in proposal.served) for item in outputs
            ),
            variables=tuple(self._variables()),
            serving=tuple(self._model.signatures) or tuple(inferred),
            ops=triaged.rows,
            around=triaged.around,
            effects=self._effects(inferred, delivered),
            queues=tuple(node.name for node in self._graph if is_pipeline(node) and not node.inputs),
            tables=tuple(node.name for node in self._graph if is_table(node)),
            notes=(
                *self._model.notes,
                *dict.fromkeys(item.reason for item in delivered),
                *nesting_problems(self._graph),
            ),
            change=graph_change(self._graph, model.catalog, triaged.by_node, self._known_fates),
        )

    def _delivered(self, inferred: Iterable[str], latents: Iterable[Value]) -> tuple[Delivery, ...]:
        graph = self._folded.graph
        outputs = dict.fromkeys(_values(graph, inferred))
        drawn = latent_inputs(graph, latents, outputs)
        given = self._bound.union(item.value for item in drawn)
        return (*drawn, *deliveries(graph, self._model.catalog, outputs, given))

    @property
    def _bound(self) -> set[Value]:
        return set(_values(self._folded.graph, self._folded.bound))

    @property
    def _known_fates(self) -> dict[str, Fate]:
        bound = {mode.tensor: f"would be bound to {mode.value}: {mode.why}" for mode in self._modes.values()}
        return {tensor.rpartition(":")[0]: Fate(REWRITTEN, why) for tensor, why in bound.items()}

    def _graph_facts(self) -> GraphFacts:
        collections = {name: _length(item) for name, item in sorted(self._meta.collections.items())}
        return GraphFacts(
            path=str(self._meta.path),
            tensorflow_version=self._meta.tensorflow_version,
            producer=self._meta.producer,
            nodes=len(self._graph),
            functions=len(self._graph.functions),
            collections=collections,
            signatures=tuple(self._model.signatures),
        )

    def _placeholder(self, node: Node) -> TensorFacts:
        mode = self._modes.get(f"{node.name}:0")
        return TensorFacts(
            tensor=f"{node.name}:0",
            dtype=dtypes.name_of(node.attr.type("dtype")),
            shape=static_shape(self._graph, node.output()),
            has_default=node.op == "PlaceholderWithDefault",
            bound=None if mode is None else _plain(mode.value),
            why="" if mode is None else mode.why,
        )

    def _variables(self) -> Iterable[VariableFacts]:
        locations, names = self._model.saver_locations, self._model.variables
        slots = slots_of_graph(self._graph)
        for node in names.values():
            key = locations[node.name].key if node.name in locations else node.name
            info = self._tensors.get(key)
            number = node.attr.type("dtype")
            shape = declared_shape(node)
            if shape is None and info is not None:
                shape = info.shape
            yield VariableFacts(
                name=node.name,
                dtype=dtypes.name_of(number),
                shape=shape,
                nbytes=_nbytes(number, shape),
                role=role_of(node.name, names, self._model.trainable, slots),
                stored=None if self._model.checkpoint is None else info is not None,
            )

    def _served(
        self, graph: Graph, inferred: list[str], delivered: Iterable[Delivery]
    ) -> tuple[dict[Value, None], dict[Value, None]]:
        """Returns outputs and inputs of what a migration without options would serve: the file's, or the inferred."""
        signatures = self._model.signatures.values()
        outputs = [item.name for message in signatures for item in listed_tensors(message.outputs).values()] or inferred
        inputs = [item.name for message in signatures for item in listed_tensors(message.inputs).values()]
        inputs += [item.value.name for item in delivered]
        return dict.fromkeys(_values(graph, outputs)), dict.fromkeys(_values(graph, inputs))

    def _triage(self, inferred: list[str], delivered: Iterable[Delivery]) -> Triage:
        graph = self._folded.graph
        ends, begins = self._served(graph, inferred, delivered)
        tables = needed_tables(graph, tables_of(graph, self._meta), ends, begins)
        return triage(graph, self._model.catalog, ends, begins, initializer_values(graph, tables))

    def _effects(self, inferred: list[str], delivered: Iterable[Delivery]) -> tuple[SideEffect, ...]:
        graph = self._graph
        ends, begins = self._served(graph, inferred, delivered)
        tables = needed_tables(graph, tables_of(graph, self._meta), ends, begins)
        fed = {*begins, *_values(graph, self._folded.bound)}
        needed = needed_from([*ends, *initializer_values(graph, tables)], fed)
        return side_effects(graph, self._model.catalog, {node.name for node in needed}, self._meta.saver_def)


def _values(graph: Graph, names: Iterable[str]) -> Iterable[Value]:
    """Yields the values of names; a signature may name what is not there."""
    for name in names:
        node, _, port = name.partition(":")
        if node in graph and (port or "0").isdecimal():
            yield graph.value(name)


def _is_feedable(node: Node) -> bool:
    """Whether a node is a placeholder; that of a saver, for the name of its file, is none to feed."""
    return node.op in PLACEHOLDER_OPS or (node.op == "PlaceholderWithDefault" and not is_training(node))


def _length(collection: object) -> int:
    kind = collection.WhichOneof("kind")  # type: ignore[attr-defined]
    return 0 if kind is None else len(getattr(collection, kind).value)


def _nbytes(number: int, shape: tuple[int | None, ...] | None) -> int:
    size = dtypes.by_number(number).itemsize if number else 0
    for length in (None,) if shape is None else shape:
        size *= length or 0
    return size


def _plain(array: np.ndarray) -> Any:
    """Returns a number, or of a vector of several the list of them."""
    return array.item() if array.size == 1 else array.tolist()
