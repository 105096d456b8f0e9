"""The state of a Keras optimizer, from that of another release: its slots per variable, and how many steps it made.

A slot is found by the tensor that its variable gets, under the names that optimizers gave it:

TF1                dense/kernel/Adam_1                 beta1_power and beta2_power, or global_step, for the steps
Keras 2, HDF5      training/Adam/dense/kernel/v        training/Adam/iter
Keras 2.11         Adam/v/dense/kernel                 iteration
object-based       VARIABLE/.OPTIMIZER_SLOT/optimizer/v, and the names above as the full names of the variables
Keras 2.3 and 1    training/Adam/Variable_7: only the order counts, first all of one slot, then all of the next

The momentum of TF1's MomentumOptimizer counts gradients, that of Keras steps: -learning_rate times as much.
Source: python/training and python/keras/optimizer_v2 of TensorFlow 1.15, keras/src/optimizers of Keras 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import VALUE_KEY, decode_object_graph
from compat_saver.errors import RestoreError, UsageError
from compat_saver.keras_files import KerasFile, Weight
from compat_saver.keras_files.class_names import plain_class
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.targets import INNER, OWN, TargetVariable, own_name, variables_of
from compat_saver.saver.matching.fit import Fit, Tensors
from compat_saver.saver.matching.report import Missing, Restored, RestoreReport

_SLOT = "/.OPTIMIZER_SLOT/"
_MOMENTUM = "Momentum"
_ADAM = {"_momentums": ("m", "Adam"), "_velocities": ("v", "Adam_1"), "_velocity_hats": ("vhat",)}
# Class -> the attribute in which Keras 3 holds the variables of a slot -> its names in files.
_SLOTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Adam": _ADAM,
    "AdamW": _ADAM,
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
_STEPS = ("iter", "iterations", "iteration", "_iterations")
_HYPERPARAMETERS = (
    "learning_rate",
    "beta_1",
    "beta_2",
    "rho",
    "momentum",
    "epsilon",
    "nesterov",
    "centered",
    "amsgrad",
)


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
    slots = [
        _named(optimizer, variable, slot, names, keys, tensors)
        for attribute, names in _slots_of(optimizer).items()
        for variable, slot in _tensorflow.optimizer_slots(optimizer, attribute)
    ]
    if not any(item.key for item in slots):
        slots = _in_order(slots, stored) or slots
    key, steps = tensors.steps(optimizer)
    # Only Adam depends on the number of steps; TF1 stores none for the others.
    counts = (
        [State(optimizer.iterations, key, np.int64(steps))] if key or _SLOTS[type(optimizer).__name__] is _ADAM else []
    )
    return [*counts, *slots]


def _slots_of(optimizer: Any) -> Mapping[str, tuple[str, ...]]:
    name = type(optimizer).__name__
    if name not in _SLOTS:
        raise UsageError(f"the state of {name} is not known; load_into knows that of {', '.join(_SLOTS)}.")
    return _SLOTS[name]


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


def _in_order(slots: Sequence[State], stored: Tensors) -> list[State]:
    """Returns the slots by the order in a Keras file; none if the shapes do not agree."""
    weights = [item for item in getattr(stored, "optimizer_weights", ()) if item.shape]
    pairs = list(zip(slots, weights, strict=False))
    if len(pairs) < len(slots) or any(tuple(slot.variable.shape) != item.shape for slot, item in pairs):
        return []
    return [State(slot.variable, item.name, item.array) for slot, item in pairs]


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

        Cases: a count of Keras; the powers of Adam, of which beta2's lasts longer; global_step.
        """
        for key, names in self._names.items():
            if any(name.rpartition("/")[2] in _STEPS for name in names) and self._shape(key) == ():
                return key, int(self.read(key))
        for name, base in (("beta2_power", "beta_2"), ("beta1_power", "beta_1")):
            for key in self._names if hasattr(optimizer, base) else ():
                power = float(self.read(key)) if key.removesuffix(VALUE_KEY).rpartition("/")[2] == name else 0.0
                if 1e-30 < power < 1:
                    return key, round(math.log(power) / math.log(getattr(optimizer, base))) - 1
        return ("global_step", int(self.read("global_step"))) if "global_step" in self._names else ("", 0)


def reported(report: RestoreReport, rows: Sequence[State]) -> RestoreReport:
    """Returns a report with the state of an optimizer."""
    used = {row.key for row in rows}
    restored = (
        Restored(own_name(row.variable), (row.key,), _dtype(row.variable), tuple(row.variable.shape))
        for row in rows
        if row.key
    )
    missing = (
        Missing(own_name(row.variable), (own_name(row.variable),), _dtype(row.variable), tuple(row.variable.shape))
        for row in rows
        if not row.key
    )
    return RestoreReport(
        report.source,
        (*report.restored, *restored),
        (*report.missing, *missing),
        tuple(key for key in report.unexpected if key not in used),
        report.mismatched,
        report.notes,
    )


def _dtype(variable: Any) -> str:
    return str(_tensorflow.tensorflow().as_dtype(variable.dtype).name)


def require_state(optimizer: Any, rows: Sequence[State], stored: Tensors) -> None:
    """Raises a RestoreError if state of an optimizer is not stored, or it was configured otherwise."""
    lost = [row for row in rows if not row.key]
    lines = [f"  - {own_name(row.variable)!r} {list(row.variable.shape)} is not in it." for row in lost[:10]]
    lines += [f"  - and {len(lost) - 10} more."] if len(lost) > 10 else []
    lines += [f"  - {line}" for line in differences(optimizer, stored)]
    if not lines:
        return
    head = f"{stored.prefix} does not fit the optimizer ({type(optimizer).__name__}). Nothing was restored."
    tail = "Load what fits with strict=False, or leave out optimizer=True and train with a new state."
    missing = reported(RestoreReport(stored.prefix), lost).missing
    error = RestoreError("\n".join((head, *lines, tail)), RestoreReport(stored.prefix, missing=missing))
    raise as_tf_error(error, "NotFoundError" if lost else "InvalidArgumentError")


def differences(optimizer: Any, stored: Tensors) -> Iterator[str]:
    """Yields how the optimizer differs from the one that the configuration in a Keras file describes."""
    training = stored.training_config if isinstance(stored, KerasFile) else None
    described = (training or {}).get("optimizer_config") or {}
    config = described.get("config") if isinstance(described, Mapping) else None
    if not isinstance(config, Mapping):
        return
    there, here = {"learning_rate": config.get("lr"), **config}, optimizer.get_config()
    name = plain_class(described.get("class_name", ""))
    if name.lower() != type(optimizer).__name__.lower():
        yield f"the file has the state of {name}. Compile the model with it."
        return
    for field in _HYPERPARAMETERS:
        one, other = here.get(field), there.get(field)
        if (
            isinstance(one, float | int)
            and isinstance(other, float | int)
            and not math.isclose(one, other, rel_tol=1e-5)
        ):
            yield f"{field} is {other!r} in the file and {one!r} here. Write {field}={other!r}."
