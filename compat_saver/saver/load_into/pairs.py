"""Pairs recurrent layers with the cells of TF1 whose weights they take."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.analysis.values.weights import fits
from compat_saver.errors import RestoreError
from compat_saver.keras_files import LayerConfig
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.cell_graphs import facts_of, gate_activation, graph_of
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
from compat_saver.saver.matching.conversions import ConvertedTensors
from compat_saver.saver.matching.fit import Fit, Tensors
from compat_saver.saver.matching.naming import Matching
from compat_saver.saver.matching.report import RestoreReport

_KINDS = {"LSTM": "LSTM", "GRU": GRU, "SimpleRNN": RNN}
_CELL_NUMBER = re.compile(r"cell_\d+")
_BACKWARD = re.compile(r"(?:^|/)bw(?:/|$)")


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
        """Whether a cell has the same kind of gates and the same sizes; the inputs, if no layer is like it."""
        names = (KERNEL,) if cell.problem else (KERNEL, RECURRENT)
        return self.kind.partition("(")[0] == cell.kind.partition("(")[0] and all(
            fits(cell.weights[name].shape, tuple(self.weights[name].shape)) for name in names
        )


def placed(
    target: Any,
    variables: Sequence[TargetVariable],
    tensors: Tensors,
    matching: Matching,
    source: str | PathLike[str],
) -> Placement:
    """Returns a checkpoint with the weights of recurrent layers converted, each where its layer finds it.

    Args:
        target: the model or layer; no other target has recurrent layers.
        variables: those of the target.
        tensors: the checkpoint.
        matching: what the caller said; a name_map that maps the kernel of a cell chooses the layer of the cell.
        source: the path, which may have a graph too.

    Raises:
        RestoreError: strict, and a cell cannot be converted for the layer that it belongs to, or several fit.
    """
    layers = list(_live(target))
    if not layers:
        return Placement(tensors, list(variables), matching)
    converted = same_place(tensors)
    below = f"{matching.scope.strip('/')}/" if matching.scope else ""
    graph = functools.cache(lambda: graph_of(source))
    cells = [cell for cell in cells_of(tensors, lambda bias: facts_of(graph(), bias)) if cell.scope.startswith(below)]
    if matching.ema:
        cells = [averaged(cell, tensors) for cell in cells]
    own = {id(item.variable): [below + name for name in item.names.values()] for item in variables}
    layers = [live for live in layers if tensors.shapes().keys().isdisjoint(own.get(id(live.weights[RECURRENT]), ()))]
    chosen, problems = _pairs(cells, layers, matching)
    problems += [problem for cell, live in chosen if (problem := _problem(cell, live))]
    if problems and matching.strict:
        raise _refused(tensors.prefix, problems)
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
        tuple(_gates(cell, live) for cell, live in chosen),
        (*problems, *(_note(cell, live) for cell, live in chosen)),
    )


def configs_of_graph(
    target: Any, variables: Sequence[TargetVariable], found: Fit, source: str | PathLike[str]
) -> list[LayerConfig]:
    """Returns what the graph beside a checkpoint says of the layers of Keras that get its weights.

    Args:
        target: the model or layer.
        variables: those of the target, in the order of the fit.
        found: which tensors they get.
        source: the path, which may have a graph too.
    """
    keys = {id(variables[match.wanted.number].variable): match.keys[0] for match in found.matches}
    layers = [live for live in _live(target) if live.kind != RNN and id(live.weights[RECURRENT]) in keys]
    graph = graph_of(source) if layers else None
    if graph is None:
        return []
    known = ((live.layer, gate_activation(graph, keys[id(live.weights[RECURRENT])])) for live in layers)
    said = [(layer, {"recurrent_activation": name}) for layer, name in known if name]
    return [LayerConfig((layer.name,), type(layer).__name__, config) for layer, config in said]


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
    if cell.problem:
        return f"{cell.scope!r} {cell.problem}, as no layer of Keras does. Leave {name!r} out with strict=False."
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


def _gates(cell: Cell, live: _Live) -> LayerConfig:
    config = {} if live.kind == RNN else {"recurrent_activation": "sigmoid"}
    config |= {"activation": cell.activation} if cell.activation else {}
    return LayerConfig((live.layer.name,), type(live.layer).__name__, config)


def _note(cell: Cell, live: _Live) -> str:
    assumed = f"; {cell.note}" if cell.note else ""
    return f"The weights of {cell.scope!r} were converted for {live.layer.name!r}{assumed}."


def _with_name(item: TargetVariable, name: str | None) -> TargetVariable:
    return item if name is None else replace(item, names={**item.names, PAIRED: name})
