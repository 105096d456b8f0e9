"""Makes explicit what reference variables do implicitly: they share values by name, and are read at each use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, HANDLE_CARRIERS, SAME_BUFFER_OPS, VARIABLE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.retype import carried_to
from compat_saver.proto.messages import Message


class SharedVariables(Pass):
    """Makes all users of a variable name use one node: the one of that name if there is one, else the first.

    A session keeps the value of a variable under its `shared_name`, or else under the name of its node, and per
    container. Two nodes with the same such name are one variable, of which a saver stores one.
    """

    name = "shared_variables"

    def apply(self, graph: Graph) -> Rewrite:
        """Redirects the uses of all other nodes, which are left without any."""
        by_name: dict[tuple[bytes, str], list[Node]] = {}
        for node in graph:
            if node.op in ANY_VARIABLE_OPS:
                shared = node.attr.text("shared_name") or node.name
                by_name.setdefault((node.attr.bytes("container"), shared), []).append(node)
        count = 0
        for (_, name), nodes in by_name.items():
            first = next((node for node in nodes if node.name == name), nodes[0])
            for other in nodes:
                if other is not first and (other.op in VARIABLE_OPS) == (first.op in VARIABLE_OPS):
                    other.output().replace_uses(first.output())
                    count += 1
        return Rewrite(self.name, count, f"{counted(count, 'variable that is', 'variables that are')} another one")


_READ = "Identity"
_LETTING_IN = {"Enter": "RefEnter", "Switch": "RefSwitch"}
_NEVER_CHANGES = "IsVariableInitialized"


class LateReads(Pass):
    """Gives each use of a variable's read that runs after a change of the variable a read of its own.

    `w/read`, an Identity of the reference, copies nothing: it forwards the variable's own buffer, and each user sees
    the content at the time it runs. So tf.identity(w) under a control dependency on w.assign_add(1) gives the new
    value, though `w/read` itself ran before. A ReadVariableOp returns a snapshot. This pass makes the difference
    explicit while the variable is still a reference: such a use gets an Identity of its own, which waits for all that
    its user waits for. A use that nothing orders after a change may see the value before it.

    A read that enters a loop is a read in each iteration there, one that enters a branch of a conditional is a read in
    that branch: the reference enters beside it.

    An Assign counts as a change if it copies into the variable's buffer. It does not if it can take over the buffer of
    the value instead, and what was read before keeps the old one; it can unless something else has that buffer: a
    constant, a variable, or a node that runs later and needs the value too.
    Source: tensorflow/core/kernels/assign_op.h, dense_update_ops.cc, identity_op.h.

    Args:
        catalog: the op definitions, which mark inputs that are references.
    """

    name = "late_reads"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog

    def apply(self, graph: Graph) -> Rewrite:
        """Adds the reads."""
        moves = _assigns_that_move(graph)
        changes = {node: found for node in graph if node.op in VARIABLE_OPS and (found := self._changes(node, moves))}
        after = nodes_after(changes.values())
        count = sum(
            _read_late(graph, variable, functools.partial(_has_bit, after, number))
            for number, variable in enumerate(changes)
        )
        reads, variables = counted(count, "read"), counted(len(changes), "variable")
        return Rewrite(self.name, count, f"{reads} of {variables} that the graph changes")

    def _changes(self, variable: Node, moves: Collection[Node]) -> list[Node]:
        """Returns the ops that change the variable's buffer, through any op that carries the reference to it."""
        found = []
        pending, seen = [variable.output()], {variable.output()}
        while pending:
            for use in pending.pop().uses:
                if not self._takes_reference(use):
                    continue
                copies = [use.node.output(port) for port in _forwarding_outputs(use)]
                if use.node.op not in (*HANDLE_CARRIERS, _NEVER_CHANGES) and use.node not in moves:
                    found.append(use.node)
                pending += [copy for copy in copies if copy not in seen]
                seen.update(copies)
        return found

    def _takes_reference(self, use: Use) -> bool:
        if self._catalog.find(use.node.op) is None:
            return False
        types = self._catalog.input_types(use.node)
        return use.position < len(types) and dtypes.is_ref(types[use.position])


def _assigns_that_move(graph: Graph) -> set[Node]:
    """Returns the Assigns that may take over the buffer of their value."""
    assigns = [node for node in graph if node.op == "Assign"]
    after = nodes_after([node] for node in assigns)
    return {
        node
        for number, node in enumerate(assigns)
        if not _is_held(node.inputs[-1], functools.partial(_has_bit, after, number))
    }


def _is_held(value: Value, is_later: Callable[[Node], bool]) -> bool:
    """Whether a constant, a variable, or a node for which `is_later` holds needs the buffer of a value as well."""
    pending, seen = [value], {value}
    while pending:
        item = pending.pop()
        users = [use.node for use in item.uses]
        if item.node.op in ("Const", *VARIABLE_OPS) or any(map(is_later, users)):
            return True
        alike = [user.output() for user in users if user.op in SAME_BUFFER_OPS and user.inputs[0] == item]
        alike += item.node.inputs[:1] if item.node.op in SAME_BUFFER_OPS else ()
        pending += [other for other in alike if other not in seen]
        seen.update(alike)
    return False


def _forwarding_outputs(use: Use) -> tuple[int, ...]:
    """Returns the outputs that are the reference again: those of a carrier, or the only one of Assign."""
    carried = carried_to(use.node.inputs[use.position], use.position, use.node.op)
    return carried or ((0,) if use.node.op == "Assign" else ())


def nodes_after(changes: Iterable[Iterable[Node]]) -> dict[Node, int]:
    """Returns node -> a number in which bit i stands for changes number i, of which one has to run before the node."""
    found: dict[Node, int] = {}
    wave: dict[Node, int] = {}
    for number, nodes in enumerate(changes):
        wave |= {node: wave.get(node, 0) | 1 << number for node in nodes}
    while wave:
        following: dict[Node, int] = {}
        for node, bits in wave.items():
            for user in (*(use.node for value in node.used_outputs for use in value.uses), *node.control_uses):
                if new := bits & ~found.get(user, 0):
                    found[user] = found.get(user, 0) | new
                    following[user] = following.get(user, 0) | new
        wave = following
    return found


def _has_bit(bits: Mapping[Node, int], number: int, node: Node) -> bool:
    return bool(bits.get(node, 0) >> number & 1)


def _read_late(graph: Graph, variable: Node, is_late: Callable[[Node], bool]) -> int:
    """Rewrites the late uses of all reads of a variable; returns how many reads were added or moved."""
    count = 0
    reference = variable.output()
    # The output of a read, and the reference that is available there.
    pending = [(use.node.output(), reference) for use in reference.uses if use.node.op == _READ]
    while pending:
        value, reference = pending.pop()
        for use in value.uses:
            if is_late(use.node):
                count += _read_again(graph, use, reference, variable.attrs["dtype"])
            if use.node.op == _READ:
                pending.append((use.node.output(), reference))
            elif use.node.op in _LETTING_IN and _lets_in_unchanged(use):
                pending += _let_in(graph, use.node, reference)
    return count


def _read_again(graph: Graph, use: Use, reference: Value, dtype: Message) -> bool:
    """Makes one use read the variable when its user runs; returns whether that is later than before."""
    waits = _waits(use)
    if waits and use.node.op == _READ:
        use.node.replace_input(0, reference)
        for node in waits:
            use.node.add_control_input(node)
    elif waits:
        name = graph.unique_name(f"{use.node.name}/late_read")
        read = graph.add(_READ, name, [reference], {"T": dtype}, control_inputs=waits)
        use.node.replace_input(use.position, read.output())
    return bool(waits)


def _lets_in_unchanged(use: Use) -> bool:
    """Whether a read enters a loop to be the same in every iteration, or a branch of a conditional as its value."""
    return use.node.attr.bool("is_constant") if use.node.op == "Enter" else use.position == 0


def _let_in(graph: Graph, node: Node, reference: Value) -> list[tuple[Value, Value]]:
    """Takes the reference to where an Enter or Switch lets a read in; returns pairs of read and reference there."""
    name = graph.unique_name(f"{node.name}/reference")
    beside = graph.add(_LETTING_IN[node.op], name, [reference, *node.inputs[1:]], node.attrs)
    return [(value, beside.output(value.index)) for value in node.used_outputs]


def _waits(use: Use) -> list[Node]:
    """Returns what the user of a read waits for; a carrier forwards a value as soon as there is one."""
    read = use.node.inputs[use.position].node
    others = (
        () if use.node.op in HANDLE_CARRIERS else (value.node for value in use.node.inputs if value.node is not read)
    )
    nodes = [*others, *use.node.control_inputs]
    # A node that waits for nothing itself, a constant or a placeholder, is ready from the start.
    found = [node for node in nodes if node.inputs or node.control_inputs]
    return [*found, *read.control_inputs] if found else []
