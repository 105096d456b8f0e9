"""Writes a checkpoint with compat_saver for old TensorFlow to read: `cases/_read_back.py` compares it there.

python tests/golden/write_for_tf1.py DIRECTORY
PYTHON_OF_AN_OLD_RELEASE tests/golden/cases/_read_back.py DIRECTORY
"""

import sys
from pathlib import Path

import numpy as np

from compat_saver.bundle import BundleWriter, SliceSpec

DTYPES = (
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
    "complex64",
    "complex128",
)


def tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = {
        f"{dtype}/{len(shape)}": (rng.standard_normal(shape) * 50).astype(dtype)
        for dtype in DTYPES
        for shape in ((), (3,), (2, 3, 4), (0, 2))
    }
    found["text"] = np.array([b"", b"abc", bytes(300)[:-1] + b"x"], dtype=object)
    return found


def main(directory: Path) -> None:
    found, whole = tensors(), np.arange(12.0).reshape(6, 2)
    directory.mkdir(parents=True, exist_ok=True)
    for shards in (1, 3):
        with BundleWriter(directory / f"shards{shards}", shards=shards) as writer:
            for name, array in found.items():
                writer.add(name, array)
            for start in (0, 2, 4):
                writer.add_slice("parts", whole.shape, SliceSpec(((start, 2), (0, -1))), whole[start : start + 2])
    arrays = {name.replace("/", "__"): array for name, array in found.items() if name != "text"}
    np.savez(directory / "expected.npz", parts=whole, **arrays, text=found["text"].astype("S"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
