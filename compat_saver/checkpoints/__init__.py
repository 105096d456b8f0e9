"""What `compat-saver checkpoint` does, as functions: list, compare, check, rewrite and exchange checkpoint files.

Nothing here imports TensorFlow or holds a checkpoint in memory. Sources are prefixes, any file of a checkpoint, or
directories; every output appears complete or not at all.
"""

from __future__ import annotations

from compat_saver.bundle.object_graph import ObjectKey
from compat_saver.checkpoints.combining import average, merge
from compat_saver.checkpoints.converting import cast, convert
from compat_saver.checkpoints.difference import Difference, TensorDifference, diff
from compat_saver.checkpoints.exchange import export, import_, save_tensor
from compat_saver.checkpoints.listing import Listing, TensorRow, ls, object_keys
from compat_saver.checkpoints.reading import get
from compat_saver.checkpoints.renaming import ema, read_map, rename
from compat_saver.checkpoints.selecting import drop, keep, slots_of
from compat_saver.checkpoints.soundness import Soundness, verify
from compat_saver.checkpoints.statistics import Stats, TensorStats, stats
from compat_saver.checkpoints.write_plan import WriteOptions, Written

__all__ = [
    "Difference",
    "Listing",
    "ObjectKey",
    "Soundness",
    "Stats",
    "TensorDifference",
    "TensorRow",
    "TensorStats",
    "WriteOptions",
    "Written",
    "average",
    "cast",
    "convert",
    "diff",
    "drop",
    "ema",
    "export",
    "get",
    "import_",
    "keep",
    "ls",
    "merge",
    "object_keys",
    "read_map",
    "rename",
    "save_tensor",
    "slots_of",
    "stats",
    "verify",
]
