"""A legacy model as its files describe it: the one place where a graph is read and its parts are looked up."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from compat_saver.analysis.serving.names import lists_outputs
from compat_saver.analysis.values.assembled import assembled_values
from compat_saver.analysis.values.initializers import Initializer, InitOp, initializers
from compat_saver.analysis.values.roles import trained_by
from compat_saver.analysis.values.weights import Location, saver_locations, variable_nodes
from compat_saver.bundle import Checkpoint
from compat_saver.graph import Graph, Node, OpCatalog, from_graph_def
from compat_saver.model.object_variables import ObjectVariable, object_locations, object_variables
from compat_saver.passes import run_passes
from compat_saver.passes.structure.inlining import InlineTableFunctions
from compat_saver.proto.messages import Message
from compat_saver.proto.meta_graph import MetaGraph

_LOCAL_VARIABLES = "local_variables"


@dataclass(frozen=True)
class SourceFacts:
    """Where a model came from, as reports have it.

    Attributes:
        kind: "checkpoint", "saved_model", "hub_module", "graph_def" or "meta_graph".
        path: the checkpoint's prefix, or the directory or file.
        meta_graph: the file that holds the graph.
        checkpoint_version: "V1", "V2", or None without a checkpoint.
        tensorflow_version: the release that wrote it, as recorded in the file; "" if it is not recorded.
        producer: its GraphDef version.
        tag_set: the tags of its graph; None where the source is no SavedModel.
    """

    kind: str
    path: str
    meta_graph: str
    checkpoint_version: str | None
    tensorflow_version: str
    producer: int
    tag_set: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LegacyModel:
    """An opened model: its graph, its checkpoint, and all that is looked up in them.

    What is looked up is computed once, when it is first needed, and is shared: change none of it. `graph()` gives a
    graph to edit.

    Attributes:
        kind: "checkpoint", "saved_model", "hub_module", "graph_def" or "meta_graph".
        path: the checkpoint's prefix, or the directory or file.
        meta: the graph as its release wrote it, with saver, signatures and collections.
        checkpoint: its weights; None for a graph that has none.
        notes: what the user should know of how the path was understood, a sentence each.
        trains: whether its outputs are those of a training step; then it stays as it is in training.
    """

    kind: str
    path: str
    meta: MetaGraph
    checkpoint: Checkpoint | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    trains: bool = False

    def graph(self) -> Graph:
        """Returns a fresh copy of the graph, to be edited."""
        return self.as_read.copy()

    @functools.cached_property
    def as_read(self) -> Graph:
        """The graph as it was read, but for the tables that functions make, which are part of it; never edited."""
        graph = from_graph_def(self.meta.graph_def)
        if graph.functions:
            run_passes([InlineTableFunctions(OpCatalog.of(graph, self.meta.stripped_ops))], graph)
        return graph

    @functools.cached_property
    def catalog(self) -> OpCatalog:
        """The op definitions that hold for the graph."""
        return OpCatalog.of(self.as_read, self.meta.stripped_ops)

    @property
    def signatures(self) -> Mapping[str, Message]:
        """The SignatureDefs of the file by name."""
        return self.meta.signatures

    @functools.cached_property
    def trainable(self) -> frozenset[str]:
        """The names of the variables that TF1 called trainable; without its lists, those that an optimizer trains."""
        listed = frozenset(record.name for record in self.meta.variables() if record.trainable)
        listed |= frozenset(item.name for item in self.object_variables if item.trainable)
        return listed or (frozenset() if self.meta.variables() else frozenset(trained_by(self.as_read)))

    @functools.cached_property
    def object_variables(self) -> tuple[ObjectVariable, ...]:
        """The variables that the object graph of a SavedModel of TensorFlow 2 names."""
        return object_variables(self.meta.message, self.as_read, self.checkpoint)

    @functools.cached_property
    def local_variables(self) -> frozenset[str]:
        """The names in the LOCAL_VARIABLES collection; up to 1.0 it held tensor names, later VariableDefs."""
        collection = self.meta.collections.get(_LOCAL_VARIABLES)
        names = () if collection is None else (name.partition(":")[0] for name in collection.node_list.value)
        records = (item.name for item in self.meta.variables() if _LOCAL_VARIABLES in item.collections)
        return frozenset((*names, *records))

    @functools.cached_property
    def listed_outputs(self) -> tuple[str, ...]:
        """The tensors in collections that are named for outputs."""
        found = (item.node_list.value for name, item in self.meta.collections.items() if lists_outputs(name))
        return tuple(dict.fromkeys(name for names in found for name in names))

    @functools.cached_property
    def variables(self) -> Mapping[str, Node]:
        """All variables of the graph as it was read: name -> the node that makes it."""
        return {node.name: node for node in variable_nodes(self.as_read)}

    @functools.cached_property
    def saver_locations(self) -> Mapping[str, Location]:
        """Variable -> where the graph's own saver finds its value in the checkpoint."""
        saver = self.meta.saver_def
        located = saver_locations(self.as_read, saver.restore_op_name if saver is not None else "")
        return {**object_locations(self.object_variables), **located}

    @functools.cached_property
    def assembled_values(self) -> Mapping[str, np.ndarray]:
        """Variable -> its value, for those that the saver assembles from several tensors of the checkpoint."""
        return {} if self.checkpoint is None else assembled_values(self.as_read, self.checkpoint)

    def first_values(self, names: Iterable[str]) -> dict[str, Initializer]:
        """Returns variable -> its initial value by the graph's own initializers, for those of some that have one."""
        written = {record.name: record.initializer for record in self.meta.variables()}
        return initializers(self.as_read, names, written, self.variables)

    @functools.cached_property
    def changed_when_loaded(self) -> frozenset[str]:
        """The variables that TensorFlow's loader may change after it has restored them: of a SavedModel only."""
        node = self.as_read.get(self.meta.init_op) if self.meta.tags and self.meta.init_op else None
        return frozenset() if node is None else frozenset(InitOp.of(node, self.as_read).may_change(self.variables))

    @property
    def is_saved_model(self) -> bool:
        """Whether the source is a SavedModel, a Hub module among them."""
        return self.kind in ("saved_model", "hub_module")

    @property
    def facts(self) -> SourceFacts:
        """What a report says of the source."""
        return SourceFacts(
            kind=self.kind,
            path=self.path,
            meta_graph=self.meta.path,
            checkpoint_version=None if self.checkpoint is None else self.checkpoint.version,
            tensorflow_version=self.meta.tensorflow_version,
            producer=self.meta.producer,
            tag_set=self.meta.tags if self.is_saved_model else None,
        )
