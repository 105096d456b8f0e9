"""Reads TensorFlow 1 graphs and checkpoints, and migrates them into verified TensorFlow 2 SavedModels.

Importing this package does not import TensorFlow; the first call that needs it does.

Migrating:
    inspect, migrate, migrate_many, verify, save_checkpoint

Reading files, without TensorFlow:
    open_checkpoint, read_meta_graph, read_checkpoint_state
    NewCheckpointReader, load_checkpoint, load_variable, list_variables

Saver workflows on tf.compat.v1:
    Saver, import_meta_graph, export_meta_graph, init_from_checkpoint, warm_start

Models and weights without their program:
    restore, load_into

State files, without TensorFlow:
    latest_checkpoint, get_checkpoint_state, update_checkpoint_state, generate_checkpoint_state_proto,
    checkpoint_exists, remove_checkpoint, get_checkpoint_mtimes

Errors, all of them CompatSaverError:
    ArtifactError, CannotMigrateError, ChecksumError, CrashError, FormatError, GraphError, MemoryLimitError,
    NameNotFoundError, NotALegacyArtifactError, OutputExistsError, RestoreError, SideEffectError,
    SourceNotFoundError, TensorFlowMissingError, TensorNotFoundError, TimeLimitError, UsageError,
    VerificationError

The module compat_saver.checkpoints holds the operations of `compat-saver checkpoint` as functions.
"""

import typing as _typing

from compat_saver._api import (
    inspect,
    migrate,
    migrate_many,
    open_checkpoint,
    read_checkpoint_state,
    read_meta_graph,
    save_checkpoint,
    verify,
)
from compat_saver.errors import (
    ArtifactError,
    CannotMigrateError,
    ChecksumError,
    CompatSaverError,
    CrashError,
    FormatError,
    GraphError,
    MemoryLimitError,
    NameNotFoundError,
    NotALegacyArtifactError,
    OutputExistsError,
    RestoreError,
    SideEffectError,
    SourceNotFoundError,
    TensorFlowMissingError,
    TensorNotFoundError,
    TimeLimitError,
    UsageError,
    VerificationError,
)

if _typing.TYPE_CHECKING:
    from compat_saver.saver.checkpoint_management import (
        checkpoint_exists,
        generate_checkpoint_state_proto,
        get_checkpoint_mtimes,
        get_checkpoint_state,
        latest_checkpoint,
        remove_checkpoint,
        update_checkpoint_state,
    )
    from compat_saver.saver.checkpoint_utils import NewCheckpointReader, list_variables, load_checkpoint, load_variable
    from compat_saver.saver.init_from_checkpoint.init_from_checkpoint import init_from_checkpoint, warm_start
    from compat_saver.saver.load_into.load_into import load_into
    from compat_saver.saver.meta_graph import export_meta_graph, import_meta_graph
    from compat_saver.saver.restore.model import restore
    from compat_saver.saver.saver import Saver

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "CannotMigrateError",
    "ChecksumError",
    "CompatSaverError",
    "CrashError",
    "FormatError",
    "GraphError",
    "MemoryLimitError",
    "NameNotFoundError",
    "NewCheckpointReader",
    "NotALegacyArtifactError",
    "OutputExistsError",
    "RestoreError",
    "Saver",
    "SideEffectError",
    "SourceNotFoundError",
    "TensorFlowMissingError",
    "TensorNotFoundError",
    "TimeLimitError",
    "UsageError",
    "VerificationError",
    "__version__",
    "checkpoint_exists",
    "export_meta_graph",
    "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "import_meta_graph",
    "init_from_checkpoint",
    "inspect",
    "latest_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_into",
    "load_variable",
    "migrate",
    "migrate_many",
    "open_checkpoint",
    "read_checkpoint_state",
    "read_meta_graph",
    "remove_checkpoint",
    "restore",
    "save_checkpoint",
    "update_checkpoint_state",
    "verify",
    "warm_start",
]


def __getattr__(name: str) -> _typing.Any:
    """Imports the TF1 workflows when one of them is first needed."""
    from compat_saver.saver import public

    return public(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
