"""Errors of this package that are also the classes that TensorFlow 1 programs catch in the same place."""

from __future__ import annotations

import errno
import sys
from os import PathLike
from typing import Any, TypeVar

from compat_saver._tensorflow import tensorflow
from compat_saver.errors import CompatSaverError, UsageError

_Error = TypeVar("_Error", bound=CompatSaverError)
_CLASS_OF = {
    errno.EACCES: "PermissionDeniedError",
    errno.EPERM: "PermissionDeniedError",
    errno.EROFS: "PermissionDeniedError",
    errno.ENOSPC: "ResourceExhaustedError",
    errno.EDQUOT: "ResourceExhaustedError",
    errno.EISDIR: "FailedPreconditionError",
}


def with_bases(error: _Error, *kinds: type[Exception]) -> _Error:
    """Returns an error that is also of other classes, such as a UsageError that is a TypeError."""
    more = tuple(kind for kind in kinds if not isinstance(error, kind))
    return error if not more else _made(error, more)


def as_tf_error(error: _Error, theirs: Any) -> _Error:
    """Returns an error that is also of a class of tf.errors, for programs that catch what TensorFlow raises.

    Args:
        error: any error of the package.
        theirs: the name of the class, such as "NotFoundError"; or a tf.errors.OpError, whose class, node and op are
            taken. Only a program that imported TensorFlow can catch a class by name: before that, the error is
            returned unchanged.
    """
    if not isinstance(theirs, str):
        return _of_op(error, type(theirs), theirs.node_def, theirs.op)
    if "tensorflow" not in sys.modules:
        return error
    kind = getattr(tensorflow().errors, theirs)
    return error if isinstance(error, kind) else _of_op(error, kind, None, None)


def with_phrase(error: _Error, phrase: str) -> _Error:
    """Returns an error whose message starts with a phrase of TensorFlow, which programs search for."""
    error.args = (f"{phrase}: {error.args[0]}", *error.args[1:])
    return error


def require_path(source: Any, argument: str = "source") -> None:
    """Raises a UsageError unless the source is a path; for None it names the usual cause.

    Args:
        source: what was passed for a checkpoint.
        argument: the name of the argument.
    """
    if source is None:
        raise UsageError(
            f"{argument}: expected a checkpoint, found None, which is what latest_checkpoint returns for a directory "
            "without one. Pass the prefix, or look at what is in the directory."
        )
    if not isinstance(source, str | PathLike):
        raise with_bases(
            UsageError(f"{argument}: expected the path of a checkpoint, found a {type(source).__name__}."), TypeError
        )


def tf_class_of(error: OSError) -> str:
    """Returns the name of the class of tf.errors that TensorFlow raises for an error of the operating system."""
    return _CLASS_OF.get(error.errno or 0, "UnknownError")


def _of_op(error: _Error, theirs: Any, node_def: Any, op: Any) -> _Error:
    """Returns an error that is also of a class of tf.errors."""
    made: Any = _made(error, (theirs,))
    theirs.__init__(made, node_def, op, str(error))
    made.args = error.args
    found: _Error = made
    return found


def _made(error: _Error, kinds: tuple[type[Exception], ...]) -> _Error:
    ours = type(error)
    both = type(ours.__name__, (ours, *kinds), {"__module__": ours.__module__, "__str__": ours.__str__})
    # Each kind of exception is made by the one of its bases that adds to its memory, and of these only OSError does.
    made: Any = (OSError if issubclass(both, OSError) else Exception).__new__(both, *error.args)
    made.__dict__.update(error.__dict__)
    made.args = error.args
    found: _Error = made
    return found
