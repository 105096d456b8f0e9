"""Gives the tensors of the signatures nodes of their own, so that no later rewrite can move them away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from compat_saver.graph.attributes import Shape, shape_attr, type_attr
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.feed import feed
from compat_saver.proto.messages import Message


@dataclass(frozen=True)
class InputSpec:
    """An input to be: the node that will stand for it, and what flows there.

    Attributes:
        node: the name of the placeholder to make.
        dtype: its DT_* number.
        shape: its static shape.
        is_shared: whether some signature computes the tensor that another one takes.
    """

    node: str
    dtype: int
    shape: Shape
    is_shared: bool = False


class ExposeInputs(Pass):
    """Makes all that reads an input tensor read a node of its own, in whose place a signature takes what it is given.

    The tensor may be a placeholder already or any value in the middle of the graph: what a queue or an iterator
    delivered, a decoded image. Two cases:

    1. Every signature that needs the tensor takes it: the node is a placeholder, and what computed the tensor falls to
       `Prune`.
    2. Some signature computes it: the node is an Identity of it, for a signature that takes it to cut with `Begin`.

    Args:
        inputs: tensor name -> the node to make for it.
    """

    name = "expose_inputs"

    def __init__(self, inputs: Mapping[str, InputSpec]) -> None:
        self._inputs = inputs

    def apply(self, graph: Graph) -> Rewrite:
        """Adds a node per input."""
        for name, spec in self._inputs.items():
            value = graph.value(name)
            if spec.is_shared:
                passed_on = graph.add("Identity", spec.node, attrs={"T": type_attr(spec.dtype)})
                value.replace_uses(passed_on.output())
                passed_on.set_inputs([value])
            else:
                feed(value, graph.add("Placeholder", spec.node, attrs=_placeholder_attrs(spec)).output())
        return Rewrite(self.name, len(self._inputs), ", ".join(self._inputs))

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Nothing but its node reads an old tensor."""
        for name, spec in self._inputs.items():
            readers = [use.node.name for use in graph.value(name).uses]
            if readers != [spec.node] * spec.is_shared:
                yield f"{name} is still read"


class Begin(Pass):
    """Cuts a graph where one of its signatures begins: what `ExposeInputs` made becomes a placeholder throughout.

    Args:
        inputs: the nodes that stand for what the signature takes; those that are not there are not needed.
    """

    name = "begin"

    def __init__(self, inputs: Iterable[InputSpec]) -> None:
        self._inputs = tuple(inputs)

    def apply(self, graph: Graph) -> Rewrite:
        """Turns the nodes into placeholders, whatever the rewrites made of an Identity since."""
        nodes = [(graph[spec.node], spec) for spec in self._inputs if spec.node in graph]
        for node, spec in nodes:
            node.set_inputs(())
            for other in node.control_inputs:
                node.remove_control_input(other)
            node.op, node.attrs = "Placeholder", _placeholder_attrs(spec)
        return Rewrite(self.name, len(nodes), ", ".join(node.name for node, _ in nodes))


def _placeholder_attrs(spec: InputSpec) -> dict[str, Message]:
    return {"dtype": type_attr(spec.dtype), "shape": shape_attr(spec.shape)}


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
