"""The weights of a file given to the variables of a Keras 3 model, layer by layer in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from compat_saver.bundle.arrays import Array
from compat_saver.errors import CannotMigrateError
from compat_saver.keras_files import KerasFile, Weight
from compat_saver.keras_files.cudnn import GRU_GATES, LSTM_GATES, plain_bias, plain_kernel, plain_recurrent_kernel
from compat_saver.keras_files.numbered import variables_of
from compat_saver.keras_models.architecture import ModelPlan
from compat_saver.keras_models.building import BuiltModel

Convert = Callable[[Array], Array]
_NOT_NEEDED = (
    "summary",
    "StateVar",
    "renorm_mean",
    "renorm_stddev",
    "moving_stddev",
    "renorm_mean_weight",
    "renorm_stddev_weight",
)


class Pair(NamedTuple):
    """A variable of the model and the weight of the file that it gets.

    Attributes:
        place: LAYER/NUMBER: which weight of which layer of the file.
        variable: of Keras 3.
        weight: of the file.
        convert: changes its layout.
    """

    place: str
    variable: Any
    weight: Weight
    convert: Convert

    @property
    def value(self) -> Array:
        """The array as the variable takes it."""
        return np.asarray(self.convert(self.weight.array)).reshape(tuple(self.variable.shape))


def assign_weights(file: KerasFile, plan: ModelPlan, built: BuiltModel) -> list[Pair]:
    """Gives every variable its value.

    Returns:
        The pairs, in the order of the file.

    Raises:
        CannotMigrateError: layers whose weights do not fit, all of them.
    """
    conversions = dict(_conversions(plan, built))
    pairs: list[Pair] = []
    problems: list[str] = []
    for layer in file.layers:
        target = built.layers.get(layer.name)
        weights = [weight for weight in layer.weights if weight.name.rpartition("/")[2] not in _NOT_NEEDED]
        variables = _variables(target, weights, file.form) if target is not None else []
        if file.form == "keras" and len(variables) == len(weights) > 0:
            variables, weights = _in_order_of_keras(target, variables, weights)
        found = _paired(layer.name, variables, weights, conversions)
        if isinstance(found, str):
            problems.append(found)
        else:
            pairs += found
    filled = {id(pair.variable) for pair in pairs}
    if not problems:
        problems = [
            f"Nothing in the file is for {item.path}." for item in built.model.weights if id(item) not in filled
        ]
    if problems:
        raise CannotMigrateError(problems)
    for pair in pairs:
        pair.variable.assign(pair.value)
    return pairs


def _variables(layer: Any, weights: Sequence[Weight], form: str) -> list[Any]:
    """Returns the variables of a layer in the order of a file.

    Cases: paths of numbers; those that are trained first, as Keras 2 lists the weights of a layer, and HDF5 those of a
    model inside as well; else layer by layer.
    """
    if form == "keras":
        return variables_of(layer, weights)
    if form == "hdf5" or not hasattr(layer, "layers"):
        return [*layer.trainable_weights, *layer.non_trainable_weights]
    return list(layer.weights)


def _in_order_of_keras(
    layer: Any, variables: Sequence[Any], weights: Sequence[Weight]
) -> tuple[list[Any], list[Weight]]:
    """Returns both in the order in which Keras, and so an optimizer, lists the variables of a layer."""
    order = {id(variable): number for number, variable in enumerate(layer.weights)}
    pairs = sorted(zip(variables, weights, strict=True), key=lambda pair: order[id(pair[0])])
    return [variable for variable, _ in pairs], [weight for _, weight in pairs]


def _paired(
    name: str, variables: Sequence[Any], weights: Sequence[Weight], conversions: Mapping[int, Convert]
) -> list[Pair] | str:
    """Returns the pairs of a layer, or what does not fit."""
    if len(variables) != len(weights):
        expected = f"expected {len(variables)} weights ({_shapes(variables)})"
        return f"Layer {name!r}: {expected}, found {len(weights)} ({_shapes(weights)})."
    pairs = []
    for number, (variable, weight) in enumerate(zip(variables, weights, strict=True)):
        convert = conversions.get(id(variable), _as_it_is)
        if convert is _as_it_is and _plain(weight.shape) != _plain(variable.shape):
            return f"Layer {name!r}: expected {weight.name} of shape {tuple(variable.shape)}, found {weight.shape}."
        pairs.append(Pair(f"{name}/{number}", variable, weight, convert))
    return pairs


def _shapes(items: Sequence[Any]) -> str:
    return ", ".join(str(tuple(item.shape)) for item in items) or "none"


def _plain(shape: Sequence[int]) -> list[int]:
    """Returns a shape without lengths of 1, which batch normalization in virtual batches has around."""
    return [length for length in shape if length != 1]


def _as_it_is(array: Array) -> Array:
    return array


# ---- the layout of cuDNN


def _conversions(plan: ModelPlan, built: BuiltModel) -> Iterator[tuple[int, Convert]]:
    """Yields identity of a variable -> conversion, for the layers that were of cuDNN."""
    for layer in plan.layers:
        if layer.model is not None:
            yield from _conversions(layer.model, built.inner[layer.name])
        elif layer.origin in _OF_CUDNN:
            target = built.layers[layer.name]
            cells = [getattr(target, key) for key in ("forward_layer", "backward_layer") if hasattr(target, key)]
            for cell in cells or [target]:
                converts = _OF_CUDNN[layer.origin]
                yield from ((id(item), convert) for item, convert in zip(cell.weights, converts, strict=True))


def _of_cudnn(gates: int) -> tuple[Convert, ...]:
    return tuple(partial(convert, gates=gates) for convert in (plain_kernel, plain_recurrent_kernel, plain_bias))


_OF_CUDNN = {"CuDNNLSTM": _of_cudnn(LSTM_GATES), "CuDNNGRU": _of_cudnn(GRU_GATES)}
