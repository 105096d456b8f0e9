"""The graph as it is in inference: inputs fixed to constants, conditionals decided, one node per variable.

Outputs are inferred from this graph, by `inspect`, by a migration and by `restore` alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compat_saver.analysis.serving.modes import Mode
from compat_saver.graph import Graph, Node
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import ServingRequest
from compat_saver.model.training_inputs import bound_values, modes_to_bind
from compat_saver.passes import Pass, Rewrite, run_passes
from compat_saver.passes.structure.fold_conditionals import FoldConditionals
from compat_saver.passes.structure.inputs_and_outputs import BindInputs
from compat_saver.passes.structure.reference_semantics import SharedVariables


def fold_passes(bound: Mapping[str, np.ndarray]) -> Sequence[Pass]:
    """Returns the passes over the whole graph before signatures are chosen, in order.

    1. Constants first, for conditionals are decided by them.
    2. Conditionals, so that what only a branch that is never taken depends on is no input.
    3. Nodes of one variable become one at last: a branch that is gone may hold some of them.
    """
    return (BindInputs(bound), FoldConditionals(), SharedVariables())


@dataclass(frozen=True)
class FoldedGraph:
    """A graph in inference.

    Attributes:
        graph: the whole graph, folded; the stages that follow edit it.
        modes: the training-mode inputs that were fixed, though the user did not ask for it.
        given: tensor name -> the constant that the user fixed it to.
        rewrites: what the passes did.
        leftovers: nodes whose readers folding gave to other nodes: they are there by name only, and no outputs.
    """

    graph: Graph = field(repr=False)
    modes: tuple[Mode, ...]
    given: Mapping[str, np.ndarray]
    rewrites: tuple[Rewrite, ...]
    leftovers: frozenset[str]

    @property
    def bound(self) -> dict[str, np.ndarray]:
        """Tensor name -> the constant it was fixed to."""
        return {mode.tensor: mode.value for mode in self.modes} | dict(self.given)


def fold(model: LegacyModel, request: ServingRequest) -> FoldedGraph:
    """Returns the graph of a model as it is in inference.

    Raises:
        NameNotFoundError: a tensor to be bound is not there.
        UsageError: a value does not fit its tensor.
    """
    graph = model.graph()
    modes = modes_to_bind(model, request)
    given = bound_values(graph, model.catalog, request.bind)
    rewrites = run_passes(fold_passes({mode.tensor: mode.value for mode in modes} | given), graph)
    return FoldedGraph(graph, modes, given, tuple(rewrites), _leftovers(graph, model.as_read))


def _leftovers(graph: Graph, as_read: Graph) -> frozenset[str]:
    unread = (node.name for node in graph if not _is_read(node))
    return frozenset(name for name in unread if (before := as_read.get(name)) is not None and _is_read(before))


def _is_read(node: Node) -> bool:
    return any(value.uses for value in node.used_outputs)
