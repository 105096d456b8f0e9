"""The state of a Keras optimizer, from that of another release: its slots per variable, and how many steps it made.

A slot is found by the tensor that its variable gets, under the names that optimizers gave it:

TF1                dense/kernel/Adam_1                 beta1_power and beta2_power, or global_step, for the steps
Keras 2, HDF5      training/Adam/dense/kernel/v        training/Adam/iter
Keras 2.11         Adam/v/dense/kernel                 iteration
object-based       VARIABLE/.OPTIMIZER_SLOT/optimizer/v, and the names above as the full names of the variables
Keras 2.3 and 1    training/Adam/Variable_7: only the order counts, first all of one slot, then all of the next
.keras             optimizer/3: only the order counts, first all of one variable, then all of the next

The momentum of TF1's MomentumOptimizer counts gradients, that of Keras steps: -learning_rate times as much.
Source: python/training and python/keras/optimizer_v2 of TensorFlow 1.15, keras/src/optimizers of Keras 3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import VALUE_KEY, decode_object_graph
from compat_saver.errors import UsageError
from compat_saver.keras_files import KerasFile, Weight
from compat_saver.keras_files.optimizer_configs import slot_positions
from compat_saver.saver.load_into.targets import INNER, OWN, TargetVariable, variables_of
from compat_saver.saver.matching.fit import Fit, Tensors

_SLOT = "/.OPTIMIZER_SLOT/"
_MOMENTUM = "Momentum"
_ADAM = {"_momentums": ("m", "Adam"), "_velocities": ("v", "Adam_1"), "_velocity_hats": ("vhat", "v_hat")}
# Class -> the attribute in which Keras 3 holds the variables of a slot -> its names in files.
_SLOTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": {"_m": ("m",), "_u": ("v", "u")},
    "Nadam": {"_momentums": ("m",), "_velocities": ("v",)},
    "SGD": {"momentums": ("momentum", "m", _MOMENTUM)},
    "RMSprop": {
        "_velocities": ("rms", "velocity", "RMSProp"),
        "_momentums": ("momentum", "RMSProp_1"),
        "_average_gradients": ("mg", "average_gradient"),
    },
    "Adagrad": {"_accumulators": ("accumulator", "Adagrad")},
    "Adadelta": {
        "_accumulated_grads": ("accum_grad", "accumulated_grad", "Adadelta"),
        "_accumulated_delta_vars": ("accum_var", "accumulated_delta_var", "Adadelta_1"),
    },
    "Ftrl": {"_accumulators": ("accumulator", "Ftrl"), "_linears": ("linear", "Ftrl_1")},
}
# TF1 numbers the slots of a variable in the order in which it makes them.
_CENTERED: Mapping[str, tuple[str, ...]] = {
    **_SLOTS["RMSprop"],
    "_momentums": ("momentum", "RMSProp_2"),
    "_average_gradients": ("mg", "average_gradient", "RMSProp_1"),
}
_COUNTING = ("Adam", "AdamW", "Adamax", "Nadam")
_STEPS = ("iter", "iterations", "iteration", "_iterations")


@dataclass(frozen=True)
class State:
    """A variable of an optimizer and its value.

    Attributes:
        variable: the Keras variable.
        key: the tensor that it comes from; "" if there is none.
        value: the value.
    """

    variable: Any
    key: str
    value: Any = None

    def read(self, tensors: Tensors, /) -> Any:
        """Returns the value; it was read from the tensors already."""
        return self.value


def is_optimizer(target: Any) -> bool:
    """Whether an object is an optimizer of Keras 3."""
    return all(hasattr(type(target), word) for word in ("apply", "iterations", "build", "learning_rate"))


def optimizer_of(target: Any) -> Any:
    """Returns the optimizer of a compiled model, built.

    Raises:
        UsageError: there is none, or it is of a class whose state is not known.
    """
    optimizer = getattr(target, "optimizer", None)
    if optimizer is None or not is_optimizer(optimizer):
        raise UsageError("optimizer=True needs a compiled Keras model: call model.compile(...) before load_into.")
    if not optimizer.built:
        optimizer.build(target.trainable_variables)
    _slots_of(optimizer)
    return optimizer


def trained_by(optimizer: Any) -> list[TargetVariable]:
    """Returns the variables that an optimizer trains, under their names with and without that of the model.

    Raises:
        UsageError: it is not built yet.
    """
    if not optimizer.built:
        raise UsageError("the optimizer has no state yet: call optimizer.build(model.trainable_variables), then load.")
    _slots_of(optimizer)
    found = variables_of(_tensorflow.trained_variables(optimizer))
    names = [(item, item.names[OWN].partition("/")[2]) for item in found]
    return [
        TargetVariable(
            item.name, item.variable, item.dtype, item.shape, {OWN: item.names[OWN], INNER: inner or item.name}
        )
        for item, inner in names
    ]


def states(optimizer: Any, variables: Sequence[TargetVariable], found: Fit, stored: Tensors) -> list[State]:
    """Returns the state of an optimizer as a file has it.

    Args:
        optimizer: the optimizer.
        variables: those of the model, in the order of the fit.
        found: which tensors they get.
        stored: the checkpoint or Keras file.
    """
    keys = {id(variables[match.wanted.number].variable): match.keys[0] for match in found.matches}
    tensors = _Stored(stored)
    by_kind = [
        [
            _named(optimizer, variable, slot, names, keys, tensors)
            for variable, slot in _tensorflow.optimizer_slots(optimizer, attribute)
        ]
        for attribute, names in _slots_of(optimizer).items()
    ]
    slots = list(itertools.chain.from_iterable(by_kind))
    if not any(item.key for item in slots):
        slots = _in_order(optimizer, by_kind, stored) or slots
    key, steps = tensors.steps(optimizer)
    # Only those like Adam depend on the number of steps; TF1 stores none for the others.
    is_counted = key or type(optimizer).__name__ in _COUNTING
    counts = [State(optimizer.iterations, key, np.int64(steps))] if is_counted else []
    return [*counts, *_products(optimizer, key, steps), *slots]


def _products(optimizer: Any, key: str, steps: int) -> Iterator[State]:
    """Yields the product of the momentums of all steps, which Nadam has beside its slots."""
    product = _tensorflow.momentum_product(optimizer)
    if product is not None and key:
        yield State(product, key, nadam_product(float(optimizer.beta_1), steps))


def nadam_product(beta_1: float, steps: int) -> Any:
    """Returns the product of Nadam's momentums, beta_1 (1 - 0.96 ** step / 2), after some steps."""
    momentums = beta_1 * (1.0 - 0.5 * 0.96 ** np.arange(1, steps + 1))
    return np.float32(np.prod(momentums))


def _slots_of(optimizer: Any) -> Mapping[str, tuple[str, ...]]:
    name = type(optimizer).__name__
    if name not in _SLOTS:
        raise UsageError(f"the state of {name} is not known; load_into knows that of {', '.join(_SLOTS)}.")
    return _CENTERED if name == "RMSprop" and optimizer.centered else _SLOTS[name]


def _named(
    optimizer: Any, variable: Any, slot: Any, names: Sequence[str], keys: Mapping[int, str], tensors: _Stored
) -> State:
    for name in names:
        key = tensors.slot(keys.get(id(variable), ""), name, tuple(slot.shape))
        if key:
            value = tensors.read(key)
            is_tf1 = name == _MOMENTUM
            return State(slot, key, -float(optimizer.learning_rate) * value if is_tf1 else value)
    return State(slot, "")


def _in_order(optimizer: Any, slots: Sequence[Sequence[State]], stored: Tensors) -> list[State]:
    """Returns the slots by the order in a Keras file; none if the shapes do not agree.

    Args:
        optimizer: the optimizer.
        slots: by kind, in the order of the variables.
        stored: the file.
    """
    weights = [item for item in getattr(stored, "optimizer_weights", ()) if item.shape]
    is_new = isinstance(stored, KerasFile) and stored.form == "keras"
    kinds = [kind for kind in slots if kind]
    columns = slot_positions(type(optimizer).__name__, len(kinds), len(kinds[0]) if kinds else 0, is_new=is_new)
    pairs = [
        (slot, weights[position] if position < len(weights) else None)
        for kind, column in zip(kinds, columns, strict=True)
        for slot, position in zip(kind, column, strict=True)
    ]
    found = [
        State(slot.variable, item.name, item.array)
        for slot, item in pairs
        if item is not None and tuple(slot.variable.shape) == item.shape
    ]
    return found if len(found) == len(pairs) else []


class _Stored:
    """The tensors of a checkpoint or Keras file by the names that they have as slots."""

    def __init__(self, stored: Tensors) -> None:
        self._stored = stored
        self._weights: dict[str, Weight] = {}
        self._names: dict[str, list[str]] = {}  # name -> its names in other ways
        if isinstance(stored, KerasFile):
            self._weights = {item.name: item for item in stored.optimizer_weights}
            self._names = {name: [name] for name in self._weights}
        else:
            self._names = {key: [key.removesuffix(VALUE_KEY)] for key in stored}
            objects = decode_object_graph(stored) if isinstance(stored, Checkpoint) else {}
            for key, item in objects.items():
                self._names.setdefault(key, []).extend(filter(None, (item.full_name, item.path)))
        self._by_slot: dict[str, list[tuple[str, str]]] = {}
        for key, names in self._names.items():
            for name in names:
                self._add(key, name)

    def _add(self, key: str, name: str) -> None:
        """Adds a tensor under the names that its slot can have: the last part, and every part before the variable."""
        variable, is_object, slot = name.partition(_SLOT)
        if is_object:
            self._by_slot.setdefault(slot.rpartition("/")[2], []).append((variable, key))
            return
        head, _, last = name.rpartition("/")
        self._by_slot.setdefault(last, []).append((head, key))
        parts = name.split("/")
        for number, part in enumerate(parts[1:3], 1):
            self._by_slot.setdefault(part, []).append(("/".join(parts[number + 1 :]), key))

    def slot(self, variable: str, slot: str, shape: tuple[int, ...]) -> str:
        """Returns the key of a slot of the variable whose value a tensor is; "" if there is none."""
        own = [variable, *self._names.get(variable, ())] if variable else []
        for head, key in self._by_slot.get(slot, ()):
            if any(head == name or head.endswith(f"/{name}") for name in own) and self._shape(key) == shape:
                return key
        return ""

    def _shape(self, key: str) -> tuple[int, ...]:
        weight = self._weights.get(key)
        return weight.shape if weight is not None else self._stored.shapes()[key]

    def read(self, key: str) -> Any:
        """Returns the value of a tensor."""
        weight = self._weights.get(key)
        return weight.array if weight is not None else self._stored[key]

    def steps(self, optimizer: Any) -> tuple[str, int]:
        """Returns where the number of steps is stored, and the number; "" and 0 if it is not known.

        Cases: a count of Keras; the first variable in a `.keras` file; the powers of Adam, of which beta2's lasts
        longer; global_step.
        """
        for key, names in self._names.items():
            if any(name.rpartition("/")[2] in _STEPS for name in names) and self._shape(key) == ():
                return key, int(self.read(key))
        first = next(iter(self._weights.values()), None)
        if first is not None and first.shape == () and not first.dtype.is_floating:
            return first.name, int(first.array)
        for name, base in (("beta2_power", "beta_2"), ("beta1_power", "beta_1")):
            for key in self._names if hasattr(optimizer, base) else ():
                power = float(self.read(key)) if key.removesuffix(VALUE_KEY).rpartition("/")[2] == name else 0.0
                if 1e-30 < power < 1:
                    return key, round(math.log(power) / math.log(getattr(optimizer, base))) - 1
        return ("global_step", int(self.read("global_step"))) if "global_step" in self._names else ("", 0)
