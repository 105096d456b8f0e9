"""The state of an optimizer: which stored array is which slot of which variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.keras_files import Weight
from compat_saver.keras_files.optimizer_configs import slot_positions
from compat_saver.keras_models.compiling import CompilePlan
from compat_saver.keras_models.weights import Pair
from compat_saver.saver.load_into.optimizers import nadam_product


class OptimizerState(NamedTuple):
    """The state that a file holds.

    Attributes:
        iterations: how many steps were made.
        slots: name of the slot in Keras 3 -> an array per variable that is trained, in order.
    """

    iterations: int
    slots: dict[str, list[Array]]

    @property
    def stored(self) -> list[Array]:
        """The arrays as Keras 2 takes them: the steps, then slot by slot."""
        return [np.asarray(self.iterations), *(array for column in self.slots.values() for array in column)]


def read_state(
    weights: Sequence[Weight], plan: CompilePlan, pairs: Sequence[Pair], *, is_keras_1: bool = False
) -> OptimizerState | None:
    """Returns the state of an optimizer; None where the file's does not fit the variables.

    Args:
        weights: of the optimizer, in the order of the file.
        plan: what the model is compiled with.
        pairs: the variables that are trained with their weights, in the order of the file.
        is_keras_1: whether Keras 1 wrote it, which counted steps in float32.
    """
    if not weights:
        return None
    # RMSprop, Adagrad and Adadelta of Keras before 2.3 stored no steps; nothing but a schedule depends on them.
    iterations = next((int(w.array) for w in weights if not w.shape and (is_keras_1 or not w.dtype.is_floating)), 0)
    if not plan.slots or not any(w.shape for w in weights):  # an optimizer that made no step has no slots yet
        return OptimizerState(iterations, {})
    shapes = [pair.weight.shape for pair in pairs]
    stored = _arranged([w for w in weights if w.shape or w.dtype.is_floating], shapes, plan)
    if stored is None:
        return None
    slots = {
        slot: [pair.convert(w.array).reshape(pair.variable.shape) for pair, w in zip(pairs, column, strict=True)]
        for slot, column in stored.items()
    }
    return OptimizerState(iterations, slots)


def _arranged(
    weights: Sequence[Weight], shapes: Sequence[tuple[int, ...]], plan: CompilePlan
) -> dict[str, list[Weight]] | None:
    """Returns slot -> a weight per variable. Cases: the order of the optimizer's release; that of the others."""
    count, slots = len(shapes), plan.slots
    for skipped in range(len(weights) - count * len(slots) + 1):
        rest = weights[skipped : skipped + count * len(slots)]
        for is_new in (plan.is_new, not plan.is_new):
            positions = slot_positions(plan.optimizer, len(slots), count, is_new=is_new)
            columns = [[rest[position] for position in column] for column in positions]
            if all([w.shape for w in column] == list(shapes) for column in columns):
                return dict(zip(slots, columns, strict=True))
    return None


def assign_state(model: Any, state: OptimizerState, variables: Sequence[Any]) -> None:
    """Gives the optimizer of a compiled model of Keras 3 its state.

    Args:
        model: the model; its optimizer keeps the slots in the order of the variables that are trained.
        state: the state, in the order of `variables`.
        variables: those that are trained, in the order of the file.
    """
    model.optimizer.iterations.assign(state.iterations)
    product = _tensorflow.momentum_product(model.optimizer)
    if product is not None:
        product.assign(nadam_product(float(model.optimizer.beta_1), state.iterations))
    order = {id(variable): number for number, variable in enumerate(model.trainable_variables)}
    for slot, arrays in state.slots.items():
        own = [item for item in model.optimizer.variables if item.name.endswith(f"_{slot}")]
        for variable, array in zip(variables, arrays, strict=True):
            own[order[id(variable)]].assign(array)
