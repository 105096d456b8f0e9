"""Small checkpoints, and what is in them."""

from pathlib import Path
from typing import Any

import numpy as np

from compat_saver.bundle import open_bundle
from tests.golden_cases import case
from tests.small_models import write_checkpoint


def arrays(prefix: Path) -> dict[str, tuple[str, tuple[int, ...], Any]]:
    """Returns type, shape and bytes of every tensor."""
    with open_bundle(prefix) as checkpoint:
        types = checkpoint.dtypes()
        return {name: (types[name].name, array.shape, _bytes(array)) for name, array in checkpoint.items()}


def _bytes(array: np.ndarray) -> Any:
    return array.tolist() if array.dtype == object else array.tobytes()


def write(prefix: Path, **tensors: Any) -> Path:
    """Writes a checkpoint; `__` in a name stands for a slash."""
    return write_checkpoint(prefix, {name.replace("__", "/"): np.asarray(value) for name, value in tensors.items()})


def golden(name: str, release: str = "1.15.5") -> Path:
    return case(release, name).prefix
