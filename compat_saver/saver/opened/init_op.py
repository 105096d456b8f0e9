"""The op that TensorFlow's loader runs when it has restored a SavedModel: often the tables', but it may do anything.

Of what a SavedModel names for it, the first counts: the signature `__saved_model_init_op`, the collection
`saved_model_main_op`, the collection `legacy_init_op`. It is run once, after the variables are restored, with the files
of `assets/` in place of the paths that the graph has.
Source: tensorflow/python/saved_model/loader_impl.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.initialisers import ASSIGN_OPS
from compat_saver.graph import Node
from compat_saver.migration.artifact import Artifact
from compat_saver.saver.importing.importable import Importable

INIT_SIGNATURE, TRAIN_SIGNATURE = "__saved_model_init_op", "__saved_model_train_op"
"""Signatures that name an op and are none."""

_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_KINDS = ("saved_model", "hub_module")
_CHANGES = ("Assign", "Scatter")
_MOST_SHOWN = 5


@dataclass(frozen=True)
class InitOp:
    """An op to be run once.

    Attributes:
        name: of the op.
        needed: all that runs with it, itself too.
    """

    name: str
    needed: frozenset[Node] = field(repr=False)

    def assigned(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it gives a value, whatever they had before."""
        return [name for node, name in self._touched(variables) if node.op in ASSIGN_OPS]

    def changed(self, variables: Collection[str]) -> list[str]:
        """Returns the variables that it changes in any way, in order."""
        return sorted({name for node, name in self._touched(variables) if any(word in node.op for word in _CHANGES)})

    def needs(self, op: str) -> bool:
        """Whether it runs an op."""
        return any(node.name == op for node in self.needed)

    def run(self, session: Any, feeds: Mapping[str, str], restored: Collection[str]) -> tuple[bool, str]:
        """Runs it; returns whether it ran, and what a person should know of that, "" for nothing.

        Args:
            session: the tf.compat.v1.Session.
            feeds: name of a tensor -> path of a file.
            restored: the variables that have their values from the checkpoint.
        """
        try:
            session.run(session.graph.get_operation_by_name(self.name), feeds)
        except _tensorflow.refusals() as error:
            return False, (
                f"The init op of the SavedModel, {self.name!r}, which TensorFlow runs when it loads the model, failed: "
                f"{_tensorflow.gist(error)}"
            )
        changed = self.changed(restored)
        if not changed:
            return True, ""
        more = f" and {len(changed) - _MOST_SHOWN} more" if len(changed) > _MOST_SHOWN else ""
        names = ", ".join(map(repr, changed[:_MOST_SHOWN]))
        return True, (
            f"The init op of the SavedModel, {self.name!r}, was run, as TensorFlow runs it when it loads the model. "
            f"It may have changed what the checkpoint holds for {names}{more}."
        )

    def _touched(self, variables: Collection[str]) -> Iterator[tuple[Node, str]]:
        for node in self.needed:
            if node.inputs and node.inputs[0].node.name in variables:
                yield node, node.inputs[0].node.name


def find_init_op(artifact: Artifact, imported: Importable) -> tuple[InitOp | None, tuple[str, ...]]:
    """Returns the init op of a SavedModel, and if it cannot be run a note that says why.

    Args:
        artifact: the model, as it was opened.
        imported: what of its graph is there.
    """
    name = _name(artifact) if artifact.kind in _KINDS else ""
    if not name:
        return None, ()
    node = imported.graph.get(name)
    if node is not None:
        return InitOp(name, frozenset(imported.graph.ancestors([node]) | {node})), ()
    left_out = imported.left_out.get(name)
    why = "it is not in the graph." if left_out is None else str(left_out)
    return None, (f"The init op of the SavedModel, {name!r}, was not run: {why}",)


def _name(artifact: Artifact) -> str:
    signature = artifact.meta.signatures.get(INIT_SIGNATURE)
    if signature is not None and INIT_SIGNATURE in signature.outputs:
        return str(signature.outputs[INIT_SIGNATURE].name).partition(":")[0]
    for key in _COLLECTIONS:
        collection = artifact.meta.collections.get(key)
        if collection is not None and len(collection.node_list.value) == 1:
            return str(collection.node_list.value[0]).lstrip("^").partition(":")[0]
    return ""
