"""Pairs layers with weights that have other names: cells of TF1, and layers of a Keras file in their order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.analysis.values.weights import fits
from compat_saver.errors import RestoreError
from compat_saver.keras_files import KerasFile, LayerConfig
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.recurrent import (
    BIAS,
    GRU,
    GRU_RESET_AFTER,
    KERNEL,
    RECURRENT,
    RNN,
    Cell,
    averaged,
    cells_of,
    converted_cells,
    same_place,
)
from compat_saver.saver.load_into.settings import layers_in
from compat_saver.saver.load_into.targets import PAIRED, TargetVariable, is_layer, is_variable, own_name
from compat_saver.saver.matching.conversions import ConvertedTensors, original_of
from compat_saver.saver.matching.fit import Tensors
from compat_saver.saver.matching.naming import Matching
from compat_saver.saver.matching.report import RestoreReport

_KINDS = {"LSTM": "LSTM", "GRU": GRU, "SimpleRNN": RNN}
_CELL_NUMBER = re.compile(r"cell_\d+")
_BACKWARD = re.compile(r"(?:^|/)bw(?:/|$)")
# The names that Keras 3 has for a weight -> those of Keras 1 and 2.
_OLDER_NAMES = {
    KERNEL: ("W", "depthwise_kernel"),
    "embeddings": ("W",),
    RECURRENT: ("U",),
    BIAS: ("b",),
    "moving_mean": ("running_mean",),
    "moving_variance": ("running_std",),
}


@dataclass(frozen=True)
class Placement:
    """A checkpoint whose weights are in the layout of the layers.

    Attributes:
        tensors: the checkpoint, with converted weights in place of those that need it.
        variables: those of the target, with the names of their converted weights.
        matching: what the caller said, without what was decided by it here.
        configs: what is known of the layers: the gates of a TF1 cell are sigmoids.
        notes: what the user should know.
    """

    tensors: Tensors
    variables: list[TargetVariable]
    matching: Matching
    configs: tuple[LayerConfig, ...] = ()
    notes: tuple[str, ...] = ()


# ---- recurrent layers


@dataclass(frozen=True)
class _Live:
    """A recurrent layer of the target.

    Attributes:
        layer: the layer.
        kind: as that of a `Cell`.
        weights: KERNEL, RECURRENT and BIAS -> the variable.
    """

    layer: Any
    kind: str
    weights: Mapping[str, Any]

    def takes(self, cell: Cell) -> bool:
        """Whether a cell has the same kind of gates and the same sizes."""
        names = (KERNEL, RECURRENT)
        return self.kind.partition("(")[0] == cell.kind.partition("(")[0] and all(
            fits(cell.weights[name].shape, tuple(self.weights[name].shape)) for name in names
        )


def placed(
    target: Any, variables: Sequence[TargetVariable], tensors: Tensors, matching: Matching, source: str
) -> Placement:
    """Returns a checkpoint with the weights of recurrent layers converted, each where its layer finds it.

    Args:
        target: the model or layer; no other target has recurrent layers.
        variables: those of the target.
        tensors: the checkpoint.
        matching: what the caller said; a name_map that maps the kernel of a cell chooses the layer of the cell.
        source: the path, for messages.

    Raises:
        RestoreError: strict, and a cell cannot be converted for the layer that it belongs to, or several fit.
    """
    layers = list(_live(target))
    if not layers:
        return Placement(tensors, list(variables), matching)
    converted = same_place(tensors)
    below = f"{matching.scope.strip('/')}/" if matching.scope else ""
    cells = [cell for cell in cells_of(tensors) if cell.scope.startswith(below)]
    if matching.ema:
        cells = [averaged(cell, tensors) for cell in cells]
    chosen, problems = _pairs(cells, layers, matching)
    problems += [problem for cell, live in chosen if (problem := _problem(cell, live))]
    if problems and matching.strict:
        raise _refused(source, problems)
    chosen = [(cell, live) for cell, live in chosen if not _problem(cell, live)]
    converted |= dict(converted_cells([cell for cell, _ in chosen]))
    names = {
        id(variable): cell.key(weight).removeprefix(below)
        for cell, live in chosen
        for weight, variable in live.weights.items()
    }
    view = ConvertedTensors(tensors, converted) if converted else tensors
    has_averages = matching.ema and not (chosen and not any(key.endswith(f"/{AVERAGE}") for key in view))
    return Placement(
        view,
        [_with_name(item, names.get(id(item.variable))) for item in variables],
        replace(matching, name_map=_left_over(matching.name_map, [cell for cell, _ in chosen]), ema=has_averages),
        tuple(_gates(live) for _, live in chosen),
        (*problems, *(_note(cell, live) for cell, live in chosen)),
    )


def _live(target: Any) -> Iterable[_Live]:
    for layer in (target, *layers_in(target)) if is_layer(target) else ():
        kind = _KINDS.get(type(layer).__name__.removesuffix("Cell"))
        weights = {own_name(weight).rpartition("/")[2]: weight for weight in layer.weights}
        if kind is not None and {KERNEL, RECURRENT} <= weights.keys():
            is_after = getattr(layer, "reset_after", getattr(getattr(layer, "cell", None), "reset_after", False))
            yield _Live(layer, GRU_RESET_AFTER if kind == GRU and is_after else kind, weights)


def _pairs(
    cells: Sequence[Cell], layers: Sequence[_Live], matching: Matching
) -> tuple[list[tuple[Cell, _Live]], list[str]]:
    """Returns the pairs that the caller chose or that are the only ones, and a sentence for those that are unclear."""
    found = [(cell, live) for cell in cells for live in layers if _is_mapped(cell, live, matching.name_map)]
    taken = {id(item) for pair in found for item in pair}
    groups: dict[Any, tuple[list[Cell], list[_Live]]] = defaultdict(lambda: ([], []))
    for cell in cells:
        if id(cell) not in taken:
            sizes = (cell.kind.partition("(")[0], cell.weights[KERNEL].shape, cell.weights[RECURRENT].shape)
            groups[sizes, bool(_BACKWARD.search(cell.scope))][0].append(cell)
    problems = []
    for (_, is_backward), (alike, fitting) in groups.items():
        fitting += [
            live
            for live in layers
            if id(live) not in taken
            and live.takes(alike[0])
            and is_backward == bool(getattr(live.layer, "go_backwards", False))
        ]
        if len(alike) == len(fitting) and _is_ordered(alike):
            found += zip(alike, fitting, strict=True)
        elif fitting:
            problems.append(_unclear(alike, fitting))
    return found, problems


def _is_ordered(cells: Sequence[Cell]) -> bool:
    """Whether cells are one, or differ in their number within a MultiRNNCell only."""
    return len({_CELL_NUMBER.sub("cell", cell.scope) for cell in cells}) == 1


def _is_mapped(cell: Cell, live: _Live, name_map: Any) -> bool:
    if not isinstance(name_map, Mapping):
        return False
    aims = [name_map[key] for key in _sources(cell) if key in name_map]
    own = {own_name(weight) for weight in live.weights.values()}
    return any(
        any(aim is weight for weight in live.weights.values())
        if is_variable(aim)
        else isinstance(aim, str) and any(name == aim or name.endswith(f"/{aim}") for name in own)
        for aim in aims
    )


def _sources(cell: Cell) -> list[str]:
    return [key for item in cell.weights.values() for key in item.sources]


def _left_over(name_map: Any, cells: Sequence[Cell]) -> Any:
    if not isinstance(name_map, Mapping):
        return name_map
    decided = {key for cell in cells for key in _sources(cell)}
    return {old: new for old, new in name_map.items() if old not in decided} or None


def _problem(cell: Cell, live: _Live) -> str:
    """Returns why a layer computes something else than the cell; "" if it does not."""
    name = live.layer.name
    if live.kind != cell.kind:
        after = cell.kind == GRU_RESET_AFTER
        when = "after" if after else "before"
        return f"{cell.scope!r} applies its reset gate {when} the product. Make {name!r} with reset_after={after}."
    if BIAS not in live.weights:
        return f"{cell.scope!r} has a bias. Make {name!r} with use_bias=True."
    return ""


def _unclear(cells: Sequence[Cell], layers: Sequence[_Live]) -> str:
    scopes, names = ", ".join(repr(cell.scope) for cell in cells), ", ".join(repr(live.layer.name) for live in layers)
    key, kernel = _sources(cells[0])[0], own_name(layers[0].weights[KERNEL])
    return (
        f"The weights of {scopes} may belong to {names}. Choose with name_map, which needs the kernel of each: "
        f"name_map={{{key!r}: {kernel!r}}}."
    )


def _refused(source: str, problems: Sequence[str]) -> RestoreError:
    lines = [
        f"{source} does not fit: it holds cells of TensorFlow 1 that cannot be loaded. Nothing was restored.",
        *(f"  - {problem}" for problem in problems),
    ]
    return as_tf_error(
        RestoreError("\n".join(lines), RestoreReport(source, notes=tuple(problems))), "InvalidArgumentError"
    )


def _gates(live: _Live) -> LayerConfig:
    config = {} if live.kind == RNN else {"recurrent_activation": "sigmoid"}
    return LayerConfig((live.layer.name,), type(live.layer).__name__, config)


def _note(cell: Cell, live: _Live) -> str:
    assumed = f"; {cell.note}" if cell.note else ""
    return f"The weights of {cell.scope!r} were converted for {live.layer.name!r}{assumed}."


def _with_name(item: TargetVariable, name: str | None) -> TargetVariable:
    return item if name is None else replace(item, names={**item.names, PAIRED: name})


# ---- the order of the layers in a Keras file


def in_layer_order(
    target: Any, variables: Sequence[TargetVariable], tensors: Tensors
) -> tuple[list[TargetVariable], str] | None:
    """Returns the variables with the names that they have by the order of layers, and a note; None if it does not fit.

    It is the order by which Keras itself loads HDF5 files. As a check, every weight must have the shape and the kind of
    name ("kernel") of the one that it gets.

    Args:
        target: a model.
        variables: its variables.
        tensors: the checkpoint.
    """
    file = original_of(tensors)
    if not isinstance(file, KerasFile) or not hasattr(target, "layers"):
        return None
    here = [layer for layer in target.layers if layer.weights]
    there = [layer for layer in file.layers if layer.weights]
    if len(here) != len(there):
        return None
    names: dict[int, str] = {}
    for layer, stored in zip(here, there, strict=True):
        keys = _replaced([weight.name for weight in stored.weights], tensors)
        weights = next((row for row in _orders(layer) if _is_alike(row, keys, tensors)), None)
        if weights is None:
            return None
        names |= {id(weight): key for weight, key in zip(weights, keys, strict=True)}
    if not {id(item.variable) for item in variables} <= names.keys():
        return None
    pairs = ", ".join(f"{stored.name!r} into {layer.name!r}" for layer, stored in zip(here, there, strict=True))
    note = f"Names differ; layers were matched in their order, as Keras does: {pairs}."
    return [replace(item, names={PAIRED: names[id(item.variable)]}, places=()) for item in variables], note


def _orders(layer: Any) -> list[list[Any]]:
    """Returns the orders in which Keras lists the weights of a layer; those of a model depend on what is trained."""
    own = list(layer.weights)
    kept = {id(weight) for weight in own}
    by_training = [weight for weight in layer.trainable_weights if id(weight) in kept]
    by_training += [weight for weight in layer.non_trainable_weights if id(weight) in kept]
    return [by_training, own]


def _replaced(keys: Sequence[str], tensors: Tensors) -> list[str]:
    """Returns the keys of weights, with those of converted tensors in place of their sources."""
    converted = tensors.converted if isinstance(tensors, ConvertedTensors) else {}
    by_source: dict[str, list[str]] = defaultdict(list)
    for key, item in converted.items():
        for source in item.sources:
            by_source[source].append(key)
    found = dict.fromkeys(new for key in keys for new in by_source.get(key, [key]))
    order = (KERNEL, RECURRENT, BIAS)
    is_cell = [key in converted and key.rpartition("/")[2] in order for key in found]
    return (
        sorted(found, key=lambda key: order.index(key.rpartition("/")[2]))
        if all(is_cell) and len(found) == 3
        else list(found)
    )


def _is_alike(weights: Sequence[Any], keys: Sequence[str], tensors: Tensors) -> bool:
    shapes = tensors.shapes()
    return len(weights) == len(keys) and all(
        fits(shapes[key], tuple(weight.shape)) and _is_same_kind(own_name(weight), key)
        for weight, key in zip(weights, keys, strict=True)
    )


def _is_same_kind(here: str, stored: str) -> bool:
    kind, other = here.rpartition("/")[2], stored.rpartition("/")[2]
    return other == kind or any(other == old or other.endswith(f"_{old}") for old in _OLDER_NAMES.get(kind, ()))
