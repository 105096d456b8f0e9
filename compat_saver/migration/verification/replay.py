"""Runs the original graph in a `tf.compat.v1.Session`: the judge of every migration.

Nothing of our rewriting takes part: TensorFlow imports the graph that was read, and TensorFlow's own kernels restore
the variables from the checkpoint. Only devices, colocations and recorded shapes go, for they may not hold here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.analysis.weights import Weight
from compat_saver.errors import CannotMigrateError, CompatSaverError
from compat_saver.graph import from_graph_def, to_graph_def
from compat_saver.migration.artifact import Artifact
from compat_saver.migration.signature import Signature
from compat_saver.passes import DropPlacement, Prune, run
from compat_saver.passes.ref_counterparts import VARIABLE_OPS
from compat_saver.proto.messages import OpList
from compat_saver.proto.meta_graph import MetaGraph


class ReplayError(CompatSaverError):
    """The original graph does not run on some inputs."""


class Replay:
    """A session on the original graph, its variables restored; a context manager.

    Args:
        artifact: the graph as its release wrote it, and its checkpoint.
        signatures: what will be asked.
        weights: the variables to restore.
        bound: tensor name -> the value to feed with every run.

    Attributes:
        is_whole: whether the whole graph could be imported, not just what the signatures need.
    """

    def __init__(
        self,
        artifact: Artifact,
        signatures: Sequence[Signature],
        weights: Sequence[Weight],
        bound: Mapping[str, np.ndarray],
    ) -> None:
        self._tf = _tensorflow.tensorflow()
        self._bound = dict(bound)
        self._graph, self.is_whole = self._import(artifact.meta, signatures)
        self._session = self._tf.compat.v1.Session(graph=self._graph)
        with self._graph.as_default():
            prefix = "" if artifact.checkpoint is None else artifact.checkpoint.prefix
            restores = [self._restore_op(prefix, weight) for weight in weights]
        self._session.run(restores)

    def __enter__(self) -> Replay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def run(self, signature: Signature, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns output key -> array.

        Raises:
            ReplayError: the graph does not run on these inputs.
        """
        fed = {signature.inputs[key].name: array for key, array in feeds.items()}
        fetches = {key: tensor.name for key, tensor in signature.outputs.items()}
        try:
            found = self._session.run(fetches, {**self._bound, **fed})
        except _tensorflow.refusals() as error:
            raise ReplayError(_tensorflow.gist(error)) from error
        return {key: np.asarray(value) for key, value in found.items()}

    def _import(self, meta: MetaGraph, signatures: Sequence[Signature]) -> tuple[Any, bool]:
        # Whatever stands in the way of the whole graph may lie in the training part, which no answer needs.
        with contextlib.suppress(*_tensorflow.refusals()):
            return self._import_graph(meta, ()), True
        tensors = [tensor.name for item in signatures for tensor in (*item.inputs.values(), *item.outputs.values())]
        names = [name.partition(":")[0] for name in (*tensors, *self._bound)]
        try:
            return self._import_graph(meta, names), False
        except _tensorflow.refusals() as error:
            raise CannotMigrateError(
                [f"The original graph cannot be replayed, so nothing can be proven: {_tensorflow.gist(error)}"]
            ) from error

    def _import_graph(self, meta: MetaGraph, roots: Sequence[str]) -> Any:
        original = from_graph_def(meta.graph_def)
        run([*([Prune(roots)] if roots else []), DropPlacement()], original)
        message = self._tf.compat.v1.GraphDef.FromString(to_graph_def(original).SerializeToString())
        graph = self._tf.Graph()
        with graph.as_default():
            self._tf.graph_util.import_graph_def(message, name="", producer_op_list=self._producer_ops(meta))
        return graph

    def _producer_ops(self, meta: MetaGraph) -> Any:
        """What import_meta_graph passes as well: unknown attributes at their default of the day are dropped."""
        if not meta.stripped_ops:
            return None
        return _tensorflow.op_list(OpList(op=meta.stripped_ops.values()).SerializeToString())

    def _restore_op(self, prefix: str, weight: Weight) -> Any:
        raw = self._tf.raw_ops
        if weight.initial is not None:
            value = self._tf.constant(weight.initial, weight.dtype)
        else:
            spec = "" if weight.location.part is None else str(weight.location.part)
            (value,) = raw.RestoreV2(
                prefix=prefix, tensor_names=[weight.location.key], shape_and_slices=[spec], dtypes=[weight.dtype]
            )
        target = self._graph.get_tensor_by_name(f"{weight.name}:0")
        if target.op.type in VARIABLE_OPS:
            return raw.Assign(ref=target, value=value, validate_shape=False).op
        return raw.AssignVariableOp(resource=target, value=value)
