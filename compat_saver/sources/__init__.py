"""What a path is: a checkpoint, a graph alone, a SavedModel, a Hub module, an Estimator directory."""

from compat_saver.sources.checkpoint_files import CheckpointFiles, find_checkpoint
from compat_saver.sources.kinds import (
    CheckpointSource,
    GraphDefSource,
    Hdf5Source,
    HubModuleSource,
    KerasArchiveSource,
    MetaGraphSource,
    SavedModelSource,
    Source,
)
from compat_saver.sources.opening import open_checkpoint
from compat_saver.sources.resolve import resolve, resolve_checkpoint

__all__ = [
    "CheckpointFiles",
    "CheckpointSource",
    "GraphDefSource",
    "Hdf5Source",
    "HubModuleSource",
    "KerasArchiveSource",
    "MetaGraphSource",
    "SavedModelSource",
    "Source",
    "find_checkpoint",
    "open_checkpoint",
    "resolve",
    "resolve_checkpoint",
]
