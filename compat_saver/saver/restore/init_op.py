"""Runs the init op of a SavedModel once, with the files of `assets/` in place of the paths that the graph has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.initializers import InitOp
from compat_saver.legacy_session import run_ops
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.runnable.whole_graph import Importable

_MOST_SHOWN = 5


def find_init_op(model: LegacyModel, imported: Importable) -> tuple[InitOp | None, tuple[str, ...]]:
    """Returns the init op of a SavedModel, and if it cannot be run a note that says why.

    Args:
        model: the model, as it was opened.
        imported: what of its graph is there.
    """
    name = model.meta.init_op if model.is_saved_model else ""
    if not name:
        return None, ()
    node = imported.graph.get(name)
    if node is not None:
        return InitOp.of(node, imported.graph), ()
    left_out = imported.left_out.get(name)
    why = "it is not in the graph." if left_out is None else str(left_out)
    return None, (f"The init op of the SavedModel, {name!r}, was not run: {why}",)


def run_init_op(init_op: InitOp, session: Any, feeds: Mapping[str, str], restored: Collection[str]) -> tuple[bool, str]:
    """Runs it; returns whether it ran, and what a person should know of that, "" for nothing.

    Args:
        init_op: the op.
        session: the tf.compat.v1.Session.
        feeds: name of a tensor -> path of a file.
        restored: the variables that have their values from the checkpoint.
    """
    try:
        run_ops(session, [init_op.name], feeds)
    except _tensorflow.tf_errors() as error:
        return False, (
            f"The init op of the SavedModel, {init_op.name!r}, which TensorFlow runs when it loads the model, failed: "
            f"{_tensorflow.first_line(error)}"
        )
    changed = init_op.may_change(restored)
    if not changed:
        return True, ""
    more = f" and {len(changed) - _MOST_SHOWN} more" if len(changed) > _MOST_SHOWN else ""
    names = ", ".join(map(repr, changed[:_MOST_SHOWN]))
    return True, (
        f"The init op of the SavedModel, {init_op.name!r}, was run, as TensorFlow runs it when it loads the model. "
        f"It may have changed what the checkpoint holds for {names}{more}."
    )
