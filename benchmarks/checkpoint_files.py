"""Reading and converting checkpoints, beside TensorFlow's own reader: in one process, in turns, medians."""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from _runs import calls_in_turns

from compat_saver.bundle import BundleWriter, SliceSpec, open_bundle
from compat_saver.bundle.index_table import IndexTableWriter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MANY = 20_000
WIDTH = 1024
# What the process itself says is its peak: what its parent measures would include the parent's own memory.
_RUN = """
import sys, time
from pathlib import Path
from compat_saver import checkpoints
start = time.perf_counter()
source, output = sys.argv[1:]
checkpoints.{call}
seconds = time.perf_counter() - start
(peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(seconds, int(peak) / 1000)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=1000, help="of the large checkpoint")
    parser.add_argument("--folder", help="where to make the files; needs three times their size")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        print("| | compat_saver | TensorFlow | ratio |")
        print("|---|---|---|---|")
        list_many(work / "many", args.rounds)
        read_large(make_large(work / "large", args.megabytes), args.rounds)
        print("\n| operation on the large checkpoint | time | peak memory |")
        print("|---|---|---|")
        convert(work, args.megabytes)
    finally:
        shutil.rmtree(work)


# ---- reading


def list_many(prefix: Path, rounds: int) -> None:
    """Lists names, shapes and types of 20,000 variables."""
    import tensorflow as tf

    with BundleWriter(prefix) as writer:
        for n in range(MANY):
            writer.add(f"model/block_{n % 100}/layer_{n}/kernel", np.zeros((n % 7, 3), np.float32))

    def ours() -> object:
        with open_bundle(prefix) as checkpoint:
            return checkpoint.shapes(), checkpoint.dtypes()

    def theirs() -> object:
        reader = tf.train.load_checkpoint(str(prefix))
        return reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()

    compare(f"list {MANY:,} variables, shapes and types", ours, theirs, rounds)


def make_large(prefix: Path, megabytes: int) -> Path:
    rng = np.random.default_rng(0)
    with BundleWriter(prefix) as writer:
        for n in range(max(2, megabytes * 10**6 // (4 * WIDTH * WIDTH))):
            writer.add(f"layer{n:04}/kernel", rng.standard_normal((WIDTH, WIDTH), np.float32))
    return prefix


def read_large(prefix: Path, rounds: int) -> None:
    """Reads all and one of it; the files are in the page cache, unless stated otherwise."""
    import tensorflow as tf

    with open_bundle(prefix) as checkpoint:
        names = list(checkpoint)
    one = names[len(names) // 2]

    def ours_all() -> None:
        with open_bundle(prefix) as checkpoint:
            for name in names:
                checkpoint[name]  # checks its checksum, which reads every byte

    def theirs_all() -> None:
        reader = tf.train.load_checkpoint(str(prefix))
        for name in names:
            reader.get_tensor(name)

    def ours_one() -> None:
        with open_bundle(prefix) as checkpoint:
            checkpoint[one]

    def theirs_one() -> None:
        tf.train.load_checkpoint(str(prefix)).get_tensor(one)

    size = sum(path.stat().st_size for path in prefix.parent.glob(f"{prefix.name}.*")) / 1e9
    compare(f"read all of {size:.2f} GB, checksums checked", ours_all, theirs_all, rounds)
    compare("open it and read one tensor of 4 MB", ours_one, theirs_one, rounds)
    compare("the same, not in the page cache", ours_one, theirs_one, rounds, lambda: forget(prefix))


def forget(prefix: Path) -> None:
    """Drops the files from the page cache."""
    for path in prefix.parent.glob(f"{prefix.name}.*"):
        fd = os.open(path, os.O_RDONLY)
        os.fdatasync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def compare(
    title: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int,
    before: Callable[[], object] = gc.collect,
) -> None:
    """Prints a row: both in turns, after one round that only warms up."""
    a, b = map(statistics.median, calls_in_turns(ours, theirs, rounds, before))
    print(f"| {title} | {1000 * a:.1f} ms | {1000 * b:.1f} ms | {b / a:.1f} times as fast |", flush=True)


# ---- converting


def convert(work: Path, megabytes: int) -> None:
    """Converts in processes of their own, so that the peak is that of the conversion."""
    large, old = work / "large", work / "old"
    operations = {
        "V2 to V2, 4 shards": (large, "convert(source, output, shards=4)"),
        "V1 to V2": (make_v1(old, large), "convert(source, output)"),
        "V1 of one tensor to V2": (make_v1_giant(work / "giant", megabytes), "convert(source, output)"),
        "V2 of 16 slices to V2, joined": (
            make_partitioned(work / "parts", megabytes),
            "convert(source, output, join=True)",
        ),
        "cast from float32 to bfloat16": (large, "cast(source, output, {'float32': 'bfloat16'})"),
        "average of 4": (large, "average([source] * 4, output)"),
        "export to .safetensors": (large, "export(source, output + '.safetensors')"),
    }
    for title, (source, call) in operations.items():
        command = [sys.executable, "-c", _RUN.format(call=call), str(source), str(work / "converted")]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        seconds, peak = map(float, told.split())
        print(f"| {title} | {seconds:.2f} s | {peak:.0f} MB |", flush=True)
        for path in work.glob("converted.*"):
            path.unlink()


def make_v1(path: Path, source: Path) -> Path:
    """Writes the values of a checkpoint as TensorFlow 1 wrote them with SaverDef.V1."""
    with open_bundle(source) as checkpoint:
        write_v1(path, {name: (checkpoint[name].shape, [checkpoint[name]]) for name in checkpoint})
    return path


def make_v1_giant(path: Path, megabytes: int) -> Path:
    """One tensor, as large as all others together."""
    rows = np.random.default_rng(1).standard_normal((megabytes * 10**6 // (4 * WIDTH), WIDTH), np.float32)
    write_v1(path, {"embedding": (rows.shape, [rows])})
    return path


def write_v1(path: Path, tensors: Mapping[str, tuple[tuple[int, ...], list[np.ndarray]]]) -> None:
    """Writes float32 tensors, saved whole."""
    from compat_saver.bundle import varint
    from compat_saver.proto.messages import SavedTensorSlices

    def field(number: int, *parts: bytes) -> bytes:
        return b"".join((varint.encode(number << 3 | 2), varint.encode(sum(map(len, parts))), *parts))

    meta = SavedTensorSlices()
    meta.meta.versions.producer = 1
    for name, (shape, _) in tensors.items():
        tensor = meta.meta.tensor.add(name=name, type=1)
        for size in shape:
            tensor.shape.dim.add().size = size
        tensor.slice.append(SliceSpec.full(len(shape)).to_proto())
    with path.open("wb") as file:
        table = IndexTableWriter(file)
        table.add(b"", meta.SerializeToString())
        for name in sorted(tensors):
            shape, (array,) = tensors[name]
            spec = SliceSpec.full(len(shape))
            proto = field(3, field(5, array.tobytes()))
            head = field(1, name.encode()) + field(2, spec.to_proto().SerializeToString())
            table.add(spec.key(name), field(2, head, proto))
        table.finish()


def make_partitioned(prefix: Path, megabytes: int) -> Path:
    """One tensor in 16 slices of its columns, the hardest to join."""
    rows, parts = megabytes * 10**6 // (4 * WIDTH), 16
    with BundleWriter(prefix, shards=2) as writer:
        for n in range(parts):
            part = np.full((rows, WIDTH // parts), n, np.float32)
            writer.add_slice(
                "embedding", (rows, WIDTH), SliceSpec(((0, -1), (n * WIDTH // parts, WIDTH // parts))), part
            )
    return prefix


if __name__ == "__main__":
    main()
