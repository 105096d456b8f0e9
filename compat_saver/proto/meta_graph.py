"""The MetaGraphDef of a .meta file as a typed object."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath

from compat_saver.proto.files import read_message
from compat_saver.proto.messages import Message
from compat_saver.proto.recognize import META_GRAPH_DEF
from compat_saver.proto.session_bundle import bundle_signatures
from compat_saver.proto.variable_records import VariableRecord, variable_records

_INIT_SIGNATURE = "__saved_model_init_op"
_OP_SIGNATURES = (_INIT_SIGNATURE, "__saved_model_train_op")
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")


@dataclass(frozen=True)
class MetaGraph:
    """A graph with what its writer knew of it: saver, signatures, collections.

    The messages are shared; change a copy.

    Attributes:
        path: the file it came from.
        message: the whole MetaGraphDef.
    """

    path: str
    message: Message = field(repr=False)

    @property
    def tensorflow_version(self) -> str:
        """The release that wrote it as text: "1.15.5", but also "" (before 0.12) and "0.12.head"."""
        return str(self.message.meta_info_def.tensorflow_version)

    @property
    def producer(self) -> int:
        """The GraphDef version; 0 where nothing was written, as in graphs made by tools."""
        return int(self.graph_def.versions.producer or self.graph_def.version)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of a MetaGraphDef in a SavedModel; none in a .meta file."""
        return tuple(self.message.meta_info_def.tags)

    @property
    def graph_def(self) -> Message:
        """The GraphDef."""
        return self.message.graph_def

    @property
    def saver_def(self) -> Message | None:
        """The SaverDef, or None where the graph was exported without a saver."""
        return self.message.saver_def if self.message.HasField("saver_def") else None

    @property
    def signatures(self) -> Mapping[str, Message]:
        """The SignatureDefs by key, sorted: a map of protobuf comes in another order each time it is read.

        Those that only name an op, which is to be run when the model is loaded or trained, are none. Where there is no
        other, those of a session bundle are meant.
        """
        found = {key: item for key, item in sorted(self.message.signature_def.items()) if key not in _OP_SIGNATURES}
        return found or bundle_signatures(self.message)

    @property
    def init_op(self) -> str:
        """The op that TensorFlow's loader runs when it has restored a SavedModel; "" for none.

        Of what names it the first counts: a signature, the collection of main ops, that of legacy init ops.
        Source: tensorflow/python/saved_model/loader_impl.py.
        """
        if _INIT_SIGNATURE in self.message.signature_def:
            outputs = self.message.signature_def[_INIT_SIGNATURE].outputs
            if _INIT_SIGNATURE in outputs:
                return str(outputs[_INIT_SIGNATURE].name).partition(":")[0]
        for key in _INIT_COLLECTIONS:
            collection = self.collections.get(key)
            if collection is not None and len(collection.node_list.value) == 1:
                return str(collection.node_list.value[0]).lstrip("^").partition(":")[0]
        return ""

    @functools.cached_property
    def stripped_ops(self) -> Mapping[str, Message]:
        """The OpDefs, by name, that the graph was written against, without their descriptions."""
        return {op.name: op for op in self.message.meta_info_def.stripped_op_list.op}

    @property
    def collections(self) -> Mapping[str, Message]:
        """The CollectionDefs by key, sorted."""
        return dict(sorted(self.message.collection_def.items()))

    def variables(self) -> tuple[VariableRecord, ...]:
        """Returns the variables in the order of their first mention, each once, whatever collections list it.

        A variable that is in no collection is not among them.
        """
        return self._variables

    @functools.cached_property
    def _variables(self) -> tuple[VariableRecord, ...]:
        return variable_records(self.collections)


def read_meta_graph(path: str | PathLike[str]) -> MetaGraph:
    """Reads a .meta file, binary or text, recognized by its bytes.

    Raises:
        SourceNotFoundError: there is no such file.
        NotALegacyArtifactError: it holds something else: a bare GraphDef, a SavedModel, a Git LFS pointer, ...
        FormatError: it is damaged or cut short.
        ArtifactError: it is a directory or cannot be read.
    """
    return MetaGraph(fspath(path), read_message(path, META_GRAPH_DEF))
