"""Merges the dumps of dump_ops.py into the op data that compat_saver ships.

    python merge_ops.py DUMP_DIR OUT_DIR

Needs TensorFlow only for its OpList message. Of an op that several releases define, the
newest definition is kept: it is the one a migrated graph has to satisfy.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import Any

from tensorflow.core.framework import op_def_pb2

TODAY = "2.21"
COLUMNS = (
    "op",
    "first_release_seen",
    "last_release_seen",
    "contrib_library",
    "registered_today",
    "cpu_kernel_today",
    "deprecated_at_graph_version",
)


class Dump:
    """What dump_ops.py wrote about one release."""

    def __init__(self, facts_file: Path) -> None:
        self.facts: dict[str, Any] = json.loads(gzip.decompress(facts_file.read_bytes()))
        self.release: str = self.facts["release"]
        ops_file = facts_file.with_name(facts_file.name.replace(".json.gz", ".binpb.gz"))
        op_list = op_def_pb2.OpList.FromString(gzip.decompress(ops_file.read_bytes()))
        self.ops = {op.name: op for op in op_list.op}


def read_dumps(folder: Path) -> list[Dump]:
    """All dumps of a folder, oldest release first."""
    dumps = [Dump(path) for path in folder.glob("ops-*.json.gz")]
    return sorted(dumps, key=lambda dump: [int(part) for part in dump.release.split(".")])


def merge(dumps: list[Dump]) -> dict[str, op_def_pb2.OpDef]:
    """Op name -> newest definition, sorted by name."""
    newest: dict[str, op_def_pb2.OpDef] = {}
    for dump in dumps:
        newest.update(dump.ops)
    return dict(sorted(newest.items()))


def row(op: op_def_pb2.OpDef, tf1: list[Dump], today: Dump) -> list[str]:
    """The facts of one op, in the order of COLUMNS; the releases are those of TF1."""
    seen = [dump for dump in tf1 if op.name in dump.ops]
    owners = [dump.facts["contrib"].get(op.name, "") for dump in seen]
    return [
        op.name,
        seen[0].release if seen else "",
        seen[-1].release if seen else "",
        next((owner for owner in reversed(owners) if owner), ""),
        "yes" if op.name in today.ops else "no",
        "yes" if op.name in set(today.facts["cpu_kernels"]) else "no",
        str(op.deprecation.version) if op.HasField("deprecation") else "",
    ]


def main(dump_dir: Path, out_dir: Path) -> None:
    dumps = read_dumps(dump_dir)
    tf1 = [dump for dump in dumps if dump.release != TODAY]
    (today,) = (dump for dump in dumps if dump.release == TODAY)
    merged = merge(dumps)
    op_list = op_def_pb2.OpList(op=merged.values())
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "op_defs.binpb").write_bytes(op_list.SerializeToString(deterministic=True))
    with open(out_dir / "op_facts.csv", "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row(op, tf1, today) for op in merged.values())
    print(f"{len(merged)} ops from {len(dumps)} releases")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
