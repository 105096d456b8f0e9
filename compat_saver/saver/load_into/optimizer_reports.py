"""What is reported of the state of an optimizer: what was found, what is missing, and how the optimizer differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compat_saver import _tensorflow
from compat_saver.errors import RestoreError
from compat_saver.keras_files import KerasFile
from compat_saver.keras_files.class_names import plain_class
from compat_saver.keras_files.optimizer_configs import (
    NADAM,
    NEW_NADAM,
    OLD_NADAM,
    adds_epsilon_to_root,
    is_older_optimizer,
)
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.load_into.optimizers import State
from compat_saver.saver.load_into.targets import own_name
from compat_saver.saver.matching.fit import Tensors
from compat_saver.saver.matching.report import Missing, Restored, RestoreReport

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
    is_old = is_older_optimizer(config)
    name = plain_class(described.get("class_name", ""))
    if name.lower() != type(optimizer).__name__.lower():
        yield f"the file has the state of {name}. Compile the model with it."
        return
    if name == NADAM and is_old:
        yield OLD_NADAM
        return
    squared = is_old and adds_epsilon_to_root(name, config)
    if squared and not math.isclose(here["epsilon"], there["epsilon"] ** 2, rel_tol=1e-5):
        value = f"{there['epsilon'] ** 2:g}"
        yield (
            f"epsilon is {there['epsilon']!r} in the file and {here['epsilon']!r} here. Keras 3 adds it below the "
            f"root, not to it. Write epsilon={value}."
        )
    for field in _HYPERPARAMETERS:
        one, other = here.get(field), there.get(field)
        if (
            isinstance(one, float | int)
            and isinstance(other, float | int)
            and not math.isclose(one, other, rel_tol=1e-5)
            and not (field == "epsilon" and squared)
        ):
            yield f"{field} is {other!r} in the file and {one!r} here. Write {field}={other!r}."


def notes_of(optimizer: Any, rows: Sequence[State], stored: Tensors) -> Iterator[str]:
    """Yields what the user should know of the state that was loaded."""
    yield from differences(optimizer, stored)
    if type(optimizer).__name__ == NADAM and any(row.key for row in rows):
        yield NEW_NADAM
