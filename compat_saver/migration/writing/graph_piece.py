"""A piece of a plan's graph, to be imported into the functions of a SavedModel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from compat_saver import _tensorflow
from compat_saver.graph import Graph, from_graph_def, to_graph_def
from compat_saver.legacy_session import tf_graph_def
from compat_saver.passes import run_passes
from compat_saver.passes.structure.inputs_and_outputs import CutAtInputs, InputSpec
from compat_saver.passes.structure.library_functions import FunctionNames
from compat_saver.passes.structure.removals import Prune


class GraphPiece:
    """What some nodes need.

    Args:
        graph: the plan's graph; it is copied.
        roots: the names of the nodes to keep.
        held: node name -> the tensor that stands for its first output wherever the piece is imported: the handles of
            variables and tables, the paths of files. Those that the piece does not need may be there too.
        inputs: the nodes that the importer gives tensors for; what computes them is cut away.
    """

    def __init__(
        self, graph: Graph, roots: Sequence[str], held: Mapping[str, Any], inputs: Sequence[InputSpec] = ()
    ) -> None:
        self.graph = from_graph_def(to_graph_def(graph))
        run_passes([CutAtInputs(inputs), Prune(roots), FunctionNames()], self.graph)
        self._inputs = [item.node for item in inputs]
        self._held = {name: tensor for name, tensor in held.items() if name in self.graph}

    def import_into(self, function: Any, fetches: Sequence[str], arguments: Sequence[Any] = ()) -> list[Any]:
        """Imports the piece and returns tensors ("node:0") or operations ("node").

        Args:
            function: the FuncGraph that is being traced.
            fetches: what to return.
            arguments: a tensor for each input.
        """
        tf = _tensorflow.tensorflow()
        given = dict(zip(self._inputs, arguments, strict=True))
        given = {name: tensor for name, tensor in given.items() if name in self.graph}
        given |= {name: function.capture(tensor) for name, tensor in self._held.items()}
        return list(
            tf.graph_util.import_graph_def(
                self._message(given),
                input_map={f"{name}:0": tensor for name, tensor in given.items()},
                return_elements=list(fetches),
                name="",
            )
        )

    def _message(self, given: Collection[str]) -> Any:
        """Returns the GraphDef without the nodes that something else stands for: XLA refuses even an unused handle."""
        message = tf_graph_def(self.graph)
        kept = [node for node in message.node if node.name not in given or self.graph[node.name].control_uses]
        del message.node[:]
        message.node.extend(kept)
        return message
