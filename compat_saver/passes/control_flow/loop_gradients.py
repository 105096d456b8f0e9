"""Separates loops from their gradients in the same graph, so that the loops become lists and Whiles with gradients.

TensorFlow 1 writes the gradient of a loop as a second loop. It pops what the first one pushed on stacks, and its arrays
are second objects behind the TensorArrays of the first (TensorArrayGrad), which could not become lists therefore.
Neither has gradients in turn: TensorFlow 1 refuses them ("Second-order gradient for while loops not supported"), and
TensorFlow 2 would refuse any gradient of a model with such ops on the way. Two cases:

1. A TensorArray with gradients gets a twin, in which the same is written, and the gradients are those of the twin.
2. What the loop of a gradient hands out, and what is read from an array of gradients, ends differentiation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.control_flow.array_flows import FLOWS, READERS, WRITERS
from compat_saver.passes.control_flow.frames import Frame, outermost_frames
from compat_saver.passes.control_flow.parts import Kept
from compat_saver.passes.retype import carried_to

_ARRAY, _GRADIENTS = "TensorArrayV3", ("TensorArrayGradV3", "TensorArrayGradWithShape")
_IN_GRADIENTS = (*_GRADIENTS, "StackPop", "StackPopV2")
_TAKEN_BY_GRADIENTS = (*_GRADIENTS, "StackPush", "StackPushV2")


class SeparateLoopGradients(Pass):
    """Separates loops from their gradients in the same graph, which have none in turn.

    Args:
        catalog: knows the graph's ops.

    Attributes:
        kept: the loops of gradients, in all graphs that the pass was applied to.
        twins: the arrays that were made for gradients, in all these graphs.
    """

    name = "separate_loop_gradients"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog
        self.kept: list[Kept] = []
        self.twins: set[Node] = set()

    def apply(self, graph: Graph) -> Rewrite:
        """Makes the twins, then ends differentiation."""
        arrays = [found for node in graph if node.op == _ARRAY and (found := _follow(node)).is_separable]
        frames = [frame for frame in outermost_frames(graph) if _has_gradients(frame)]
        inside = {node for frame in frames for node in frame.nodes}
        for found in arrays:
            self._add_twin(graph, found)
        leaving = (node for frame in frames for node in frame.exits)
        for node in (*leaving, *(reader for reader in _read_from_gradients(graph) if reader not in inside)):
            self._end(graph, node.output())
        reason = "TensorFlow 1 has no gradients of the gradient of a loop either"
        self.kept += [Kept("loop of a gradient", frame.name, reason) for frame in frames]
        return Rewrite(self.name, len(arrays), f"{len(arrays):,} arrays, {len(frames):,} loops of gradients")

    def _add_twin(self, graph: Graph, found: _Array) -> None:
        """Case 1: what is written to the array waits until the twin has it too, and so does all that depends on it."""
        twins = {
            node: graph.add(node.op, graph.unique_name(f"{node.name}/twin"), attrs=node.attrs, device=node.device)
            for node in found.nodes
        }

        def twin(value: Value) -> Value:
            return twins[value.node].output(value.index) if value.node in twins else value

        for node, copy in twins.items():
            copy.set_inputs(map(twin, node.inputs))
            for other in node.control_inputs:
                copy.add_control_input(twins.get(other, other))
        self.twins.add(twins[found.array])
        for use in found.gradients:
            use.node.replace_input(use.position, twin(use.node.inputs[use.position]))
        for node, copy in twins.items():
            if node.op in WRITERS:
                node.add_control_input(copy)
                self._end(graph, copy.output())

    def _end(self, graph: Graph, value: Value) -> None:
        """Case 2."""
        number = self._catalog.type_of(value)
        end = graph.add("StopGradient", graph.unique_name(f"{value.node.name}/end"), [value], {"T": type_attr(number)})
        value.replace_uses(end.output(), lambda use: use.node is not end)


@dataclass
class _Array:
    """What belongs to a TensorArray with gradients.

    Attributes:
        array: the TensorArrayV3.
        nodes: itself, the ops that write to it, and those that carry its handle and its flow.
        writers: the ops that write to it by its handle.
        gradients: where handle and flow go to gradients.
    """

    array: Node
    nodes: dict[Node, None] = field(default_factory=dict)
    writers: set[Node] = field(default_factory=set)
    gradients: list[Use] = field(default_factory=list)

    @property
    def is_separable(self) -> bool:
        """Whether it has gradients, and all that is written to it is known by its flow as well."""
        return bool(self.gradients) and self.writers <= self.nodes.keys()


def _follow(array: Node) -> _Array:
    """Follows handle and flow of an array as far as its gradients; what is written by a gradient is not followed."""
    found = _Array(array, {array: None})
    pending = [*array.output(0).uses, *array.output(1).uses]
    seen = set(pending)
    while pending:
        use = pending.pop()
        outputs = [item for item in _handed_on(found, use) if item not in seen]
        seen.update(outputs)
        pending += outputs
    return found


def _handed_on(found: _Array, use: Use) -> list[Use]:
    """Returns the uses of what the user of a handle or a flow hands on; notes the user."""
    node, value = use.node, use.node.inputs[use.position]
    is_of_gradient = any(other.op in _GRADIENTS for other in node.control_inputs)
    if node.op in WRITERS and use.position == 0:
        found.writers.add(node)
    if node.op in FLOWS:
        outputs = [node.output()] if use.position == WRITERS.get(node.op) else []
    elif node.op in HANDLE_CARRIERS and not is_of_gradient:
        outputs = [node.output(port) for port in carried_to(value, use.position, node.op)]
    else:
        outputs = []
        if node.op in _TAKEN_BY_GRADIENTS or is_of_gradient:
            found.gradients.append(use)
    if outputs:
        found.nodes[node] = None
    return [item for output in outputs for item in output.uses]


def _has_gradients(frame: Frame) -> bool:
    return any(node.op in _IN_GRADIENTS for node in frame.nodes)


def _read_from_gradients(graph: Graph) -> Iterator[Node]:
    """Yields what reads from an array of gradients."""
    pending = [node.output() for node in graph if node.op in _GRADIENTS]
    seen = set(pending)
    while pending:
        handle = pending.pop()
        for use in handle.uses:
            if use.node.op in READERS and use.position == 0:
                yield use.node
            copies = {use.node.output(port) for port in carried_to(handle, use.position, use.node.op)} - seen
            seen |= copies
            pending += copies
