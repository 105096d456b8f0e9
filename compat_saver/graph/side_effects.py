"""Which ops reach outside of the graph: they read or write files, open connections, or act on the process.

`data/side_effects.csv` is maintained by hand. Every stateful op of the measured releases is in it, also those that only
keep a state in memory, so that an op of a new release needs a decision; a test checks that. Ops without a state can
reach outside as well (`ReadFile`, `Abort`, the debug ops): they are in it by name.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from compat_saver.graph.ops import known_definitions

_TABLE = Path(__file__).parent / "data" / "side_effects.csv"

WRITES, READS, LISTS, NETWORK, PROCESS = "writes", "reads", "lists", "network", "process"
ASSET = "asset"
"""Reads the file of a lookup table, which is looked for beside the source and copied into a written model."""
PYTHON = "python"
NOTHING = "nothing"
KINDS = (WRITES, READS, LISTS, NETWORK, PROCESS, ASSET, PYTHON, NOTHING)

CHANGING = (WRITES, NETWORK, PROCESS)
"""The kinds that change something outside of the graph, or may."""


class OpEffect(NamedTuple):
    """What the table says of one op.

    Attributes:
        kind: one of KINDS.
        argument: the input that names the file, directory or server; "" if none does.
        attribute: the attribute that names it; "" if none does.
        harmless: the starts of names with which the op does not reach outside; an empty name never does.
        does: what it does, a phrase.
    """

    kind: str
    argument: str
    attribute: str
    harmless: tuple[str, ...]
    does: str

    def reaches(self, name: str) -> bool:
        """Whether the op reaches outside with this name of a file or server."""
        return bool(name) and not name.startswith(self.harmless)


@functools.cache
def known_effects() -> Mapping[str, OpEffect]:
    """Returns the rows by op."""
    found: dict[str, OpEffect] = {}
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            where, _, name = row["names"].partition(":")
            effect = OpEffect(
                kind=row["kind"],
                argument=name if where == "input" else "",
                attribute=name if where == "attr" else "",
                harmless=tuple(row["harmless"].split()),
                does=row["does"],
            )
            found.update(dict.fromkeys(row["ops"].split(), effect))
    return found


def runs_at_import(op: str) -> bool:
    """Whether TensorFlow may run an op while it imports a graph, to infer shapes: it does that with stateless ops."""
    return not known_definitions()[op].is_stateful


@functools.cache
def reaching_ops() -> Mapping[str, OpEffect]:
    """Returns the rows of the ops that can reach outside, by op."""
    return {op: effect for op, effect in known_effects().items() if effect.kind != NOTHING}
