"""What a model begins with beside what its checkpoint holds: initialised variables, its init op, filled tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.whole_graph import Importable
from compat_saver.saver.restore.init_op import find_init_op, run_init_op
from compat_saver.saver.restore.remaining import Remaining
from compat_saver.saver.restore.report import Uninitialised
from compat_saver.saver.restore.tables import Tables


@dataclass(frozen=True)
class Start:
    """How a model began.

    Attributes:
        initialised: the variables that have the values with which the graph begins.
        uninitialised: those that have none.
        notes: what a person should know, a sentence each.
    """

    initialised: tuple[str, ...]
    uninitialised: tuple[Uninitialised, ...]
    notes: tuple[str, ...]


def begin(
    session: Any,
    model: LegacyModel,
    imported: Importable,
    remaining: Remaining,
    tables: Tables,
    restored: Collection[str],
) -> Start:
    """Gives variables and tables that were not restored what they begin with.

    The init op of a SavedModel finds what the checkpoint filled, and every variable that it does not assign itself;
    what it has assigned and filled is left at that. So each of these ops runs once.

    Args:
        session: the tf.compat.v1.Session.
        model: the model, as it was opened.
        imported: what of its graph is there.
        remaining: its variables.
        tables: its tables.
        restored: the variables that have their values.
    """
    init_op, notes = find_init_op(model, imported)
    if init_op is None:
        initialised, uninitialised = remaining.initialise(session, restored)
        return Start(initialised, uninitialised, (*notes, *tables.fill(session, lambda name: False)))
    assigned = init_op.assigned(remaining.variables)
    before, _ = remaining.initialise(session, [*restored, *assigned])
    has_run, note = run_init_op(init_op, session, tables.feeds, restored)
    there = {*before, *(assigned if has_run else ())}
    after, uninitialised = remaining.initialise(session, [*restored, *there])
    done = there.difference(restored).union(after)
    filled = tables.fill(session, lambda name: has_run and init_op.needs(name))
    initialised = tuple(name for name in remaining.variables if name in done)
    return Start(initialised, uninitialised, (*filter(None, [note]), *filled))
