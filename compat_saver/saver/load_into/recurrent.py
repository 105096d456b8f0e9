"""The weights of recurrent layers in other layouts, converted to that of Keras: kernel, recurrent_kernel and bias.

layout         weights                                                             gates
Keras LSTM     kernel [n, 4u], recurrent_kernel [u, 4u], bias [4u]                 i f c o
Keras GRU      the same with 3u; with reset_after bias [2, 3u]                     z r h
CuDNNLSTM      each gate of the kernels transposed, bias [8u]: of inputs, states   i f c o
CuDNNGRU       the same with bias [6u]; a Keras GRU with reset_after               z r h
Keras 1        a weight per gate: LAYER_W_i, LAYER_U_i, LAYER_b_i, ...; LAYER_W_i_1 where TensorFlow had that name
BasicLSTMCell  kernel [n + u, 4u], bias [4u]; forget_bias is added when it runs    i c f o
               (LSTMCell, LSTMBlockCell and LSTMBlockFusedCell too; see `cell_graphs` for what the graph knows)
GRUCell        gates/kernel [n + u, 2u], candidate/kernel [n + u, u]               r z, h
BasicRNNCell   kernel [n + u, u], bias [u]

TF1 cells are `weights` and `biases` in TensorFlow 1.0 and 1.1. Canonical weights of cuDNN are those of
CudnnCompatibleLSTMCell, whose forget_bias is 0, and of CudnnCompatibleGRUCell, whose candidate has two projections.
Source: tensorflow/python/ops/rnn_cell_impl.py, tensorflow/contrib/cudnn_rnn/python/ops/cudnn_rnn_ops.py of 1.15; for
CuDNNLSTM and CuDNNGRU see `keras_files.cudnn`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.bundle.object_graph import VALUE_KEY
from compat_saver.keras_files.cudnn import GRU_GATES, LSTM_GATES, plain_bias, plain_kernel, plain_recurrent_kernel
from compat_saver.keras_files.gates import gate_order
from compat_saver.saver.load_into.cell_graphs import CellFacts
from compat_saver.saver.matching.conversions import Converted
from compat_saver.saver.matching.fit import Tensors

KERNEL, RECURRENT, BIAS = "kernel", "recurrent_kernel", "bias"
LSTM, GRU, GRU_RESET_AFTER, RNN = "LSTM", "GRU", "GRU(reset_after=True)", "SimpleRNN"
_OLD_NAMES = {"weights": KERNEL, "biases": BIAS}
_CELLS = re.compile(r"(?:.*/)?(\w*lstm\w*_cell|\w*gru\w*_cell|basic_rnn_cell|rnn_cell)(?:_\d+)?")
_KERAS_1 = re.compile(r"(.+)_([WUb])_([ifcozrh])((?:_\d+)?)")
_PEEPHOLES = ("w_f_diag", "w_i_diag", "w_o_diag")
Facts = Callable[[str], CellFacts]
"""Name of the bias of a cell -> what the graph says of the cell."""


@dataclass(frozen=True)
class Cell:
    """The weights of one recurrent layer, in the layout of Keras.

    Attributes:
        scope: what the names of its tensors start with.
        kind: of the layer: LSTM, GRU, GRU_RESET_AFTER or RNN.
        weights: KERNEL, RECURRENT and BIAS -> the computed tensor.
        note: what was assumed; "" for nothing.
        problem: why no layer of Keras computes the same; "" if one does.
        activation: that of the new state, where the graph says it.
    """

    scope: str
    kind: str
    weights: Mapping[str, Converted]
    note: str = ""
    problem: str = ""
    activation: str = ""

    def key(self, weight: str) -> str:
        """Returns the key of a weight among converted tensors."""
        return f"{self.scope}: {weight}"


def _grouped(tensors: Tensors) -> dict[str, dict[str, str]]:
    """Returns scope -> name in it -> key."""
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for key in tensors:
        scope, _, name = key.removesuffix(VALUE_KEY).rpartition("/")
        groups[scope][name] = key
    return groups


# ---- CuDNNLSTM, CuDNNGRU and Keras 1: the same names in the same place


def same_place(tensors: Tensors) -> dict[str, Converted]:
    """Returns key -> tensor for the weights of layers whose names stay: cuDNN layers of Keras, and those of Keras 1."""
    shapes = tensors.shapes()
    found: dict[str, Converted] = {}
    for names in _grouped(tensors).values():
        found |= _of_cudnn(names, shapes) | _of_keras_1(names, shapes)
    return found


def _of_cudnn(names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Converted]:
    if not {KERNEL, RECURRENT, BIAS} <= names.keys():
        return {}
    kernel, recurrent, bias = (shapes[names[name]] for name in (KERNEL, RECURRENT, BIAS))
    if len(recurrent) != 2 or len(kernel) != 2 or len(bias) != 1:
        return {}
    units, gates = recurrent[0], recurrent[1] // max(recurrent[0], 1)
    if gates not in (GRU_GATES, LSTM_GATES) or bias != (2 * gates * units,):
        return {}
    plain: tuple[int, ...] = (4 * units,) if gates == LSTM_GATES else (2, 3 * units)
    shaped = ((KERNEL, kernel, plain_kernel), (RECURRENT, recurrent, plain_recurrent_kernel), (BIAS, plain, plain_bias))
    return {names[name]: _one(names[name], shape, partial(convert, gates=gates)) for name, shape, convert in shaped}


def _one(key: str, shape: tuple[int, ...], compute: Callable[[Any], Any]) -> Converted:
    return Converted((key,), shape, lambda values: compute(values[0]))


def _of_keras_1(names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Converted]:
    numbered: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name, key in names.items():
        match = _KERAS_1.fullmatch(name)
        if match is not None:
            numbered[match[1]][match[4]][match[2] + match[3]] = key
    layers = [
        (layer if len(numbers) == 1 else f"{layer}{number}", weights)
        for layer, numbers in numbered.items()
        for number, weights in numbers.items()
    ]
    found: dict[str, Converted] = {}
    for layer, weights in layers:
        gates = gate_order([name[1:] for name in weights if name[0] == "W"])
        for letter, new in (("W", KERNEL), ("U", RECURRENT), ("b", BIAS)):
            keys = tuple(weights.get(letter + gate, "") for gate in gates)
            if all(keys) and len({shapes[key] for key in keys}) == 1:
                shape = (*shapes[keys[0]][:-1], len(gates) * shapes[keys[0]][-1])
                found[f"{layer}/{new}"] = Converted(keys, shape, lambda values: np.concatenate(values, -1))
    return found


# ---- cells of TF1: joint kernels


def cells_of(tensors: Tensors, facts: Facts) -> list[Cell]:
    """Returns the TF1 cells of a checkpoint, in the order of their names."""
    groups, shapes = _grouped(tensors), tensors.shapes()
    found = []
    scopes = {re.sub("/(gates|candidate(/.*)?)$", "", scope) for scope in groups}
    for scope in sorted(scopes, key=_natural):
        match = _CELLS.fullmatch(scope)
        if match is None:
            continue
        names = {_OLD_NAMES.get(name, name): key for name, key in groups.get(scope, {}).items()}
        for part in ("gates", "candidate", "candidate/input_projection", "candidate/hidden_projection"):
            inner = groups.get(f"{scope}/{part}", {})
            names |= {f"{part}/{_OLD_NAMES.get(name, name)}": key for name, key in inner.items()}
        projection = groups.get(f"{scope}/projection", {}).get(KERNEL)
        cell = _cell(scope, match[1], names, shapes, facts)
        if cell is not None and projection is not None:
            cell = _projected(cell, shapes[projection][1])
        found += [cell] if cell is not None else []
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _cell(
    scope: str, kind: str, names: dict[str, str], shapes: Mapping[str, tuple[int, ...]], facts: Facts
) -> Cell | None:
    """Cases: LSTM cells; GRU cells; those compatible with cuDNN; simple cells. None for any other variables."""
    peepholes = names.keys() & set(_PEEPHOLES) if "lstm" in kind else set()
    if "lstm" in kind and names.keys() - peepholes == {KERNEL, BIAS}:
        cell = _lstm(scope, kind, names, shapes, facts(names[BIAS]))
        return replace(cell, problem="has peepholes (use_peepholes)") if cell is not None and peepholes else cell
    if "gru" in kind and names.keys() == {
        f"{part}/{name}" for part in ("gates", "candidate") for name in (KERNEL, BIAS)
    }:
        return _gru(scope, names, shapes)
    if "cudnn_compatible_gru" in kind:
        return _cudnn_gru(scope, names, shapes)
    if "lstm" not in kind and "gru" not in kind and names.keys() == {KERNEL, BIAS}:
        return _simple(scope, names, shapes)
    return None


def _lstm(
    scope: str, kind: str, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]], known: CellFacts
) -> Cell | None:
    rows, units = shapes[names[KERNEL]][0], shapes[names[BIAS]][0] // 4
    if shapes[names[KERNEL]] != (rows, 4 * units) or rows <= units:
        return None
    default = 0.0 if "cudnn" in kind else 1.0
    forget_bias = default if known.forget_bias is None else known.forget_bias

    def gates(values: Any) -> Any:
        i, c, f, o = np.split(values, 4, -1)
        return np.concatenate([i, f, c, o], -1)

    def bias(values: Any) -> Any:
        i, c, f, o = np.split(values, 4)
        return np.concatenate([i, f + values.dtype.type(forget_bias), c, o])

    weights = _split(names[KERNEL], rows, units, 4, gates) | _bias(names[BIAS], 4 * units, bias)
    problem = "clips its state (cell_clip)" if known.is_clipped else ""
    return Cell(scope, LSTM, weights, _of_forget_bias(forget_bias, known), problem, known.activation)


def _of_forget_bias(value: float, known: CellFacts) -> str:
    if known.forget_bias is not None:
        return f"forget_bias={value} of the graph was added to the bias" if value else ""
    return f"forget_bias={value}, the default of the cell, was added to the bias: no graph says it" if value else ""


def _projected(cell: Cell, size: int) -> Cell:
    """Returns a cell whose output is projected, which has rows for as many states; no layer has its weights."""
    kernel, recurrent = cell.weights[KERNEL], cell.weights[RECURRENT]
    inputs, width = kernel.shape[0] + recurrent.shape[0] - size, kernel.shape[1]
    shaped = {KERNEL: replace(kernel, shape=(inputs, width)), RECURRENT: replace(recurrent, shape=(size, width))}
    return replace(cell, weights={**cell.weights, **shaped}, problem=f"projects its output (num_proj={size})")


def _split(
    key: str, rows: int, units: int, gates: int, change: Callable[[Any], Any] = lambda kernel: kernel
) -> dict[str, Converted]:
    """Returns the rows of inputs and those of states of a joint kernel."""
    inputs = rows - units
    return {
        KERNEL: _one(key, (inputs, gates * units), lambda kernel: change(kernel)[:inputs]),
        RECURRENT: _one(key, (units, gates * units), lambda kernel: change(kernel)[inputs:]),
    }


def _bias(key: str, size: int, change: Callable[[Any], Any] = lambda bias: bias) -> dict[str, Converted]:
    return {BIAS: _one(key, (size,), change)}


def _swapped(gates: Any) -> list[Any]:
    """Returns the gates r z of TF1 as z r."""
    reset, update = np.split(gates, 2, -1)
    return [update, reset]


def _gru(scope: str, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> Cell | None:
    gates, candidate = names[f"gates/{KERNEL}"], names[f"candidate/{KERNEL}"]
    rows, units = shapes[candidate]
    if shapes[gates] != (rows, 2 * units) or rows <= units:
        return None
    inputs, keys = rows - units, (gates, candidate)
    biases = (names[f"gates/{BIAS}"], names[f"candidate/{BIAS}"])

    def joint(values: Any) -> Any:
        return np.concatenate([*_swapped(values[0]), values[1]], -1)

    weights = {
        KERNEL: Converted(keys, (inputs, 3 * units), lambda values: joint(values)[:inputs]),
        RECURRENT: Converted(keys, (units, 3 * units), lambda values: joint(values)[inputs:]),
        BIAS: Converted(biases, (3 * units,), joint),
    }
    return Cell(scope, GRU, weights)


def _cudnn_gru(scope: str, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> Cell | None:
    parts = [f"candidate/{side}_projection/{name}" for side in ("input", "hidden") for name in (KERNEL, BIAS)]
    if names.keys() != {f"gates/{KERNEL}", f"gates/{BIAS}", *parts}:
        return None
    kernel, bias, new_kernel, new_bias, old_kernel, old_bias = (
        names[name] for name in (f"gates/{KERNEL}", f"gates/{BIAS}", *parts)
    )
    inputs, units = shapes[new_kernel]
    weights = {
        KERNEL: Converted(
            (kernel, new_kernel),
            (inputs, 3 * units),
            lambda values: np.concatenate([*_swapped(values[0][:inputs]), values[1]], -1),
        ),
        RECURRENT: Converted(
            (kernel, old_kernel),
            (units, 3 * units),
            lambda values: np.concatenate([*_swapped(values[0][inputs:]), values[1]], -1),
        ),
        BIAS: Converted((bias, new_bias, old_bias), (2, 3 * units), _two_biases),
    }
    return Cell(scope, GRU_RESET_AFTER, weights)


def _two_biases(values: Any) -> Any:
    """Returns the biases of inputs and states; the gates have one, the sum."""
    gates = np.concatenate(_swapped(values[0]))
    return np.stack([np.concatenate([gates, values[1]]), np.concatenate([np.zeros_like(gates), values[2]])])


def _simple(scope: str, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> Cell | None:
    rows, units = shapes[names[KERNEL]]
    if shapes[names[BIAS]] != (units,) or rows <= units:
        return None
    return Cell(scope, RNN, _split(names[KERNEL], rows, units, 1) | _bias(names[BIAS], units))


def averaged(cell: Cell, tensors: Tensors) -> Cell:
    """Returns a cell with the moving averages of its weights, where the checkpoint has them."""
    names = {key: f"{key}/{AVERAGE}" for item in cell.weights.values() for key in item.sources}
    stored = set(tensors)
    weights = {
        name: replace(item, sources=tuple(names[key] if names[key] in stored else key for key in item.sources))
        for name, item in cell.weights.items()
    }
    return replace(cell, weights=weights)


def converted_cells(cells: list[Cell]) -> Iterator[tuple[str, Converted]]:
    """Yields (key, tensor) of the weights of cells."""
    for cell in cells:
        yield from ((cell.key(name), item) for name, item in cell.weights.items())
