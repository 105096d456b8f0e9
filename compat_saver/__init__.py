"""compat_saver: TensorFlow 1 graphs and checkpoints, read, migrated to TensorFlow 2 and proven equal.

Nothing here imports TensorFlow; it is imported by the first call that needs it.
"""

from compat_saver._api import inspect, migrate, open_checkpoint, read_checkpoint_state, read_meta_graph, verify
from compat_saver.errors import (
    ArtifactError,
    CannotMigrateError,
    ChecksumError,
    CompatSaverError,
    FormatError,
    GraphError,
    NameNotFoundError,
    NotALegacyArtifactError,
    OutputExistsError,
    SourceNotFoundError,
    TensorFlowMissingError,
    TensorNotFoundError,
    UsageError,
    VerificationError,
)

__version__ = "0.1.0"

__all__ = [
    "ArtifactError",
    "CannotMigrateError",
    "ChecksumError",
    "CompatSaverError",
    "FormatError",
    "GraphError",
    "NameNotFoundError",
    "NotALegacyArtifactError",
    "OutputExistsError",
    "SourceNotFoundError",
    "TensorFlowMissingError",
    "TensorNotFoundError",
    "UsageError",
    "VerificationError",
    "__version__",
    "inspect",
    "migrate",
    "open_checkpoint",
    "read_checkpoint_state",
    "read_meta_graph",
    "verify",
]
