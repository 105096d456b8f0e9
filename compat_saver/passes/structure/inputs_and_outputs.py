"""The tensors at the edges of signatures: bound to constants, fed, or given nodes of their own.

A node of its own keeps its name whatever later rewrites do to the graph around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.attributes import Shape, shape_attr, tensor_attr, type_attr
from compat_saver.graph.ir import Graph, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import Message


def feed(value: Value, other: Value) -> None:
    """Makes all readers of `value` read `other`.

    A node that waits for a fed placeholder no longer waits: the placeholder would never run. Any other node that
    computes a fed tensor still runs for the nodes that wait for it. Source: FeedInputs in
    tensorflow/core/graph/subgraph.cc.
    """
    value.replace_uses(other)
    if value.node.op in PLACEHOLDER_OPS:
        for user in value.node.control_uses:
            user.remove_control_input(value.node)


class BindInputs(Pass):
    """Makes all readers of a tensor read a constant instead: `keep_prob`, `is_training`.

    Args:
        values: tensor name -> its value, already of the tensor's dtype.
    """

    name = "bind_inputs"

    def __init__(self, values: Mapping[str, np.ndarray]) -> None:
        self._values = values

    def apply(self, graph: Graph) -> Rewrite:
        """Adds a constant per bound tensor."""
        for name, array in self._values.items():
            value = graph.value(name)
            number = dtypes.from_numpy(array.dtype).number
            constant = graph.add(
                "Const",
                graph.unique_name(f"{value.node.name}/bound"),
                attrs={"dtype": type_attr(number), "value": tensor_attr(array)},
                # Its control inputs place a constant inside a loop or a branch; the new one belongs there too.
                control_inputs=value.node.control_inputs if value.node.op == "Const" else (),
            )
            feed(value, constant.output())
        return Rewrite(self.name, len(self._values), ", ".join(self._values))


_STRING = dtypes.by_name("string").number
_FILENAME = 1


class ReadTableFiles(Pass):
    """Lets lookup tables read their text files from a path that a placeholder gives, not from the recorded one.

    Initializers of the same file share one placeholder.

    Args:
        placeholders: name of an InitializeTableFromTextFile -> name of the placeholder that it is to read.
    """

    name = "read_table_files"

    def __init__(self, placeholders: Mapping[str, str]) -> None:
        self._placeholders = placeholders

    def apply(self, graph: Graph) -> Rewrite:
        """Replaces the second input of each."""
        for initializer, name in self._placeholders.items():
            node = graph.get(name)
            if node is None:
                node = graph.add("Placeholder", name, attrs={"dtype": type_attr(_STRING), "shape": shape_attr(())})
            graph[initializer].replace_input(_FILENAME, node.output())
        return Rewrite(self.name, len(self._placeholders), counted(len(set(self._placeholders.values())), "file"))

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Each reads its placeholder."""
        for initializer, name in self._placeholders.items():
            if graph[initializer].inputs[_FILENAME] != graph[name].output():
                yield f"{initializer} does not read {name}"


@dataclass(frozen=True)
class InputSpec:
    """An input of a signature: the node to make for it, and its type.

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
    """Makes all readers of an input tensor read a node of its own, through which a signature feeds it.

    The tensor may be a placeholder already or any value in the middle of the graph: the output of a queue or an
    iterator, a decoded image. Two cases:

    1. Every signature that needs the tensor takes it: the node is a placeholder, and `Prune` removes what computed the
       tensor.
    2. Some signature computes it: the node is an Identity, at which each signature that takes it is cut when written.

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
