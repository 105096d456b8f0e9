"""Errors that are this package's own and also those that TensorFlow 1 programs catch in the same place."""

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


def also(error: _Error, *kinds: type[Exception]) -> _Error:
    """Returns an error that is what it was and also of the kinds, such as a UsageError that is a TypeError."""
    more = tuple(kind for kind in kinds if not isinstance(error, kind))
    return error if not more else _made(error, more)


def as_also(error: _Error, name: str) -> _Error:
    """Returns an error that is what it was and also `tf.errors.NAME`, for programs that catch what TensorFlow raises.

    A program can only do so if it imported TensorFlow; where nobody did, the error stays as it is.

    Args:
        error: any error of the package.
        name: of a class of tf.errors, such as "NotFoundError".
    """
    if "tensorflow" not in sys.modules:
        return error
    theirs = getattr(tensorflow().errors, name)
    return error if isinstance(error, theirs) else _of_op(error, theirs, None, None)


def require_path(source: Any, argument: str = "source") -> None:
    """Raises a UsageError unless something is a path, and says of None where it mostly comes from.

    Args:
        source: what was given for a checkpoint.
        argument: the name of the argument that it was given for.
    """
    if source is None:
        raise UsageError(
            f"{argument}: expected a checkpoint, found None, which is what latest_checkpoint returns for a directory "
            "without one. Pass the prefix, or look at what is in the directory."
        )
    if not isinstance(source, str | PathLike):
        raise also(
            UsageError(f"{argument}: expected the path of a checkpoint, found a {type(source).__name__}."), TypeError
        )


def class_of(error: OSError) -> str:
    """Returns the name of the class of tf.errors that TensorFlow raises for what the system refuses."""
    return _CLASS_OF.get(error.errno or 0, "UnknownError")


def also_of_system(error: _Error, refusal: OSError) -> _Error:
    """Returns an error as one that is also what TensorFlow raises for a refusal of the system."""
    return as_also(error, class_of(refusal))


def retold(theirs: Any, ours: _Error) -> _Error:
    """Returns our error as one that is also of the class of TensorFlow's, and knows the same node and op.

    Args:
        theirs: a tf.errors.OpError.
        ours: the error with the better sentence.
    """
    return _of_op(ours, type(theirs), theirs.node_def, theirs.op)


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
