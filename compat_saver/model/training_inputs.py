"""Training-mode inputs, and the constants that inputs are fixed to: by `--bind`, or because the model serves.

`keep_prob`, `is_training` and the like select training or inference. They are fixed to their inference value, unless
the user or a signature of the file says otherwise.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value, static_shape
from compat_saver.analysis.serving.modes import Mode, find_modes
from compat_saver.analysis.walk import needed_from
from compat_saver.errors import NameNotFoundError, UsageError
from compat_saver.graph import Graph, OpCatalog, Value
from compat_saver.graph.attributes import Shape
from compat_saver.graph.op_sets import FEEDABLE_OPS
from compat_saver.graph.text import format_shape
from compat_saver.model.file_signatures import listed_tensors
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import ServingRequest, Signature, Tensor, full_name


def modes_to_bind(model: LegacyModel, request: ServingRequest) -> tuple[Mode, ...]:
    """Returns the training-mode inputs that neither `--bind` nor `--inputs` nor a signature of the file decides on.

    In a training step all of them have their training value; those of which it is not known are no longer modes.
    """
    if model.trains:
        found = ((mode, _training_value(model, mode)) for mode in all_modes(model))
        return tuple(replace(mode, value=value) for mode, value in found if value is not None)
    asked = request.tensors
    if not request.signatures:
        asked += [
            item.name for message in model.signatures.values() for item in listed_tensors(message.inputs).values()
        ]
    return all_modes(model, {full_name(name) for name in (*asked, *request.bind)})


def all_modes(model: LegacyModel, taken: Collection[str] = ()) -> tuple[Mode, ...]:
    """Returns the training-mode inputs but for those that are decided on, with their inference value."""
    return tuple(find_modes(model.as_read, model.catalog, model.trainable, taken))


def _training_value(model: LegacyModel, mode: Mode) -> np.ndarray | None:
    """Returns what a mode is in training, None if that is not known.

    A truth value is the opposite of what it is in inference; a probability is known by a default that drops.
    """
    if mode.is_default:
        return None
    if mode.value.dtype.kind == "b":
        return np.array(not mode.value)
    node = model.as_read.value(mode.tensor).node
    default = constant_value(node.inputs[0]) if node.op == "PlaceholderWithDefault" else None
    return None if default is None or (default == mode.value).all() else default


def needed_modes(model: LegacyModel, signatures: Sequence[Signature], modes: Sequence[Mode]) -> tuple[Mode, ...]:
    """Returns the training-mode inputs that the signatures depend on in the graph as it was read.

    In a folded graph nothing depends on them any more.
    """
    if not modes:
        return ()
    graph = model.as_read
    needed = {
        node for item in signatures for node in needed_from(_values(graph, item.outputs), _values(graph, item.inputs))
    }
    return tuple(mode for mode in modes if graph.value(mode.tensor).node in needed)


def _values(graph: Graph, tensors: Mapping[str, Tensor]) -> set[Value]:
    return {graph.value(tensor.name) for tensor in tensors.values()}


# ---- constants

_BINDABLE = (*FEEDABLE_OPS, "Const")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def bound_values(graph: Graph, catalog: OpCatalog, requests: Mapping[str, object]) -> dict[str, np.ndarray]:
    """Returns full tensor name -> array, for values given as Python objects, arrays, or text from a command line.

    Text may be a number, a truth value, any text for a string tensor, or a list in brackets: `[0.5, 1]`. A single
    value fills a tensor of known shape. A name may be a pattern with `*`, `?` and `[...]`; it means every placeholder
    and constant whose name, with or without `:0`, it matches.

    Raises:
        NameNotFoundError: no such tensor, or none that a pattern matches.
        UsageError: the value does not fit the tensor's dtype or shape.
    """
    bound = {}
    for name, given in requests.items():
        for value in _meant(graph, name):
            bound[value.name] = _shaped(value, _as_array(value, catalog, given), static_shape(graph, value))
    return bound


def _meant(graph: Graph, name: str) -> list[Value]:
    """Returns the tensors that a name or a pattern means."""
    if not any(sign in name for sign in "*?["):
        return [graph.value(full_name(name))]
    pattern = re.compile(fnmatch.translate(name.strip().removesuffix(":0")))
    found = [node.output() for node in graph if node.op in _BINDABLE and pattern.match(node.name)]
    if not found:
        raise NameNotFoundError(f"No placeholder and no constant of the graph matches the pattern {name!r}.")
    return found


def _shaped(value: Value, array: np.ndarray, shape: Shape) -> np.ndarray:
    """Returns the array, a single value repeated to a shape that is fully known."""
    if shape is None:
        return array
    if array.shape == () and None not in shape:
        return np.full([size or 0 for size in shape], array)
    fits = len(array.shape) == len(shape) and all(w in (None, f) for f, w in zip(array.shape, shape, strict=True))
    if not fits:
        raise UsageError(
            f"{value.name!r} has shape {format_shape(shape)}; a value of shape {list(array.shape)} does not fit."
        )
    return array


def _as_array(value: Value, catalog: OpCatalog, given: object) -> np.ndarray:
    row = dtypes.by_number(catalog.type_of(value))
    try:
        if isinstance(given, str) and given.lstrip().startswith("[") and row.name != "string":
            given = json.loads(given)
        if row.name == "bool" and isinstance(given, str):
            return np.array(_TRUTH[given.strip().lower()])
        if row.name == "string":
            text = given.encode() if isinstance(given, str) else given
            return np.array(text, dtype=object)
        if isinstance(given, str):
            given = int(given) if row.is_integer else complex(given) if row.is_complex else float(given)
        return np.asarray(given).astype(row.numpy, casting="same_kind" if row.is_integer else "unsafe")
    except (KeyError, ValueError, TypeError, OverflowError):
        raise UsageError(f"{given!r} is no value for {value.name!r}, which is {row.name}.") from None
