"""Runs a session on a legacy graph by key or name, with errors that say what to feed.

A bare name is first the key of an input or output, then a node of the graph; `name:0` is always a tensor of the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from compat_saver import _tensorflow, dtypes
from compat_saver.errors import NameNotFoundError, UsageError, nearest_names
from compat_saver.graph.attributes import Shape
from compat_saver.graph.op_sets import PLACEHOLDER_OPS, PYTHON_OPS
from compat_saver.graph.text import format_shape
from compat_saver.model.runnable.whole_graph import Importable
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.matching.report import described
from compat_saver.saver.restore.endpoints import Endpoints
from compat_saver.saver.restore.graph_import import FOREIGN
from compat_saver.saver.restore.report import ModelReport

_UNFED = "You must feed a value for placeholder tensor"
_NO_VALUE = "uninitialized value"
_NO_TABLE = "Table not initialized"
_NO_FUNCTION = FOREIGN.decode()


class Runner:
    """Runs fetches of a session.

    Args:
        session: the tf.compat.v1.Session.
        imported: the imported graph, and what was changed in it.
        endpoints: its inputs, outputs and training-mode inputs.
        report: the outcome for its variables.
    """

    def __init__(self, session: Any, imported: Importable, endpoints: Endpoints, report: ModelReport) -> None:
        self._session, self._graph = session, session.graph
        self._imported, self._endpoints, self._report = imported, endpoints, report

    def run(self, fetches: Any, feeds: Mapping[Any, Any] | None = None) -> Any:
        """Returns the values of some fetches, in their structure.

        Args:
            fetches: a name, a tensor or an op, or lists and dicts of them.
            feeds: name or tensor -> value.

        Raises:
            NameNotFoundError: a name that is not in the graph.
            UsageError: a value that its tensor does not accept, or none for a placeholder.
            tf.errors.OpError: the graph does not run on these inputs.
        """
        tf = _tensorflow.tensorflow()
        if feeds is not None and not isinstance(feeds, Mapping):
            raise UsageError(f"feeds: expected a mapping from names or tensors to values, found {_kind(feeds)}.")
        wanted = tf.nest.map_structure(self._fetched, fetches)
        fed = {}
        for name, value in (feeds or {}).items():
            tensor = self._fed(name)
            if tensor in fed:
                raise UsageError(f"feeds: {tensor.name!r} is given two values; one of them as {name!r}.")
            fed[tensor] = checked(tensor, value)
        try:
            return self._session.run(wanted, fed)
        except tf.errors.OpError as error:
            better = self._better(error, tf.nest.flatten(wanted), fed)
            if better is None:
                raise
            raise better from error

    # ---- names

    def _fetched(self, item: Any) -> Any:
        return self._element(item, "outputs", "inputs") if isinstance(item, str) else item

    def _fed(self, item: Any) -> Any:
        found = self._element(item, "inputs", "outputs") if isinstance(item, str) else item
        if isinstance(found, self._tf.Operation):
            raise UsageError(f"{item!r} is an op without outputs ({found.type}) and takes no value.")
        return found

    @property
    def _tf(self) -> Any:
        return _tensorflow.tensorflow()

    def _element(self, name: str, *kinds: str) -> Any:
        """Returns the tensor of a key or name, or the op if it has no outputs."""
        name = name.strip()
        node, colon, port = name.lstrip("^").partition(":")
        if not colon and (found := self._endpoints.find(name, kinds)) is not None:
            return self._graph.get_tensor_by_name(found.tensor)
        try:
            op = self._graph.get_operation_by_name(node)
        except (KeyError, ValueError):
            self._raise_unknown(name, kinds)
        if not colon:
            return op.outputs[0] if op.outputs else op
        if not port.isdecimal() or int(port) >= len(op.outputs):
            raise NameNotFoundError(
                f"The graph has no tensor {name!r}: {op.type} {op.name!r} has {len(op.outputs)} outputs."
            )
        return op.outputs[int(port)]

    def _raise_unknown(self, name: str, kinds: Iterable[str]) -> NoReturn:
        self._imported.require(name)
        keys = (key for kind in kinds for key in self._endpoints.of(kind))
        names = dict.fromkeys((*keys, *(op.name for op in self._graph.get_operations())))
        hint = nearest_names(name.partition(":")[0], names)
        raise NameNotFoundError(f"Neither the graph nor a signature has the name {name!r}{hint or '.'}")

    # ---- errors

    def _better(self, error: Any, wanted: list[Any], fed: Mapping[Any, Any]) -> UsageError | None:
        """Returns an error of the same TensorFlow class that says what to do; None if there is nothing to add."""
        text = error.message or ""
        if _UNFED in text:
            lines = list(self._unfed(wanted, fed))
            head = "The fetches depend on placeholders that were not fed:"
            return as_tf_error(UsageError("\n".join([head, *lines])), error) if lines else None
        if _NO_TABLE in text:
            table = error.op.inputs[0].op.name if error.op is not None and error.op.inputs else ""
            notes = [note for note in self._report.notes if f"lookup table {table!r}" in note]
            return as_tf_error(UsageError("\n".join([_tensorflow.first_line(error), *notes])), error) if notes else None
        if _NO_FUNCTION in text:
            return as_tf_error(UsageError("\n".join(self._about_functions(wanted, fed))), error)
        if _NO_VALUE in text:
            rows = [f"  - {item.name!r}: {item.reason}" for item in self._report.uninitialized if item.name in text]
            head = "The fetches depend on variables without a value, which the checkpoint does not hold:"
            return as_tf_error(UsageError("\n".join([head, *rows])), error) if rows else None
        return None

    def _about_functions(self, wanted: list[Any], fed: Mapping[Any, Any]) -> Iterator[str]:
        yield "The fetches depend on a Python function of the program that wrote the graph, which no file holds."
        for op in _needed(wanted, {tensor.name for tensor in fed}):
            if op.type in PYTHON_OPS and op.outputs:
                yield f"  - feed its output instead: {', '.join(repr(value.name) for value in op.outputs)}"

    def _unfed(self, wanted: list[Any], fed: Mapping[Any, Any]) -> Iterator[str]:
        names = {getattr(tensor, "name", None) for tensor in fed}
        modes = self._endpoints.training_inputs
        for tensor in _placeholders(wanted, names):
            mode = modes.get(tensor.name)
            why = "" if mode is None else f"; for inference it is {mode.value.tolist()}: {mode.why}"
            yield f"  - {tensor.name!r} ({_described(tensor)}){why}"


def _placeholders(wanted: list[Any], fed: set[Any]) -> list[Any]:
    """Returns the placeholders that some fetches depend on and that are not fed, by name."""
    found = [op.outputs[0] for op in _needed(wanted, fed) if op.type in PLACEHOLDER_OPS]
    return [tensor for tensor in found if tensor.name not in fed]


def _needed(wanted: list[Any], fed: set[Any]) -> list[Any]:
    """Returns the ops that some fetches depend on, up to what is fed, by name."""
    pending = [getattr(item, "op", item) for item in wanted if getattr(item, "name", None) not in fed]
    seen = {op.name: op for op in pending}
    while pending:
        op = pending.pop()
        before = [value.op for value in op.inputs if value.name not in fed]
        for other in (*before, *op.control_inputs):
            if other.name not in seen:
                seen[other.name] = other
                pending.append(other)
    return [op for _, op in sorted(seen.items())]


# ---- values


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _shape(tensor: Any) -> Shape:
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


def _described(tensor: Any) -> str:
    return described(tensor.dtype.base_dtype.name, _shape(tensor))


def checked(tensor: Any, value: Any) -> Any:
    """Returns a value in the type that its tensor accepts.

    Raises:
        UsageError: it has another shape, or a type that would lose something.
    """
    tf = _tensorflow.tensorflow()
    if isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
        value = value.numpy()
    number = tensor.dtype.base_dtype.as_datatype_enum if isinstance(tensor, tf.Tensor | tf.TensorSpec) else 0
    row = dtypes.by_number(number) if number else None
    if row is None or not row.numpy_name or row.name.startswith("q"):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise UsageError(f"{tensor.name!r}: expected {_described(tensor)}, found rows of different lengths.") from None
    found = f"{array.dtype.name} {format_shape(array.shape)}"
    if not _is_accepted(array, row):
        raise UsageError(f"{tensor.name!r}: expected {_described(tensor)}, found {found}.")
    if not tensor.shape.is_compatible_with(array.shape):
        raise UsageError(f"{tensor.name!r}: expected {_described(tensor)}, found {found}.")
    return array if row.name == "string" else array.astype(row.numpy)


def _is_accepted(array: np.ndarray, row: dtypes.DType) -> bool:
    """Whether an array converts to a type without losing more than precision."""
    if row.name == "string" or array.dtype.kind in "OSU":
        return row.name == "string" and array.dtype.kind in "OSU"
    if array.size == 0 or array.dtype == row.numpy:
        return True
    if row.is_floating or row.is_complex:
        return array.dtype.kind != "c" or row.is_complex
    if array.dtype.kind not in "biuf":
        return False
    with np.errstate(invalid="ignore"):
        return bool((array.astype(row.numpy).astype(array.dtype) == array).all())
