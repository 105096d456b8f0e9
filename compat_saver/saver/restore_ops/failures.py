"""Turns failures of saving and restoring into errors of the same TensorFlow class that say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from compat_saver._tensorflow import first_line, tensorflow
from compat_saver.bundle import open_bundle
from compat_saver.errors import ArtifactError, CompatSaverError, RestoreError, SourceNotFoundError, UsageError, and_more
from compat_saver.saver.errors import as_tf_error, tf_class_of, with_bases

_MOST_SHOWN = 10
# Op -> the first of its inputs that is a value to save; the second input has the names.
_SAVE_OPS = {"SaveV2": 3, "SaveSlices": 3, "Save": 2}
_ADVICE = {
    "PermissionDeniedError": "Save to a writable directory.",
    "ResourceExhaustedError": "Free disk space, or keep fewer checkpoints with max_to_keep.",
}
_NO_DEVICE = (
    "Cannot assign a device",
    "Import the graph with clear_devices=True, or make the session with allow_soft_placement=True in its ConfigProto.",
)


def save_failure(error: Exception, prefix: str, session: Any, saver_def: Any) -> CompatSaverError | None:
    """Returns the error to raise instead of one of saving; None if that is clear enough.

    Args:
        error: what was raised.
        prefix: of the checkpoint that was to be written.
        session: the session of the graph; None in eager mode.
        saver_def: the SaverDef of the saver.
    """
    if isinstance(error, CompatSaverError):
        return None
    folder = os.path.dirname(prefix) or "."
    errors = tensorflow().errors
    if isinstance(error, (ValueError, errors.NotFoundError)) and "://" not in prefix and not os.path.isdir(folder):
        return with_bases(
            SourceNotFoundError(f"{prefix}: cannot be saved, there is no directory {folder}. Create it."),
            ValueError,
        )
    # TensorFlow takes a prefix without a directory for one whose directory does not exist.
    cause = error.__context__ if isinstance(error, ValueError) else error
    if isinstance(cause, errors.FailedPreconditionError):
        names = uninitialized(session, saver_def) if session is not None else []
        if names:
            return as_tf_error(UsageError(_about_uninitialized(prefix, names)), cause)
    if isinstance(cause, errors.OpError):
        advice = _ADVICE.get(type(cause).__name__, "")
        better = ArtifactError(f"{prefix}: cannot be saved: {first_line(cause)}. {advice}".rstrip())
        ours = as_tf_error(better, cause)
        return ours if cause is error else with_bases(ours, ValueError)
    if isinstance(error, OSError):
        name, reason = tf_class_of(error), error.strerror or error
        advice = _ADVICE.get(name, "")
        return as_tf_error(ArtifactError(f"{prefix}: cannot be saved: {reason}. {advice}".rstrip()), name)
    return None


def _about_uninitialized(prefix: str, names: list[str]) -> str:
    shown = and_more(names, _MOST_SHOWN)
    return (
        f"{prefix}: cannot be saved, {len(names)} of the variables are not initialized: {shown}. "
        "Run tf.compat.v1.global_variables_initializer() or restore them first, or save only others with var_list."
    )


def uninitialized(session: Any, saver_def: Any) -> list[str]:
    """Returns the names of what a saver cannot save because it has no value; adds nothing to the graph."""
    tf = tensorflow()
    found = []
    for op in _saving_ops(session.graph.get_tensor_by_name(saver_def.save_tensor_name).op):
        names = tf.get_static_value(op.inputs[1])
        for index, value in enumerate(op.inputs[_SAVE_OPS[op.type] :]):
            try:
                session.run(value.op if value.op.type.startswith("Read") else value)
            except tf.errors.FailedPreconditionError:
                found.append(names.reshape(-1)[index].decode())
    return sorted(found)


def _saving_ops(root: Any) -> Iterator[Any]:
    """Yields the ops that write checkpoints for another op."""
    seen, queue = {root.name}, [root]
    while queue:
        op = queue.pop()
        if op.type in _SAVE_OPS:
            yield op
            continue
        for before in (*op.control_inputs, *(value.op for value in op.inputs)):
            if before.name not in seen:
                seen.add(before.name)
                queue.append(before)


def restore_failure(error: Exception, prefix: str) -> CompatSaverError | None:
    """Returns the error to raise instead of one of restoring; None if that is clear enough.

    Cases: the checkpoint is damaged, which the reader of this package describes exactly; it is not.
    """
    if isinstance(error, CompatSaverError) or not isinstance(error, tensorflow().errors.OpError):
        return None
    root: BaseException = error
    while isinstance(root.__context__, tensorflow().errors.OpError):
        root = root.__context__
    damage = None if "://" in prefix else _damage(prefix)
    if damage is not None:
        return as_tf_error(damage, error)
    reason = first_line(root) if isinstance(root, Exception) else ""
    advice = _NO_DEVICE[1] if _NO_DEVICE[0] in reason else ""
    return as_tf_error(RestoreError(f"{prefix}: cannot be restored: {reason.rstrip('.')}. {advice}".rstrip()), error)


def _damage(prefix: str) -> ArtifactError | None:
    try:
        with open_bundle(prefix) as checkpoint:
            return next(checkpoint.damage(), None)
    except ArtifactError as error:
        return error
