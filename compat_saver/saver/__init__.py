"""The TF1 workflows on `tf.compat.v1`: Saver, import_meta_graph, checkpoint state, restoring and loading weights.

The public names stand at the top of `compat_saver`; each module is imported when one of its names is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {
    "Saver": "saver",
    "import_meta_graph": "meta_graphs",
    "export_meta_graph": "meta_graphs",
    "latest_checkpoint": "states",
    "get_checkpoint_state": "states",
    "update_checkpoint_state": "states",
    "generate_checkpoint_state_proto": "states",
    "checkpoint_exists": "states",
    "remove_checkpoint": "states",
    "get_checkpoint_mtimes": "states",
    "NewCheckpointReader": "reader",
    "load_checkpoint": "reader",
    "load_variable": "reader",
    "list_variables": "reader",
    "init_from_checkpoint": "initialising.initialisation",
    "warm_start": "initialising.initialisation",
    "restore": "opened.restored",
    "load_into": "loading.loading",
}
"""Public name -> the module that has it."""


def public(name: str) -> Any:
    """Returns what a public name of the workflows stands for.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _MODULES:
        raise AttributeError(f"module 'compat_saver' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
