"""Drop-in replacement for tf.train.Saver.

TensorFlow reads and writes the files; this class adds crash safety, path resolution and all-or-nothing restore.

- A process that is killed while it saves leaves the earlier checkpoint and a state file that names it.
- A saver that was built in a graph works on that graph wherever it is called, with eager execution on.
- Anything that leads to a checkpoint can be restored: a file of it, a directory, a state file from another machine.
- Errors have the classes of TensorFlow and say what, where and what to do.
"""

from __future__ import annotations

import contextlib
import functools
import numbers
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from compat_saver._tensorflow import tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.errors import UsageError
from compat_saver.saver.checkpoint_management import is_remote
from compat_saver.saver.errors import require_path, with_bases
from compat_saver.saver.matching.fit import Fit
from compat_saver.saver.matching.naming import Matching, NameMap
from compat_saver.saver.matching.report import RestoreReport
from compat_saver.saver.restore_ops.failures import restore_failure, save_failure
from compat_saver.saver.restore_ops.filling import assign, fill, restore_variables
from compat_saver.saver.restore_ops.preflight import open_for_restore, require_ops, require_session
from compat_saver.saver.restore_ops.requests import Request, requests_of
from compat_saver.saver.save.destination import Destination, is_pattern, require_names
from compat_saver.saver.save.retention import Retention
from compat_saver.saver.variables import graph_of, unwrapped, wanted_eagerly

V2 = 2
"""tf.compat.v1.train.SaverDef.V2, as a number, since a default argument must not import TensorFlow."""


class Saver:
    """Saves and restores variables of a graph, or tf.Variables in eager mode, as tf.compat.v1.train.Saver does.

    In eager mode without variables, it is built in the default graph of the process, if variables were imported
    there.

    Args:
        var_list: a list of variables, or name -> variable, a list of the parts of one, or another saveable object.
            None takes all of the graph. Keras variables are the tf.Variables they hold.
        reshape: whether a variable may have another shape than its tensor in the checkpoint, of the same size.
        sharded: whether every device writes a file of its own.
        max_to_keep: how many of the latest checkpoints are kept; 0 or None keeps all.
        keep_checkpoint_every_n_hours: additionally keeps one checkpoint per this many hours.
        name: the prefix of the names of the saver's ops; with `saver_def`, the scope it was imported under.
        restore_sequentially: whether variables of a device are restored one after the other, to save memory.
        saver_def: the SaverDef of a saver whose ops are in the graph already.
        builder: a tf.compat.v1.train.SaverBuilder to build with.
        defer_build: whether the ops are added by `build` only.
        allow_empty: whether a graph without variables is no error; saving and restoring then do nothing.
        write_version: the format, SaverDef.V1 or SaverDef.V2.
        pad_step_number: whether steps in file names are padded to eight digits.
        save_relative_paths: whether the state file gets paths relative to its directory.
        filename: the default path of the ops.

    Raises:
        RuntimeError: no variables are given, eager execution is on, and the default graph has none (UsageError).
        ValueError: there are no variables, or two have one name.
        TypeError: something in `var_list` is not a variable.
    """

    def __new__(cls, *_: Any, **__: Any) -> Saver:
        """Makes an object that is also a tf.compat.v1.train.Saver, for programs that ask with isinstance."""
        made: Saver = object.__new__(_also_theirs(cls))  # type: ignore[arg-type]  # a class is hashable
        return made

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        self._graph = graph_of(var_list, saver_def)
        self._eager = wanted_eagerly(var_list, reshape) if self._graph is None else []
        self._known_requests: tuple[Any, list[Request]] | None = None
        self._sharded, self._pad_step_number = sharded, pad_step_number
        self._save_relative_paths = save_relative_paths
        self._is_built, self._kept = not defer_build, Retention()
        with self._in_graph(self._graph):
            self._saver = tensorflow().compat.v1.train.Saver(
                var_list=unwrapped(var_list),
                reshape=reshape,
                sharded=sharded,
                max_to_keep=max_to_keep,
                keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
                name=name,
                restore_sequentially=restore_sequentially,
                saver_def=saver_def,
                builder=builder,
                defer_build=defer_build,
                allow_empty=allow_empty,
                write_version=write_version,
                pad_step_number=pad_step_number,
                save_relative_paths=save_relative_paths,
                filename=filename,
            )
        if self._graph is None:
            self._kept.start_clock(keep_checkpoint_every_n_hours)
        elif self._is_built and self.saver_def is not None:
            self._kept.start_clock(self.saver_def.keep_checkpoint_every_n_hours)

    @classmethod
    def around(cls, saver: Any, graph: Any) -> Saver:
        """Returns a Saver that works through one of TensorFlow's.

        Args:
            saver: a tf.compat.v1.train.Saver that is built.
            graph: the tf.Graph with its ops.
        """
        made = cls.__new__(cls)
        made._saver, made._graph, made._is_built = saver, graph, True
        made._eager, made._known_requests = [], None
        made._sharded, made._pad_step_number, made._save_relative_paths = False, False, False
        made._kept = Retention()
        if made.saver_def is not None:
            made._kept.start_clock(made.saver_def.keep_checkpoint_every_n_hours)
        return made

    @property
    def saver_def(self) -> Any:
        """The SaverDef with the names of the ops; None before they are built."""
        return self._saver.saver_def

    @saver_def.setter
    def saver_def(self, value: Any) -> None:
        self._saver.saver_def, self._known_requests = value, None

    @property
    def last_checkpoints(self) -> list[str]:
        """The prefixes of the checkpoints that were not deleted, oldest first."""
        return self._kept.names

    def build(self) -> None:
        """Adds the ops that `defer_build` left out, to the graph that is the default one now.

        Raises:
            RuntimeError: in eager mode, where there is nothing to build.
            ValueError: the graph has no variables.
        """
        v1 = tensorflow().compat.v1
        if not self._is_built and not v1.executing_eagerly():
            self._graph = v1.get_default_graph()
        with self._in_graph(self._graph):
            self._saver.build()
        if not self._is_built and self.saver_def is not None:
            self._kept.start_clock(self.saver_def.keep_checkpoint_every_n_hours)
        self._is_built = True

    def as_saver_def(self) -> Any:
        """Returns the SaverDef."""
        return self._saver.as_saver_def()

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns the SaverDef with a scope taken off its names, or None if they are not below it."""
        return self._saver.to_proto(export_scope)

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """Returns a Saver whose ops are in the graph already, below a scope if one is given."""
        return Saver(saver_def=saver_def, name=import_scope)

    def set_last_checkpoints(self, last_checkpoints: list[str]) -> None:
        """Sets the checkpoints that were not deleted; these never will be by `keep_checkpoint_every_n_hours`."""
        self._kept.set_names(last_checkpoints)

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: list[tuple[str, float]]) -> None:
        """Sets the checkpoints that were not deleted, each with the seconds since 1970 at which it was saved."""
        self._kept.set(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Sets the checkpoints that were not deleted to those of the paths that are there."""
        self._kept.recover(checkpoint_paths)

    def export_meta_graph(
        self,
        filename: str | os.PathLike[str] | None = None,
        collection_list: Sequence[str] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> Any:
        """Returns the graph with this saver as a MetaGraphDef, and writes it to a file if one is named.

        Args:
            filename: the file to write.
            collection_list: the collections to take; None takes all.
            as_text: whether the file gets protobuf's text form.
            export_scope: only what is below it is exported, and its name taken off.
            clear_devices: whether devices are left out.
            clear_extraneous_savers: whether the ops of other savers are left out.
            strip_default_attrs: whether attributes at their defaults are left out.
            save_debug_info: whether the places in the program that made the ops go to a `.debug` file beside it.
        """
        with self._in_graph(self._graph if tensorflow().executing_eagerly() else None):
            return self._saver.export_meta_graph(
                filename=None if filename is None else os.fspath(filename),
                collection_list=collection_list,
                as_text=as_text,
                export_scope=export_scope,
                clear_devices=clear_devices,
                clear_extraneous_savers=clear_extraneous_savers,
                strip_default_attrs=strip_default_attrs,
                save_debug_info=save_debug_info,
            )

    def save(
        self,
        sess: Any,
        save_path: str | bytes | os.PathLike[str],
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Saves the variables, and returns the prefix of the checkpoint.

        The files are those that TensorFlow's Saver writes. Until the state file names the new checkpoint, it names
        the earlier one, complete and with its graph, whenever the process is killed: the `.meta` is written first, and
        a checkpoint that is overwritten has second names meanwhile. If saving fails, the earlier state is put back.
        This does not hold for paths with `://`, which TensorFlow alone handles, nor for directories that do not exist.

        Args:
            sess: the session of the graph; None in eager mode.
            save_path: the prefix, without the step.
            global_step: a number to append to the prefix, or the variable or tensor, or its name, that holds it.
            latest_filename: the name of the state file; "checkpoint" if None.
            meta_graph_suffix: the ending of the graph's file.
            write_meta_graph: whether the graph is written as well; there is none in eager mode.
            write_state: whether the state file is written, and checkpoints beyond `max_to_keep` deleted.
            strip_default_attrs: whether attributes at their defaults are left out of the graph's file.
            save_debug_info: whether the places in the program that made the ops go to a `.debug` file.

        Returns:
            The prefix; for shards of V1 it ends with `-?????-of-00002`; None for an empty saver.

        Raises:
            TypeError: `sess` is not a session, or is one of another graph (UsageError).
            ValueError: the directory does not exist, or `latest_filename` has a path or is the name of the checkpoint.
            RuntimeError: `build` was not called (UsageError).
            tf.errors.OpError: variables are not initialized, or the files cannot be written (UsageError,
                ArtifactError), in the class that TensorFlow raises.
        """
        path, latest = _text(save_path), "checkpoint" if latest_filename is None else latest_filename
        with self._working_on(sess, "save"):
            if not self._is_empty:
                require_names(path, latest, is_sharded=self._sharded, is_numbered=global_step is not None)
            step = None if global_step is None else _step(sess, global_step)
            to = Destination.of(path, step, latest, meta_graph_suffix, is_padded=self._pad_step_number)
            write = partial(
                self._saver.save,
                sess,
                path,
                global_step=step,
                latest_filename=latest,
                meta_graph_suffix=meta_graph_suffix,
                strip_default_attrs=strip_default_attrs,
                save_debug_info=save_debug_info,
            )
            try:
                if self._is_empty or is_remote(path):
                    return self._saved_by_tensorflow(write, write_meta_graph, write_state)
                with to.protected() if to.is_there else contextlib.nullcontext():
                    if has_graph := write_meta_graph and to.is_there and self._graph is not None:
                        self.export_meta_graph(
                            to.meta, strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info
                        )
                    saved = str(write(write_meta_graph=write_meta_graph and not has_graph, write_state=False))
                    if write_state:
                        self._kept.record(
                            saved,
                            self.saver_def,
                            os.path.dirname(path),
                            latest_filename=latest,
                            suffix=meta_graph_suffix,
                            is_relative=self._save_relative_paths,
                        )
            except Exception as error:
                better = save_failure(error, to.prefix, sess, self.saver_def)
                if better is None:
                    raise
                raise better from error
        return saved

    def _saved_by_tensorflow(
        self, write: Callable[..., str | None], write_meta_graph: bool, write_state: bool
    ) -> str | None:
        """Saves where only TensorFlow can access files; its saver has the list of checkpoints meanwhile."""
        self._saver.set_last_checkpoints_with_time(self._kept.last)
        saved = write(write_meta_graph=write_meta_graph, write_state=write_state)
        self._kept.follow(self._saver.last_checkpoints)
        return saved

    def restore(
        self,
        sess: Any,
        save_path: str | bytes | os.PathLike[str],
        *,
        strict: bool = True,
        name_map: NameMap | None = None,
        scope: str | None = None,
        ema: bool = False,
    ) -> RestoreReport | None:
        """Restores the variables; if the checkpoint does not match them, none is changed.

        Partitioned and whole variables match each other, and so do checkpoints saved by name and by object.

        Args:
            sess: the session of the graph; None in eager mode.
            save_path: a prefix, any file of a checkpoint, or a directory, which means its latest one; also what
                `latest_checkpoint` returns. Paths with `://` are left to TensorFlow.
            strict: whether variables that are missing in the checkpoint, or do not match, are an error; else they keep
                their values, and the report lists them.
            name_map: name in the checkpoint -> name that the saver looks for, exact or as a compiled regular
                expression; or a function from one to the other.
            scope: only tensors below it count, and their names are taken without it.
            ema: whether variables get their moving averages, if the checkpoint has them.

        Returns:
            The outcome for each variable; None for an empty saver, and for paths with `://`.

        Raises:
            ValueError: there is no checkpoint (SourceNotFoundError), something else (NotALegacyArtifactError), or one
                that is damaged or cut short (FormatError); or the map, the scope or the averages match nothing
                (UsageError).
            tf.errors.NotFoundError: it lacks variables (RestoreError, which lists them).
            tf.errors.InvalidArgumentError: variables have another dtype or shape in it (RestoreError).
            TypeError: `sess` is not a session, or is one of another graph (UsageError).
            RuntimeError: `build` was not called (UsageError).
        """
        if self._is_empty:
            return None
        if save_path is None:
            require_path(save_path, "save_path")
        path, matching = _text(save_path), Matching(strict, name_map, scope, ema)
        if is_remote(path) and matching != Matching():
            raise UsageError(
                f"{path}: strict, name_map, scope and ema need a checkpoint on this machine. Copy it here."
            )
        with self._working_on(sess, "restore"):
            checkpoint = None if is_remote(path) else open_for_restore(path)
            prefix = path if checkpoint is None else checkpoint.prefix
            try:
                if checkpoint is None:
                    self._saver.restore(sess, prefix)
                    return None
                with checkpoint:
                    return self._restored(sess, checkpoint, matching)
            except Exception as error:
                better = restore_failure(error, prefix)
                if better is None:
                    raise
                raise better from error

    def _restored(self, sess: Any, checkpoint: Checkpoint, matching: Matching) -> RestoreReport:
        """Restores in a graph through the saver's own ops, in eager mode through the variables."""
        prefix = checkpoint.prefix
        all_at_once = None if is_pattern(prefix) else partial(self._saver.restore, sess, prefix)

        if self._graph is None:
            variables = {id(item): variable for item, variable in self._eager}

            def put(found: Fit, checkpoint: Checkpoint) -> None:
                assign([(match, variables[id(match.wanted)]) for match in found.matches], checkpoint)

            return restore_variables(checkpoint, matching, [item for item, _ in self._eager], put, all_at_once)
        requests = self._requests(sess.graph)
        wanted = [request.wanted for request in requests]
        return restore_variables(checkpoint, matching, wanted, partial(fill, sess, requests), all_at_once)

    def _requests(self, graph: Any) -> list[Request]:
        """Returns what the saver reads; ops of a graph never change, so this is computed once."""
        if self._known_requests is None or self._known_requests[0] is not graph:
            self._known_requests = graph, requests_of(graph, self.saver_def.restore_op_name)
        return self._known_requests[1]

    @property
    def _is_empty(self) -> bool:
        return self._graph is not None and self._is_built and self.saver_def is None

    @contextlib.contextmanager
    def _working_on(self, sess: Any, method: str) -> Iterator[None]:
        """Makes the session's graph the default one, if the saver works on a graph.

        Raises:
            RuntimeError, TypeError: it cannot work there (UsageError).
        """
        if self._graph is None:
            yield
            return
        if not self._is_built:
            raise with_bases(
                UsageError(f"{method}: the saver was made with defer_build=True; call build() first."),
                RuntimeError,
                AttributeError,
            )
        require_session(sess, method)
        if not self._is_empty:
            require_ops(sess.graph, self.saver_def, self._graph)
        with sess.graph.as_default():
            yield

    @staticmethod
    def _in_graph(graph: Any) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext() if graph is None else graph.as_default()


@functools.cache
def _also_theirs(kind: type) -> Any:
    """Returns a class that is also TensorFlow's; all of the methods that are public are those of the given one.

    It is made for the first saver: at import it would import TensorFlow.
    """
    theirs = tensorflow().compat.v1.train.Saver
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return kind if issubclass(kind, theirs) else type(kind.__name__, (kind, theirs), names)


def _text(path: str | bytes | os.PathLike[str]) -> str:
    found = os.fspath(path)
    return found.decode() if isinstance(found, bytes) else found


def _step(sess: Any, global_step: Any) -> int:
    if isinstance(global_step, numbers.Integral):
        return int(global_step)
    return int(tensorflow().compat.v1.train.global_step(sess, global_step))
