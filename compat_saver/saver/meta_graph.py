"""import_meta_graph and export_meta_graph: graphs in and out of `.meta` files, eager execution left on.

In eager mode with no graph entered, both work on the default graph of the process, which a `tf.compat.v1.Session()`
made afterwards runs: TensorFlow 1 programs that never made a graph of their own work unchanged.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compat_saver._tensorflow import tensorflow, tf_errors
from compat_saver.errors import ArtifactError, NotALegacyArtifactError, UsageError
from compat_saver.model.runnable.whole_graph import importable
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph, read_meta_graph
from compat_saver.saver.checkpoint_management import is_remote
from compat_saver.saver.errors import with_bases
from compat_saver.saver.permissions import refuse_changes
from compat_saver.saver.saver import Saver
from compat_saver.sources import (
    CheckpointSource,
    GraphDefSource,
    Hdf5Source,
    KerasArchiveSource,
    MetaGraphSource,
    SavedModelSource,
    resolve,
)

_logger = logging.getLogger("compat_saver")
_SHAPES = "_output_shapes"
_INSTEAD = {
    GraphDefSource: "a GraphDef alone. Import it with tf.graph_util.import_graph_def(...)",
    SavedModelSource: "a SavedModel. Load it with tf.compat.v1.saved_model.load(...)",
    Hdf5Source: "an HDF5 file (Keras)",
    KerasArchiveSource: "a .keras file",
}


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    *,
    allow: Sequence[str] = (),
    **kwargs: Any,
) -> Saver | None:
    """Adds a graph to the default one, with its collections, and returns its saver.

    Args:
        meta_graph_or_file: a `.meta` file, binary or text; or a path that leads to one: a prefix, a file of a
            checkpoint, a directory with checkpoints; or a MetaGraphDef, TensorFlow's or this package's, or a MetaGraph.
        clear_devices: whether devices are taken off the ops.
        import_scope: the prefix that the names get.
        allow: the ops that may write files, open connections or act on the process when the graph is imported,
            initialized or restored; `*` in a name stands for anything. A remote file is not checked.
        **kwargs: what tf.compat.v1.train.import_meta_graph passes on: graph, input_map, ...

    Returns:
        The Saver of the graph; one for all variables where it has none; None where it has no variables either.

    Raises:
        OSError: there is no such file (SourceNotFoundError), or it holds something else (NotALegacyArtifactError,
            FormatError).
        SideEffectError: the graph would reach outside and was not allowed; also a PermissionError.
        ValueError: the graph cannot be imported.
    """
    meta = _meta_graph_def(meta_graph_or_file)
    v1 = tensorflow().compat.v1
    graph = kwargs.get("graph") or v1.get_default_graph()
    chosen = meta if isinstance(meta, str) else _permitted(meta, meta_graph_or_file, allow)
    chosen, opaque = _without_opaque(chosen) if import_scope and not isinstance(chosen, str) else (chosen, {})
    with graph.as_default():
        saver = v1.train.import_meta_graph(chosen, clear_devices=clear_devices, import_scope=import_scope, **kwargs)
    for key, values in opaque.items():
        graph.get_collection_ref(key).extend(values)
    return None if saver is None else Saver.around(saver, graph)


def _permitted(meta: Any, given: Any, allow: Sequence[str]) -> Any:
    """Returns a MetaGraphDef that TensorFlow can import, after a look at what it would do outside of itself."""
    name = str(given.path) if isinstance(given, MetaGraph) else ""
    if isinstance(given, (str, bytes, os.PathLike)):
        name = os.fsdecode(given)
    read = MetaGraph(name or "The MetaGraphDef", MetaGraphDef.FromString(meta.SerializeToString()))
    refuse_changes(read, allow)
    return meta if _is_current(meta) else _importable(meta, read)


def _without_opaque(meta: Any) -> tuple[Any, dict[str, list[bytes]]]:
    """Returns a MetaGraphDef without the collections of bytes that are not text, and these by key.

    TensorFlow takes the entries of a user's collection for names and prefixes them with the scope, which fails there.
    """
    keys = tensorflow().compat.v1.GraphKeys
    known = {value for name in dir(keys) if isinstance(value := getattr(keys, name), str)}
    opaque = {
        key: list(item.bytes_list.value)
        for key, item in meta.collection_def.items()
        if key not in known and not all(map(_is_text, item.bytes_list.value))
    }
    if not opaque:
        return meta, {}
    rest = type(meta).FromString(meta.SerializeToString())
    for key in opaque:
        del rest.collection_def[key]
    return rest, opaque


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_current(meta: Any) -> bool:
    """Whether the running TensorFlow release wrote a graph: then every op exists with the same meaning."""
    return str(meta.meta_info_def.tensorflow_version) == str(tensorflow().__version__)


def _importable(meta: Any, read: MetaGraph) -> Any:
    """Returns a MetaGraphDef unchanged if current TensorFlow can import and run it, else rewritten so that it can.

    Tensors keep their names. The trial uses a graph of its own: a rejected import uses up names of scopes.
    """
    found = importable(read)
    is_accepted = not found.rewrites and not found.left_out and _is_accepted(meta)
    if is_accepted and not found.notes:
        return meta
    for note in found.notes:
        _logger.warning(note)
    changed = type(meta).FromString(found.meta.message.SerializeToString())
    if is_accepted:  # only collections were unsupported
        changed.graph_def.CopyFrom(meta.graph_def)
    return changed


def _is_accepted(meta: Any) -> bool:
    """Whether TensorFlow accepts the shapes recorded in a graph; without any it infers them."""
    if not any(_SHAPES in node.attr for node in meta.graph_def.node):
        return True
    tf = tensorflow()
    with tf.Graph().as_default():
        try:
            tf.graph_util.import_graph_def(
                meta.graph_def, name="", producer_op_list=meta.meta_info_def.stripped_op_list
            )
        except tf_errors():
            return False
    return True


def export_meta_graph(
    filename: str | os.PathLike[str] | None = None,
    meta_info_def: Any = None,
    graph_def: Any = None,
    saver_def: Any = None,
    collection_list: Sequence[str] | None = None,
    as_text: bool = False,
    graph: Any = None,
    export_scope: str | None = None,
    clear_devices: bool = False,
    clear_extraneous_savers: bool = False,
    strip_default_attrs: bool = False,
    save_debug_info: bool = False,
    **kwargs: Any,
) -> Any:
    """Returns a graph with its collections as a MetaGraphDef, and writes it to a file if one is named.

    Args:
        filename: the file to write.
        meta_info_def: the MetaInfoDef to take.
        graph_def: the GraphDef to take instead of the graph's own.
        saver_def: the SaverDef of the saver that goes with it.
        collection_list: the collections to take; None takes all.
        as_text: whether the file gets protobuf's text form.
        graph: the tf.Graph; None takes the default one.
        export_scope: only what is below it is exported, and its name taken off.
        clear_devices: whether devices are left out.
        clear_extraneous_savers: whether the ops of other savers than `saver_def` are left out.
        strip_default_attrs: whether attributes at their defaults are left out.
        save_debug_info: whether the places in the program that made the ops go to a `.debug` file beside it.
        **kwargs: what tf.compat.v1.train.export_meta_graph passes on.

    Raises:
        RuntimeError: no graph was entered, and the default one is empty (UsageError).
    """
    v1 = tensorflow().compat.v1
    exported = graph or v1.get_default_graph()
    if v1.executing_eagerly() and not exported.get_operations():
        raise with_bases(
            UsageError(
                "export_meta_graph: there is no graph: eager execution is on, and the default graph is empty. Call it "
                "where the graph is entered (`with graph.as_default():`), or pass graph=..."
            ),
            RuntimeError,
        )
    with exported.as_default():
        return v1.train.export_meta_graph(
            filename=None if filename is None else os.fspath(filename),
            meta_info_def=meta_info_def,
            graph_def=graph_def,
            saver_def=saver_def,
            collection_list=collection_list,
            as_text=as_text,
            graph=graph,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
            **kwargs,
        )


def _meta_graph_def(given: Any) -> Any:
    """Returns what TensorFlow's import accepts: its own MetaGraphDef, or a path that only it can read."""
    theirs = tensorflow().compat.v1.MetaGraphDef
    if isinstance(given, theirs):
        return given
    if isinstance(given, MetaGraph):
        message = given.message
    elif isinstance(given, (str, bytes, os.PathLike)):
        path = os.fsdecode(given)
        if is_remote(path):
            return path
        message = _read(path).message
    elif getattr(getattr(given, "DESCRIPTOR", None), "full_name", None) == theirs.DESCRIPTOR.full_name:
        message = given
    else:
        raise with_bases(
            UsageError(
                f"meta_graph_or_file: expected a MetaGraphDef or the path of one, found {type(given).__name__}."
            ),
            TypeError,
        )
    return theirs.FromString(message.SerializeToString())


def _read(path: str) -> MetaGraph:
    """Returns the graph that a path leads to.

    Raises:
        OSError: there is none, or it is something else (ArtifactError).
    """
    try:
        return read_meta_graph(_file(path))
    except ArtifactError as error:
        raise with_bases(error, OSError) from error


def _file(path: str) -> Path:
    found = resolve(path)
    if isinstance(found, MetaGraphSource):
        return found.path
    if isinstance(found, CheckpointSource):
        return found.meta_path
    what = next(text for kind, text in _INSTEAD.items() if isinstance(found, kind))
    raise NotALegacyArtifactError(f"{found.path}: expected a MetaGraphDef (what a .meta file holds), found {what}.")
