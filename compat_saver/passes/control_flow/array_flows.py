"""What becomes of a TensorArray: where its handle goes, which of its ops uses which flow.

A TensorArray is an object that ops write to and read from through its handle; its flow, a float that means nothing,
goes from op to op to put them in order. A TensorList is a value: whoever writes gets another list. So the flow becomes
the list, which is right where every op gets the flow of the one whose effect it is to see. That is how tf.TensorArray
passes it; `follow` finds out whether a graph does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from compat_saver.graph.ir import Node, Use, Value
from compat_saver.passes.control_flow.parts import NotFunctional
from compat_saver.passes.retype import carried_to

# op -> which input is the flow
WRITERS = {"TensorArrayWriteV3": 3, "TensorArrayScatterV3": 3, "TensorArraySplitV3": 3}
READERS = {"TensorArrayReadV3": 2, "TensorArrayGatherV3": 2, "TensorArrayConcatV3": 1, "TensorArraySizeV3": 1}
FLOWS = WRITERS | READERS
_CLOSE = "TensorArrayCloseV3"


@dataclass
class ArrayFlow:
    """A TensorArray and all that belongs to it.

    Attributes:
        array: the TensorArrayV3.
        users: the ops that write to it or read from it.
        carriers: the ops that only pass its handle on, and those that close it.
        flows: all values of its flow.
        flow_carriers: the ops that pass the flow on.
    """

    array: Node
    users: dict[Node, None] = field(default_factory=dict)
    carriers: dict[Node, None] = field(default_factory=dict)
    flows: dict[Value, None] = field(default_factory=dict)
    flow_carriers: dict[Node, None] = field(default_factory=dict)

    @property
    def writers(self) -> Iterator[Node]:
        """The users that write."""
        return (node for node in self.users if node.op in WRITERS)


def follow(array: Node) -> ArrayFlow:
    """Follows handle and flow of a TensorArrayV3.

    Raises:
        NotFunctional: its ops are not put in order by its flow alone.
    """
    found = ArrayFlow(array)
    _follow_handle(found)
    _follow_flow(found)
    _check_writes(found)
    return found


def _follow_handle(found: ArrayFlow) -> None:
    handles = {found.array.output()}
    pending = list(handles)
    while pending:
        handle = pending.pop()
        for use in handle.uses:
            copies = _carried(use, handle)
            if use.node.op in FLOWS and use.position == 0:
                found.users[use.node] = None
            elif use.node.op == _CLOSE or copies:
                found.carriers[use.node] = None
                pending += [copy for copy in copies if copy not in handles]
                handles.update(copies)
            else:
                raise NotFunctional(f"{use.node.name!r} ({use.node.op}) takes its handle")
    for node in found.carriers:
        if any(value not in handles for value in _passed_on(node)):
            raise NotFunctional(f"{node.name!r} chooses between it and another one")
        if node.control_uses:
            raise NotFunctional(f"{node.control_uses[0].name!r} waits for its handle")


def _follow_flow(found: ArrayFlow) -> None:
    found.flows[found.array.output(1)] = None
    pending = list(found.flows)
    while pending:
        flow = pending.pop()
        for use in flow.uses:
            fresh = [value for value in _flows_behind(found, use, flow) if value not in found.flows]
            found.flows.update(dict.fromkeys(fresh))
            pending += fresh
    for node in found.users:
        if node.inputs[FLOWS[node.op]] not in found.flows:
            raise NotFunctional(f"{node.name!r} does not get the flow of the ops before it")
    for node in found.flow_carriers:
        if any(value not in found.flows for value in _passed_on(node)):
            raise NotFunctional(f"{node.name!r} chooses between its flow and another one")


def _flows_behind(found: ArrayFlow, use: Use, flow: Value) -> list[Value]:
    """Returns the flows that a use of one hands out."""
    node = use.node
    if node in found.users and use.position == FLOWS[node.op]:
        return [node.output()] if node.op in WRITERS else []
    copies = _carried(use, flow)
    if not copies:
        raise NotFunctional(f"{node.name!r} ({node.op}) takes its flow")
    found.flow_carriers[node] = None
    return copies


def _carried(use: Use, value: Value) -> list[Value]:
    return [use.node.output(port) for port in carried_to(value, use.position, use.node.op)]


def _passed_on(carrier: Node) -> tuple[Value, ...]:
    return carrier.inputs if carrier.op == "Merge" else carrier.inputs[:1]


def _check_writes(found: ArrayFlow) -> None:
    """Every write must be seen by all that comes after it: its flow goes on, and nothing else writes beside it."""
    changed = _leading_to_writes(found)
    for flow in found.flows:
        branches = [use for use in flow.uses if _goes_on_to_write(use, flow, changed)]
        if len(branches) > 1:
            raise NotFunctional(f"{branches[0].node.name!r} and {branches[1].node.name!r} write to it side by side")
        for use in branches:
            if use.node.op == "Enter" and use.node.attr.bool("is_constant"):
                raise NotFunctional(f"a loop writes to it, but takes its flow as if nothing did ({use.node.name!r})")
    for node in found.writers:
        if not node.output().uses and node.control_uses:
            raise NotFunctional(f"{node.name!r} writes to it, but nothing takes the flow")


def _goes_on_to_write(use: Use, flow: Value, changed: set[Value]) -> bool:
    return use.node.op in WRITERS or any(value in changed for value in _carried(use, flow))


def _leading_to_writes(found: ArrayFlow) -> set[Value]:
    """Returns the flows that some write gets, directly or passed on."""
    pending = [node.inputs[WRITERS[node.op]] for node in found.writers]
    changed: set[Value] = set()
    while pending:
        flow = pending.pop()
        if flow not in changed:
            changed.add(flow)
            if flow.node in found.flow_carriers:
                pending += _passed_on(flow.node)
    return changed
