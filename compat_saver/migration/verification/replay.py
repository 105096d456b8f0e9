"""Runs the original graph in a `tf.compat.v1.Session`: the reference for every migration.

No rewrite of this package takes part where today's TensorFlow can still run the graph: TensorFlow imports what was
read, and its own kernels restore the variables from the checkpoint.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import ArtifactError, CannotMigrateError, CompatSaverError, TimeLimitError
from compat_saver.graph import without_collection
from compat_saver.legacy_session import import_graph, run_ops, table_file_feeds
from compat_saver.migration.plan import Plan
from compat_saver.migration.verification.large_constants import feed_large_constants
from compat_saver.migration.verification.restoring import Restoring, add_restoring
from compat_saver.migration.verification.time_limit import time_limit_error, within
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.as_read import Original, cut, whole
from compat_saver.model.signature import Signature
from compat_saver.passes.inference.edits import ReadVariable

_Result = TypeVar("_Result")

_WHAT = "The original graph"


class ReplayError(CompatSaverError):
    """The original graph does not run on some inputs."""


class _Imported(NamedTuple):
    """What was imported, TensorFlow's graph of it, how it is given its values, and what is fed with every run."""

    original: Original
    graph: Any
    restoring: Restoring
    fed: dict[str, np.ndarray]


class Replay:
    """A session on the original graph, its variables restored; a context manager.

    Args:
        model: the graph as its release wrote it, and its checkpoint.
        plan: the signatures to run, the variables to restore, the constants to feed with every run, the tables to fill.
        timeout: seconds that one run may take.

    Attributes:
        notes: how the graph differs from the one that was read.
    """

    def __init__(self, model: LegacyModel, plan: Plan, timeout: float) -> None:
        self._tf = _tensorflow.tensorflow()
        self._timeout, self._is_busy = timeout, False
        self._source, self._content, self._init_op = model.path, plan.content, plan.init_op
        self._history: list[tuple[Signature, Mapping[str, np.ndarray]]] = []
        variables = [weight.name for weight in plan.weights if weight.name not in plan.made]
        kept = [*variables, *plan.content.initializers, *filter(None, [plan.init_op])]
        self._original, self._graph, self._restoring, self._fed = self._import(model, plan, kept)
        ran = f"The original's init op, {plan.init_op!r}, was run, as TensorFlow's loader runs it."
        self.notes = (*self._original.notes, *([ran] if plan.init_op else []))
        self._session = _tensorflow.unoptimized_session(self._graph)
        self._start()

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_busy:  # a run that was left behind cannot be stopped, and closing would wait for it
            self._session.close()
        self._fed.clear()  # which may hold large constants

    def _start(self) -> None:
        self._restore_values()
        self._fed |= {name: self._value_of(item) for name, item in self._original.statistics.items()}
        self._fill()
        self._load()

    def _value_of(self, item: ReadVariable) -> np.ndarray:
        """Returns the value that TensorFlow restored for a variable, in the shape of its readers."""
        tensor = self._graph.get_tensor_by_name(f"{item.name}:0")
        with self._graph.as_default():
            is_handle = tensor.dtype == self._tf.resource
            read = self._tf.raw_ops.ReadVariableOp(resource=tensor, dtype=item.dtype) if is_handle else tensor
            value = np.asarray(self._session.run(read))
        return value if item.shape is None else value.reshape(item.shape)

    def _restore_values(self) -> None:
        try:
            run_ops(self._session, [self._restoring.op], self._restoring.given)
        except _tensorflow.tf_errors() as error:
            raise ArtifactError(
                f"{self._source}: TensorFlow does not restore the checkpoint, which was read before without an error; "
                f"it was changed meanwhile, or is damaged: {_tensorflow.first_line(error)}"
            ) from error

    def restore(self) -> None:
        """Gives variables and tables the values that they had after the last run that did not fail."""
        self._restore_values()
        self._load()
        for signature, feeds in self._history:
            self._outputs(signature, feeds)

    def restart(self) -> None:
        """Starts again in a new session: variables, tables and draws with seeds are as before the first run."""
        self._history.clear()
        self._session.close()
        self._session = _tensorflow.unoptimized_session(self._graph)
        self._start()

    def values(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Returns the values that variables have now, by name."""
        graph = self._original.graph
        return {name: self._value_of(ReadVariable(name, graph[name].attr.type("dtype"))) for name in names}

    def _run_ops(self, names: Sequence[str]) -> None:
        feeds = {**self._fed, **self._paths}
        self._within(lambda: run_ops(self._session, names, feeds))

    def _within(self, run: Callable[[], _Result]) -> _Result:
        try:
            return within(self._timeout, _WHAT, run)
        except (TimeLimitError, KeyboardInterrupt):
            self._is_busy = True
            raise

    @property
    def _paths(self) -> dict[str, str]:
        """The tensors with the paths of tables' files -> where the files are here."""
        return table_file_feeds(self._original.graph, self._content.paths)

    def _fill(self) -> None:
        """Runs the initializers of the tables."""
        try:
            self._run_ops(self._content.initializers)
        except _tensorflow.tf_errors() as error:
            raise CannotMigrateError(
                [f"The lookup tables cannot be filled: {_tensorflow.first_line(error)}"]
            ) from error

    def _load(self) -> None:
        """Runs what TensorFlow's loader runs when the variables are restored, if it may change what is compared."""
        if not self._init_op:
            return
        try:
            self._run_ops([self._init_op])
        except _tensorflow.tf_errors() as error:
            reason = f"The init op of the SavedModel, {self._init_op!r}, does not run: {_tensorflow.first_line(error)}"
            raise CannotMigrateError([f"{reason}. What TensorFlow would load cannot be known."]) from error

    def run(self, signature: Signature, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns output key -> array.

        Raises:
            ReplayError: the graph does not run on these inputs.
            TimeLimitError: it runs for too long.
        """
        try:
            found = self._outputs(signature, feeds)
        except self._tf.errors.DeadlineExceededError:
            raise time_limit_error(self._timeout, _WHAT) from None
        except _tensorflow.tf_errors() as error:
            raise ReplayError(_tensorflow.first_line(error)) from error
        self._history.append((signature, feeds))
        return {key: np.asarray(value) for key, value in found.items()}

    def _outputs(self, signature: Signature, feeds: Mapping[str, np.ndarray]) -> Mapping[str, Any]:
        named = ((signature.inputs[key].name, array) for key, array in feeds.items())
        fed = {self._original.feeds[name]: array for name, array in named if name in self._original.feeds}
        fetches = {key: self._original.fetches[tensor.name] for key, tensor in signature.outputs.items()}
        options = self._tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(self._timeout * 1000)))

        def run() -> Mapping[str, Any]:
            found: Mapping[str, Any] = self._session.run(fetches, {**self._fed, **fed}, options=options)
            return found

        return self._within(run)

    def _import(self, model: LegacyModel, plan: Plan, kept: Sequence[str]) -> _Imported:
        original = whole(model, plan.signatures, plan.bound, plan.behavior, kept)
        if original is not None:
            with contextlib.suppress(*_tensorflow.tf_errors()):
                return self._import_with_restoring(model, plan, original)
        original = cut(model, plan.signatures, plan.bound, plan.behavior, kept)
        try:
            return self._import_with_restoring(model, plan, original)
        except _tensorflow.tf_errors() as error:
            reason = "The original graph cannot be executed, so the migration cannot be verified"
            raise CannotMigrateError([f"{reason}: {_tensorflow.first_line(error)}"]) from error

    @staticmethod
    def _import_with_restoring(model: LegacyModel, plan: Plan, original: Original) -> _Imported:
        with without_collection():
            restoring = add_restoring(original, model, plan)
            fed = {**feed_large_constants(original.graph), **original.fed}
            return _Imported(original, import_graph(original.graph, model.meta.stripped_ops), restoring, fed)
