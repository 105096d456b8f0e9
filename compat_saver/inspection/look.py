"""Looks at a source and gathers the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from compat_saver import dtypes
from compat_saver.analysis.ops.subsystems import is_pipeline, is_table
from compat_saver.analysis.ops.triage import Triage, triage
from compat_saver.analysis.serving.modes import find_modes
from compat_saver.analysis.serving.pipelines import Delivery, deliveries
from compat_saver.analysis.serving.proposal import propose
from compat_saver.analysis.serving.training import is_training
from compat_saver.analysis.static_shapes import static_shape
from compat_saver.analysis.values.roles import role_of, slots_of_graph
from compat_saver.analysis.values.tables import initializer_values, needed_tables, tables_of
from compat_saver.analysis.values.weights import declared_shape, saver_locations, variable_nodes
from compat_saver.bundle import Checkpoint, TensorInfo, open_bundle
from compat_saver.graph import Graph, Node, OpCatalog, Value, from_graph_def
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.inspection.outcome import (
    CheckpointFacts,
    GraphFacts,
    Inspection,
    OutputFacts,
    TensorFacts,
    VariableFacts,
)
from compat_saver.proto.files import read_message
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from compat_saver.proto.recognize import GRAPH_DEF, SAVED_MODEL
from compat_saver.sources import (
    CheckpointSource,
    GraphDefSource,
    MetaGraphSource,
    SavedModelSource,
    Source,
    resolve,
)

_MOST_RUNNERS_UP = 4


def inspect(source: Path) -> Inspection:
    """Gathers the facts of a checkpoint, a graph or a directory.

    Raises:
        ArtifactError: there is nothing, or something else.
    """
    found = resolve(source)
    meta, prefix = _graph_of(found), _prefix_of(found)
    checkpoint = None if prefix is None else open_bundle(prefix)
    tensors = {} if checkpoint is None else {name: checkpoint.info(name) for name in checkpoint}
    files = None if checkpoint is None else _checkpoint_facts(checkpoint, tensors)
    notes = (*found.notes, *([found.no_meta] if isinstance(found, CheckpointSource) and found.no_meta else []))
    if meta is None:
        return Inspection(checkpoint=files, variables=tuple(_tensors_alone(tensors)), notes=notes)
    return _GraphInspector(meta, checkpoint, tensors).inspection(files, notes)


def _graph_of(source: Source) -> MetaGraph | None:
    if isinstance(source, CheckpointSource):
        return None if source.meta is None else read_meta_graph(source.meta)
    if isinstance(source, MetaGraphSource):
        return read_meta_graph(source.path)
    if isinstance(source, GraphDefSource):
        return MetaGraph(str(source.path), MetaGraphDef(graph_def=read_message(source.path, GRAPH_DEF)))
    if isinstance(source, SavedModelSource):
        return MetaGraph(str(source.file), read_message(source.file, SAVED_MODEL).meta_graphs[0])
    return None


def _prefix_of(source: Source) -> Path | None:
    if isinstance(source, CheckpointSource):
        return source.prefix
    if isinstance(source, SavedModelSource) and source.variables is not None:
        return source.variables.prefix
    return None


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
    """Gathers the facts of one graph, with or without its checkpoint."""

    def __init__(self, meta: MetaGraph, checkpoint: Checkpoint | None, tensors: Mapping[str, TensorInfo]) -> None:
        self._meta = meta
        self._tensors = tensors
        self._has_checkpoint = checkpoint is not None
        self._graph = from_graph_def(meta.graph_def)
        self._catalog = OpCatalog.of(self._graph, meta.stripped_ops)
        self._trainable = {record.name for record in meta.variables() if record.trainable}
        taken = {info.name for item in meta.signatures.values() for info in item.inputs.values()}
        modes = find_modes(self._graph, self._catalog, self._trainable, taken)
        self._modes = {mode.tensor: mode for mode in modes}

    def inspection(self, files: CheckpointFacts | None, notes: Iterable[str]) -> Inspection:
        proposal = propose(self._graph, self._catalog, self._trainable)
        outputs = (*proposal.served, *proposal.others[:_MOST_RUNNERS_UP])
        proposed = list(proposal.outputs)
        delivered = () if self._meta.signatures else self._delivered(proposed)
        triaged = self._triage(proposed, delivered)
        return Inspection(
            checkpoint=files,
            graph=self._graph_facts(),
            placeholders=tuple(self._placeholder(node) for node in self._graph if _is_feedable(node)),
            outputs=tuple(
                OutputFacts(item.tensor, item.score, item.signals, item in proposal.served) for item in outputs
            ),
            variables=tuple(self._variables()),
            serving=tuple(sorted(self._meta.signatures)) or tuple(proposed),
            ops=triaged.rows,
            around=triaged.around,
            queues=tuple(node.name for node in self._graph if is_pipeline(node) and not node.inputs),
            tables=tuple(node.name for node in self._graph if is_table(node)),
            notes=(*notes, *(item.reason for item in delivered)),
        )

    def _delivered(self, proposed: Iterable[str]) -> tuple[Delivery, ...]:
        return deliveries(self._graph, self._catalog, dict.fromkeys(_values(self._graph, proposed)))

    def _graph_facts(self) -> GraphFacts:
        collections = {name: _length(item) for name, item in sorted(self._meta.collections.items())}
        return GraphFacts(
            path=str(self._meta.path),
            tensorflow_version=self._meta.tensorflow_version,
            producer=self._meta.producer,
            nodes=len(self._graph),
            functions=len(self._graph.functions),
            collections=collections,
            signatures=tuple(sorted(self._meta.signatures)),
        )

    def _placeholder(self, node: Node) -> TensorFacts:
        mode = self._modes.get(f"{node.name}:0")
        return TensorFacts(
            tensor=f"{node.name}:0",
            dtype=dtypes.name_of(node.attr.type("dtype")),
            shape=static_shape(self._graph, node.output()),
            has_default=node.op == "PlaceholderWithDefault",
            bound=None if mode is None else mode.value.item(),
            why="" if mode is None else mode.why,
        )

    def _variables(self) -> Iterable[VariableFacts]:
        saver = self._meta.saver_def
        locations = saver_locations(self._graph, saver.restore_op_name if saver is not None else "")
        slots = slots_of_graph(self._graph)
        nodes = list(variable_nodes(self._graph))
        names = {node.name for node in nodes}
        for node in nodes:
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
                role=role_of(node.name, names, self._trainable, slots),
                stored=info is not None if self._has_checkpoint else None,
            )

    def _triage(self, proposed: list[str], delivered: Iterable[Delivery]) -> Triage:
        """Sorts the ops for what a migration would serve if nobody named it: the file's signatures or the proposal."""
        graph, signatures = self._graph, self._meta.signatures.values()
        outputs = [info.name for item in signatures for info in item.outputs.values()] or proposed
        inputs = [info.name for item in signatures for info in item.inputs.values()]
        ends, begins = dict.fromkeys(_values(graph, outputs)), dict.fromkeys(_values(graph, inputs))
        begins |= dict.fromkeys(item.value for item in delivered)
        tables = needed_tables(graph, tables_of(graph, self._meta), ends, begins)
        return triage(graph, self._catalog, ends, begins, initializer_values(graph, tables))


def _values(graph: Graph, names: Iterable[str]) -> Iterable[Value]:
    """Yields the values of names; a signature may name what is not there."""
    for name in names:
        node, _, port = name.partition(":")
        if node in graph and (port or "0").isdecimal():
            yield graph.value(name)


def _is_feedable(node: Node) -> bool:
    """Whether a node is a placeholder; a saver's own, for its file's name, is none that a person would feed."""
    return node.op in PLACEHOLDER_OPS or (node.op == "PlaceholderWithDefault" and not is_training(node))


def _length(collection: object) -> int:
    kind = collection.WhichOneof("kind")  # type: ignore[attr-defined]
    return 0 if kind is None else len(getattr(collection, kind).value)


def _nbytes(number: int, shape: tuple[int | None, ...] | None) -> int:
    size = dtypes.by_number(number).itemsize if number else 0
    for length in (None,) if shape is None else shape:
        size *= length or 0
    return size
