"""The TF1 workflows on `tf.compat.v1`: Saver, import_meta_graph, checkpoint state, restoring and loading weights.

The public names are exported by `compat_saver`; each module is imported when one of its names is first used.

Reading order: `errors`, `matching/` (which tensor belongs to which variable), `checkpoint_management` and `variables`,
`save/`, `restore_ops/` and `checkpoint_utils`, `saver` (class Saver), `meta_graph`, then the functions built on them:
`restore/`, `load_into/`, `init_from_checkpoint/`.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {
    "Saver": "saver",
    "import_meta_graph": "meta_graph",
    "export_meta_graph": "meta_graph",
    "latest_checkpoint": "checkpoint_management",
    "get_checkpoint_state": "checkpoint_management",
    "update_checkpoint_state": "checkpoint_management",
    "generate_checkpoint_state_proto": "checkpoint_management",
    "checkpoint_exists": "checkpoint_management",
    "remove_checkpoint": "checkpoint_management",
    "get_checkpoint_mtimes": "checkpoint_management",
    "NewCheckpointReader": "checkpoint_utils",
    "load_checkpoint": "checkpoint_utils",
    "load_variable": "checkpoint_utils",
    "list_variables": "checkpoint_utils",
    "init_from_checkpoint": "init_from_checkpoint.init_from_checkpoint",
    "warm_start": "init_from_checkpoint.init_from_checkpoint",
    "restore": "restore.model",
    "load_into": "load_into.load_into",
}
"""Public name -> the module that defines it."""


def public(name: str) -> Any:
    """Returns the function or class of a public name.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _MODULES:
        raise AttributeError(f"module 'compat_saver' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
