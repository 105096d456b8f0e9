"""What the configuration and the state of an optimizer of Keras 2 mean: those of 2.11 and later compute otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BELOW_ROOT = ("RMSprop", "Adagrad")
_PAIRED = ("Adam", "AdamW")
NADAM = "Nadam"
OLD_SLOTS = {
    "SGD": ("momentum",),
    "Adam": ("m", "v"),
    "Adamax": ("m", "v"),
    "Nadam": ("m", "v"),
    "RMSprop": ("rms",),
    "Adagrad": ("accumulator",),
    "Adadelta": ("accum_grad", "accum_var"),
}
"""The slots that an optimizer of Keras 1 stores, by the names that Keras 2 gave them."""
OLD_NADAM = (
    "Nadam of Keras before 2.11 raises its momentum with 0.96 ** (0.004 step), Keras 3 with 0.96 ** step: no state "
    "makes it go on with the same steps."
)
NEW_NADAM = (
    "The product of Nadam's momentums is not in the file and was computed from the number of steps. Keras 2.11 to 2.15 "
    "multiplies it once more for some variables, so its next step is slightly different."
)


def is_older_optimizer(config: Mapping[str, Any]) -> bool:
    """Whether an optimizer is one of those before Keras 2.11, which later releases have as `optimizers.legacy`."""
    return not ("jit_compile" in config or config.get("is_legacy_optimizer") is False)


def adds_epsilon_to_root(class_name: str, config: Mapping[str, Any]) -> bool:
    """Whether an older optimizer adds its epsilon to the root of the slot; Keras 3 adds it below the root."""
    return class_name in _BELOW_ROOT and not config.get("momentum") and config.get("epsilon") is not None


def slot_positions(class_name: str, kinds: int, count: int, *, is_new: bool) -> list[list[int]]:
    """Returns for each kind of slot the positions, among all stored arrays, of the slots of the variables.

    Until Keras 2.10 all slots of one kind follow each other. Since then those of one variable do, except that RMSprop
    stores kind after kind, and Adam the maxima of amsgrad after the other two.

    Args:
        class_name: of the optimizer.
        kinds: how many kinds of slots it has.
        count: how many variables it trains.
        is_new: whether it is one of Keras 2.11 or later.
    """
    together = kinds if is_new else min(kinds, 1)
    if class_name in _PAIRED:
        together = min(together, 2)
    if class_name == "RMSprop":
        together = min(kinds, 1)
    sizes = [together] + [1] * (kinds - together)
    columns, start = [], 0
    for size in sizes:
        columns += [[start + size * number + kind for number in range(count)] for kind in range(size)]
        start += size * count
    return columns
