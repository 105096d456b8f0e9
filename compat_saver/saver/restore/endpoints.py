"""Inputs and outputs of a model: from the signatures of its file, or else inferred as for a migration."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver import dtypes
from compat_saver.analysis.serving.modes import Mode
from compat_saver.analysis.walk import needed_from
from compat_saver.errors import CannotMigrateError, NameNotFoundError, UsageError
from compat_saver.graph import Graph
from compat_saver.graph.attributes import Shape
from compat_saver.graph.op_sets import PYTHON_OPS
from compat_saver.model.choosing import choose_signatures
from compat_saver.model.folding import FoldedGraph, fold
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import ServingRequest, Signature, Tensor
from compat_saver.saver.restore.graph_import import remove_python


@dataclass(frozen=True)
class Endpoint:
    """An input or output tensor of a model.

    Attributes:
        key: its key in the signature.
        tensor: its name in the graph.
        dtype: the name of its type, such as "float32".
        shape: as far as recorded in the file; None for an unknown rank.
        signature: the name of the signature; of several that have it, the first.
    """

    key: str
    tensor: str
    dtype: str
    shape: Shape
    signature: str


class Endpoints:
    """The inputs, outputs and training-mode inputs of a graph, computed on first access.

    Args:
        model: the model as it was opened.
        graph: the part of its graph that was imported; anything else is neither input nor output.
    """

    def __init__(self, model: LegacyModel, graph: Graph) -> None:
        self._model, self._graph = model, graph

    @functools.cached_property
    def inputs(self) -> dict[str, Endpoint]:
        """Key -> input; SIGNATURE/KEY where two signatures have the key for different tensors."""
        return self._by_key([(item.name, item.inputs) for item in self._signatures])

    @functools.cached_property
    def outputs(self) -> dict[str, Endpoint]:
        """Key -> output; SIGNATURE/KEY where two signatures have the key for different tensors."""
        return self._by_key([(item.name, item.outputs) for item in self._signatures])

    def of(self, kind: str) -> dict[str, Endpoint]:
        """Returns "inputs" or "outputs"."""
        return self.inputs if kind == "inputs" else self.outputs

    def find(self, name: str, kinds: Iterable[str]) -> Endpoint | None:
        """Returns the endpoint of a key; None if there is no such key.

        Args:
            name: as `inputs` and `outputs` have it.
            kinds: "inputs" and "outputs", in the order in which to look.

        Raises:
            UsageError: several signatures have the key, for different tensors.
        """
        for kind in kinds:
            known = self.of(kind)
            if name in known:
                return known[name]
            several = [key for key, item in known.items() if item.key == name]
            if several:
                choices = " or ".join(map(repr, several))
                raise UsageError(
                    f"{name!r} is a key of several signatures, for different {kind}: use {choices}. "
                    f"{name + ':0'!r} would be the tensor of that name in the graph."
                )
        return None

    @functools.cached_property
    def modes(self) -> dict[str, Any]:
        """Training-mode input -> its value for inference."""
        return {name: mode.value.tolist() for name, mode in self.training_inputs.items()}

    @functools.cached_property
    def training_inputs(self) -> Mapping[str, Mode]:
        """Training-mode input -> its Mode, with the evidence for it."""
        return {mode.tensor: mode for mode in self._folded.modes if self._is_there(mode.tensor)}

    @functools.cached_property
    def _folded(self) -> FoldedGraph:
        return fold(self._model, ServingRequest())

    @functools.cached_property
    def _signatures(self) -> tuple[Signature, ...]:
        graph, trainable = self._folded.graph, self._model.trainable
        found = self._chosen(trainable)
        if self._model.signatures or not any(_needs_python(graph, item) for item in found):
            return found
        remove_python(graph)
        return self._chosen({name for name in trainable if name in graph}) or found

    def _chosen(self, trainable: Collection[str]) -> tuple[Signature, ...]:
        try:
            return choose_signatures(self._model, self._folded, ServingRequest(), trainable).signatures
        except (CannotMigrateError, NameNotFoundError):
            return ()  # nothing can be inferred, or the file names what is not in it

    def _by_key(self, tensors: Iterable[tuple[str, Mapping[str, Tensor]]]) -> dict[str, Endpoint]:
        listed = [
            Endpoint(key, item.name, dtypes.name_of(dtypes.base(item.dtype)), item.shape, signature)
            for signature, items in tensors
            for key, item in items.items()
            if self._is_there(item.name)
        ]
        meant: dict[str, set[str]] = {}
        for item in listed:
            meant.setdefault(item.key, set()).add(item.tensor)
        found: dict[str, Endpoint] = {}
        for item in listed:
            found.setdefault(item.key if len(meant[item.key]) == 1 else f"{item.signature}/{item.key}", item)
        return found

    def _is_there(self, tensor: str) -> bool:
        return tensor.partition(":")[0] in self._graph


def _needs_python(graph: Graph, signature: Signature) -> bool:
    """Whether an output depends on a Python function of the program, whatever is fed."""
    inputs = {graph.value(item.name) for item in signature.inputs.values()}
    outputs = [graph.value(item.name) for item in signature.outputs.values()]
    return any(node.op in PYTHON_OPS for node in needed_from(outputs, inputs))
