"""Fills the variables of a saver from a checkpoint: all checked first, then all assigned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.errors import RestoreError
from compat_saver.saver.errors import as_tf_error
from compat_saver.saver.matching.advice import mismatch_message
from compat_saver.saver.matching.fit import Fit, Tensors, Wanted, fit
from compat_saver.saver.matching.naming import DEFAULT, Matching, require_targets, stored_names
from compat_saver.saver.matching.report import RestoreReport
from compat_saver.saver.restore_ops.requests import Request, assignments

_BATCH_BYTES = 64 << 20
"""Approximate size of what is fed to a session at once: a session copies its feeds."""


def match(
    wanted: Sequence[Wanted],
    checkpoint: Tensors,
    names: Mapping[str, str],
    matching: Matching = DEFAULT,
    *,
    find: Callable[[Sequence[Wanted], Tensors, Mapping[str, str]], Fit] = fit,
    find_scope: Callable[[], str | None] | None = None,
) -> Fit:
    """Finds variables in a checkpoint and, if strict, checks that all are found; nothing is assigned.

    Args:
        wanted: the variables.
        checkpoint: the checkpoint.
        names: the names under which its tensors are looked for -> keys, see `stored_names`.
        matching: what the caller said of the names.
        find: `fit`, or a function that finds in another way.
        find_scope: called for an object of the checkpoint below which everything is, to be suggested.

    Raises:
        RestoreError: strict, and something is missing or does not fit; every mismatch is listed. It is also the error
            that TensorFlow raises instead.
    """
    found = find(wanted, checkpoint, names)
    report = found.report
    if not matching.strict or report.is_complete:
        return found
    scope = find_scope() if find_scope is not None else None
    message = mismatch_message(report, checkpoint, names, wanted=found.wanted, matching=matching, found_scope=scope)
    error = RestoreError(message, report)
    raise as_tf_error(error, "NotFoundError" if report.missing else "InvalidArgumentError")


def restore_variables(
    checkpoint: Checkpoint,
    matching: Matching,
    wanted: Sequence[Wanted],
    put: Callable[[Fit, Checkpoint], None],
    put_all: Callable[[], object] | None,
) -> RestoreReport:
    """Restores variables from a checkpoint: all of them or, unless strict, those that it has.

    Args:
        checkpoint: the checkpoint.
        matching: how to match.
        wanted: the variables.
        put: assigns what was found.
        put_all: assigns everything at once with TensorFlow's own ops, if each value is stored where these look for it;
            None where TensorFlow cannot find the checkpoint.

    Raises:
        RestoreError: strict, and something is missing or does not fit; nothing was restored.
        UsageError: the map, the scope or the averages match nothing, or the map leads to no variable.
    """
    require_targets(matching.name_map, names_of(wanted))
    found = match(wanted, checkpoint, stored_names(checkpoint, matching), matching)
    is_plain = len(found.matches) == len(wanted) and all(item.is_plain for item in found.matches)
    if is_plain and put_all is not None:
        put_all()
    else:
        put(found, checkpoint)
    return found.report


def names_of(wanted: Iterable[Wanted]) -> Iterator[str]:
    """Yields every name under which variables are looked for, their own included."""
    return (name for item in wanted for name in (item.name, *item.keys))


def fill(session: Any, requests: Sequence[Request], found: Fit, checkpoint: Checkpoint) -> None:
    """Assigns what was found, through the saver's own ops.

    Args:
        session: the tf.compat.v1.Session.
        requests: everything that the saver reads.
        found: their fit.
        checkpoint: where the values are stored.
    """
    by_wanted = {id(match.wanted): match for match in found.matches}
    filled = [request for request in requests if id(request.wanted) in by_wanted]
    for ops in _batches(assignments(requests, filled), filled):
        names = {op.name for op in ops}
        used = [request for request in filled if any(user.name in names for user in request.users)]
        session.run(ops, {request.value: by_wanted[id(request.wanted)].read(checkpoint) for request in used})


class Value(Protocol):
    """What is known to be in a checkpoint: a `Match`, for instance."""

    def read(self, tensors: Tensors, /) -> Any:
        """Returns its value."""


def assign(values: Sequence[tuple[Value, Any]], tensors: Tensors) -> None:
    """Assigns values to variables of eager mode, all or none: an error undoes the earlier assignments.

    Args:
        values: what was found, and the tf.Variable.
        tensors: where the values are stored.
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
    """Yields the ops in groups that take some megabytes each."""
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
