"""Gives the tensors of the signatures nodes of their own, so that no later rewrite can move them away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compat_saver.graph.attributes import Shape, shape_attr, type_attr
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.feed import feed


@dataclass(frozen=True)
class InputSpec:
    """An input to be: the node that will stand for it, and what flows there.

    Attributes:
        node: the name of the placeholder to make.
        dtype: its DT_* number.
        shape: its static shape.
    """

    node: str
    dtype: int
    shape: Shape


class ExposeInputs(Pass):
    """Makes all that reads an input tensor read a new placeholder.

    The tensor may be a placeholder already or any value in the middle of the graph: what a queue or an iterator
    delivered, a decoded image. What computed it falls to `Prune`.

    Args:
        inputs: tensor name -> the placeholder to make for it.
    """

    name = "expose_inputs"

    def __init__(self, inputs: Mapping[str, InputSpec]) -> None:
        self._inputs = inputs

    def apply(self, graph: Graph) -> Rewrite:
        """Adds a placeholder per input."""
        for name, spec in self._inputs.items():
            attrs = {"dtype": type_attr(spec.dtype), "shape": shape_attr(spec.shape)}
            placeholder = graph.add("Placeholder", spec.node, attrs=attrs)
            feed(graph.value(name), placeholder.output())
        return Rewrite(self.name, len(self._inputs), ", ".join(self._inputs))

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Nothing reads the old tensors."""
        yield from (f"{name} is still read" for name in self._inputs if graph.value(name).uses)


class ExposeOutputs(Pass):
    """Puts an Identity behind every output tensor.

    Args:
        outputs: tensor name -> (name of the Identity to make, DT_* number of the value).
    """

    name = "expose_outputs"

    def __init__(self, outputs: Mapping[str, tuple[str, int]]) -> None:
        self._outputs = outputs

    def apply(self, graph: Graph) -> Rewrite:
        """Adds an Identity per output."""
        for name, (node, number) in self._outputs.items():
            graph.add("Identity", node, [graph.value(name)], {"T": type_attr(number)})
        return Rewrite(self.name, len(self._outputs), ", ".join(self._outputs))
