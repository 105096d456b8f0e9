"""Whether a session is one that a saver can work with."""

from __future__ import annotations

from typing import Any

from compat_saver.errors import UsageError
from compat_saver.saver.errors import with_bases


def require_session(session: Any, method: str) -> None:
    """Raises a UsageError, also a TypeError and an AttributeError, for what is no session.

    Saving needs a session of TensorFlow's own; a MonitoredSession, which holds one, can restore.
    """
    if not (hasattr(session, "run") and hasattr(session, "graph")):
        raise with_bases(
            UsageError(f"{method}: sess: expected a tf.compat.v1.Session, found {type(session).__name__}."),
            TypeError,
            AttributeError,
        )
    if method == "save" and hasattr(session, "should_stop"):
        raise with_bases(
            UsageError(
                f"save: sess: expected a tf.compat.v1.Session, found a {type(session).__name__}, which saves by hooks. "
                "Give it a CheckpointSaverHook with this saver, or save in a hook, from run_context.session."
            ),
            TypeError,
        )


def require_ops(graph: Any, saver_def: Any, own: Any) -> None:
    """Raises a UsageError, also a TypeError, for a graph that lacks the ops of a saver; a RuntimeError if it is empty.

    Args:
        graph: the tf.Graph of the session.
        saver_def: the SaverDef with the names of the ops.
        own: the tf.Graph that the saver was made in.
    """
    names = (saver_def.filename_tensor_name, saver_def.save_tensor_name, saver_def.restore_op_name)
    for name in names:
        try:
            graph.as_graph_element(name)
        except (KeyError, ValueError) as error:
            relation = "the graph of the saver" if graph is own else "another graph than that of the saver"
            raise with_bases(
                UsageError(
                    f"sess: the session is of {relation}, and it has no {name!r}. Make the session for the saver's "
                    "graph, tf.compat.v1.Session(graph=...), or a saver for the graph of the session."
                ),
                TypeError,
                *([] if graph.get_operations() else [RuntimeError]),
            ) from error
