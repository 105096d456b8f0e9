"""Fills the variables of a saver from a checkpoint: all checked first, then all assigned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.errors import RestoreError
from compat_saver.saver.advice import misfit
from compat_saver.saver.fit import Fit, fit
from compat_saver.saver.outcome import RestoreReport
from compat_saver.saver.requests import Request, assignments
from compat_saver.saver.tensors import Tensors

_BATCH_BYTES = 64 << 20
"""About how much is handed to a session at once: a session copies what it is fed."""


def require_fit(found: Fit, checkpoint: Tensors, names: Mapping[str, str]) -> None:
    """Raises a RestoreError unless every variable has its tensor; it is also what TensorFlow raises in its place."""
    report = found.report
    if report.is_complete:
        return
    error = RestoreError(misfit(report, checkpoint, names), report)
    raise _tensorflow.as_also(error, "NotFoundError" if report.missing else "InvalidArgumentError")


def fit_requests(requests: Sequence[Request], checkpoint: Checkpoint, names: Mapping[str, str]) -> Fit:
    """Returns what of a saver's requests a checkpoint holds."""
    return fit([request.wanted for request in requests], checkpoint, names)


def fill(session: Any, requests: Sequence[Request], found: Fit, checkpoint: Checkpoint) -> RestoreReport:
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
    return found.report


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
