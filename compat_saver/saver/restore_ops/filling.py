"""Fills the variables of a saver from a checkpoint: all checked first, then all assigned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.errors import RestoreError
from compat_saver.saver.errors import as_also
from compat_saver.saver.matching.advice import misfit
from compat_saver.saver.matching.fit import Fit, Match, Wanted, fit
from compat_saver.saver.matching.naming import Given, NameMap, stored_names
from compat_saver.saver.matching.report import RestoreReport
from compat_saver.saver.matching.targets import require_targets
from compat_saver.saver.matching.tensors import Tensors
from compat_saver.saver.restore_ops.requests import Request, assignments

_BATCH_BYTES = 64 << 20
"""About how much is handed to a session at once: a session copies what it is fed."""


def require_fit(
    found: Fit,
    checkpoint: Tensors,
    names: Mapping[str, str],
    given: Given | None = None,
    find_scope: Callable[[], str | None] | None = None,
) -> None:
    """Raises a RestoreError unless every variable has its tensor; it is also what TensorFlow raises in its place.

    Args:
        found: what a checkpoint has of the variables.
        checkpoint: the checkpoint.
        names: the names under which its tensors were looked for -> keys.
        given: what a person said of the names.
        find_scope: asked for an object of the checkpoint below which everything is.
    """
    report = found.report
    if report.is_complete:
        return
    scope = find_scope() if find_scope is not None else None
    message = misfit(report, checkpoint, names, wanted=found.wanted, given=given, found_scope=scope)
    error = RestoreError(message, report)
    raise as_also(error, "NotFoundError" if report.missing else "InvalidArgumentError")


@dataclass(frozen=True)
class Asked:
    """How a person wants variables and tensors to be matched.

    Attributes:
        strict: whether a variable without its tensor is an error.
        name_map: name in the checkpoint -> name that a variable is looked for under.
        scope: only tensors below it count, their names taken without it.
        ema: whether moving averages take the place of their variables.
    """

    strict: bool = True
    name_map: NameMap | None = None
    scope: str | None = None
    ema: bool = False


def restore_variables(
    prefix: str,
    asked: Asked,
    wanted: Sequence[Wanted],
    put: Callable[[Fit, Checkpoint], None],
    put_all: Callable[[], object] | None,
) -> RestoreReport:
    """Restores variables from a checkpoint: all of them or, unless strict, those that it has.

    Args:
        prefix: of the checkpoint.
        asked: how to match.
        wanted: the variables.
        put: assigns what was found.
        put_all: assigns everything at once, TensorFlow's own way, where each value lies where TensorFlow looks for it;
            None where TensorFlow cannot find the checkpoint.

    Raises:
        RestoreError: strict, and something is missing or does not fit; nothing was restored.
        UsageError: the map, the scope or the averages fit nothing, or the map leads to no variable.
    """
    with open_bundle(prefix) as checkpoint:
        require_targets(asked.name_map, (name for item in wanted for name in (item.name, *item.keys)))
        names = stored_names(checkpoint, scope=asked.scope, ema=asked.ema, name_map=asked.name_map)
        found = fit(wanted, checkpoint, names)
        if asked.strict:
            require_fit(found, checkpoint, names, Given(asked.name_map, asked.scope, asked.ema))
        is_plain = len(found.matches) == len(wanted) and all(match.is_plain for match in found.matches)
        if is_plain and put_all is not None:
            put_all()
        else:
            put(found, checkpoint)
    return found.report


def fit_requests(requests: Sequence[Request], checkpoint: Checkpoint, names: Mapping[str, str]) -> Fit:
    """Returns what of a saver's requests a checkpoint holds."""
    return fit([request.wanted for request in requests], checkpoint, names)


def fill(session: Any, requests: Sequence[Request], found: Fit, checkpoint: Checkpoint) -> None:
    """Assigns what was found, through the saver's own ops.

    Args:
        session: the tf.compat.v1.Session.
        requests: everything that the saver asks for.
        found: their fit.
        checkpoint: where the values lie.
    """
    by_wanted = {id(match.wanted): match for match in found.matches}
    filled = [request for request in requests if id(request.wanted) in by_wanted]
    for ops in _batches(assignments(requests, filled), filled):
        names = {op.name for op in ops}
        used = [request for request in filled if any(user.name in names for user in request.users)]
        session.run(ops, {request.value: by_wanted[id(request.wanted)].read(checkpoint) for request in used})


def assign(values: Sequence[tuple[Match, Any]], tensors: Tensors) -> None:
    """Assigns variables of eager mode their values, all or none: an error undoes those before it.

    Args:
        values: what was found, and the tf.Variable.
        tensors: where the values lie.
    """
    tf = _tensorflow.tensorflow()
    before = []
    try:
        for match, variable in values:
            value = match.read(tensors)
            before.append((variable, tf.convert_to_tensor(variable)))
            variable.assign(value)
    except BaseException:
        for variable, value in reversed(before):
            variable.assign(value)
        raise


def _batches(ops: Sequence[Any], filled: Sequence[Request]) -> Iterator[list[Any]]:
    """Yields the ops in groups that need some MB each."""
    sizes: dict[str, int] = {}
    for request in filled:
        for user in request.users:
            sizes[user.name] = sizes.get(user.name, 0) + _nbytes(request)
    group: list[Any] = []
    total = 0
    for op in ops:
        if group and total + sizes[op.name] > _BATCH_BYTES:
            yield group
            group, total = [], 0
        group.append(op)
        total += sizes[op.name]
    if group:
        yield group


def _nbytes(request: Request) -> int:
    size = request.value.dtype.base_dtype.size or 1
    for length in request.wanted.shape or ():
        size *= length or 1
    return size
