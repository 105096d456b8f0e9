"""What becomes of a TensorArray: where its handle goes, which of its ops uses which flow.

A TensorArray is an object that ops write to and read from through its handle; its flow, a float that means nothing,
goes from op to op to put them in order. A TensorList is a value: whoever writes gets another list. So the flow becomes
the list, which is right where every op gets the flow of the one whose effect it is to see. That is how tf.TensorArray
passes it; `follow` finds out whether a graph does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from compat_saver.graph.ir import Node, Use, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS
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
        starts: where its flow begins: the uses of the array's own, or of a constant, as before TensorFlow 1.0.
        flows: all values of its flow behind the start.
        flow_carriers: the ops that pass the flow on.
    """

    array: Node
    users: dict[Node, None] = field(default_factory=dict)
    carriers: dict[Node, None] = field(default_factory=dict)
    starts: dict[Use, None] = field(default_factory=dict)
    flows: dict[Value, None] = field(default_factory=dict)
    flow_carriers: dict[Node, None] = field(default_factory=dict)


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
    """Follows the flow from every op that takes it, backward and forward; nothing else may take it then."""
    pending = [*(Use(node, FLOWS[node.op]) for node in found.users), *found.array.output(1).uses]
    seen = set(pending)
    while pending:
        use = pending.pop()
        flow = use.node.inputs[use.position]
        if _is_start(flow, found.array):
            found.starts[use] = None
        else:
            found.flows[flow] = None
        reached = [item for item in _beside(found, use, flow) if item not in seen]
        seen.update(reached)
        pending += reached


def _beside(found: ArrayFlow, use: Use, flow: Value) -> list[Use]:
    """Returns the other uses of a flow, those of what its user hands out, and what its own source takes."""
    outputs = [flow] if flow in found.flows else []
    if use.node.op in HANDLE_CARRIERS:
        found.flow_carriers[use.node] = None
        outputs += _carried(use, flow)
    elif use.node not in found.users or use.position != FLOWS[use.node.op]:
        raise NotFunctional(f"{use.node.name!r} ({use.node.op}) takes its flow")
    elif use.node.op in WRITERS:
        outputs.append(use.node.output())
    inputs = [Use(node, index) for node in (use.node, *_sources(found, flow)) for index in _flow_inputs(node)]
    return inputs + [item for value in outputs for item in value.uses]


def _sources(found: ArrayFlow, flow: Value) -> list[Node]:
    """Returns the op whose flow a flow is, if that took one itself."""
    if flow not in found.flows:
        return []
    if flow.node.op not in HANDLE_CARRIERS and not (flow.node.op in WRITERS and flow.node in found.users):
        raise NotFunctional(f"it gets the flow of {flow.node.name!r} ({flow.node.op})")
    return [flow.node]


def _flow_inputs(node: Node) -> range | tuple[int, ...]:
    if node.op in HANDLE_CARRIERS:
        return range(len(_passed_on(node)))
    return (FLOWS[node.op],)


def _is_start(flow: Value, array: Node) -> bool:
    return flow == array.output(1) or flow.node.op == "Const"


def _carried(use: Use, value: Value) -> list[Value]:
    return [use.node.output(port) for port in carried_to(value, use.position, use.node.op)]


def _passed_on(carrier: Node) -> tuple[Value, ...]:
    return carrier.inputs if carrier.op == "Merge" else carrier.inputs[:1]


def _check_writes(found: ArrayFlow) -> None:
    """Every write must be seen by all that comes after it: its flow goes on, and nothing else writes beside it."""
    changed = _leading_to_writes(found)
    for uses in (tuple(found.starts), *(flow.uses for flow in found.flows)):
        branches = [use for use in uses if _goes_on_to_write(use, changed)]
        if len(branches) > 1:
            raise NotFunctional(f"{branches[0].node.name!r} and {branches[1].node.name!r} write to it side by side")
        for use in branches:
            if use.node.op == "Enter" and use.node.attr.bool("is_constant"):
                raise NotFunctional(f"a loop writes to it, but takes its flow as if nothing did ({use.node.name!r})")
    for node in found.users:
        if node.op in WRITERS and not node.output().uses and node.control_uses:
            raise NotFunctional(f"{node.name!r} writes to it, but nothing takes the flow")


def _goes_on_to_write(use: Use, changed: set[Node]) -> bool:
    return use.node.op in WRITERS or use.node in changed


def _leading_to_writes(found: ArrayFlow) -> set[Node]:
    """Returns what passes the flow on to a write."""
    pending = [node.inputs[WRITERS[node.op]].node for node in found.users if node.op in WRITERS]
    changed: set[Node] = set()
    while pending:
        node = pending.pop()
        if node not in changed and node in found.flow_carriers:
            changed.add(node)
            pending += [value.node for value in _passed_on(node)]
    return changed
