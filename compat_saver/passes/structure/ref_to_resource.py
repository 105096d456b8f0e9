"""Reference variables -> resource variables: the central step of a migration.

The output of a reference variable is its own buffer: an op that reads the output reads, or changes, the variable. TF2
recognizes only resource variables, whose output is a handle, and which are read and changed by dedicated ops. Four
cases, by the op that uses the reference:

1. An Identity (`w/read`, in most graphs the only user) becomes the ReadVariableOp itself and keeps its name.
2. An op that forwards the reference (RefSwitch, RefEnter, ...) becomes its plain form and forwards the handle.
3. An op that changes the variable (Assign, ScatterAdd, ApplyAdam, ...) becomes its resource form. Its output was the
   reference again; the users of that output now use the handle, after the change.
4. Any other op reads the value directly; it gets a ReadVariableOp of its own, which waits for all that the op waits
   for.

The resource form of an op follows from its name: `Resource` + name (ScatterAdd, ApplyAdam, SparseApplyAdagrad,
StridedSliceAssign, CountUpTo, ...), except for the first ops that TensorFlow gave a resource form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.errors import counted
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS, VARIABLE_OPS
from compat_saver.graph.ops import OpCatalog, known_definitions, known_facts
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import Message

_OTHER_NAMES = {
    "Assign": "AssignVariableOp",
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    "IsVariableInitialized": "VarIsInitializedOp",
}


@dataclass(frozen=True)
class Counterpart:
    """The resource form of a reference op; it takes the same inputs in the same order.

    Attributes:
        op: its name.
    """

    op: str

    def attrs(self, reference_attrs: Mapping[str, Message]) -> dict[str, Message]:
        """Returns the attributes of the resource form, from those of the reference form.

        What one calls `T` the other may call `dtype`; what the resource form does not have (use_locking,
        validate_shape) has no meaning for a resource.
        """
        names = [attr.name for attr in known_definitions()[self.op].attr]
        attrs = {name: reference_attrs[name] for name in names if name in reference_attrs}
        if "dtype" in names and "T" in reference_attrs:
            attrs.setdefault("dtype", reference_attrs["T"])
        return attrs


def counterpart(op: str) -> Counterpart | None:
    """Returns the resource form of a reference op, or None if it has none."""
    name = _OTHER_NAMES.get(op, f"Resource{op}")
    facts = known_facts().get(name)
    return Counterpart(name) if facts is not None and facts.registered_today else None


_RESOURCE = dtypes.by_name("resource").number
_HANDLE_ATTRS = ("dtype", "shape", "container", "shared_name")


class RefToResource(Pass):
    """Replaces every reference variable by a VarHandleOp of the same name.

    Args:
        catalog: the op definitions, which mark inputs and outputs that are references.
    """

    name = "ref_to_resource"

    def __init__(self, catalog: OpCatalog) -> None:
        self._catalog = catalog

    def requires(self, graph: Graph) -> Iterator[str]:
        """Every op that makes or takes references has a counterpart."""
        yield from (f"a counterpart for {node.op} ({node.name})" for node in stuck_nodes(graph, self._catalog))

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites every variable and all that its reference reaches."""
        work = _ResourceRewriter(graph, self._catalog)
        variables = [node for node in graph if node.op in VARIABLE_OPS]
        for variable in variables:
            work.rewrite(variable)
        counts = {"variable": len(variables), "read": work.reads, "assignment": work.changes}
        detail = ", ".join(counted(count, kind) for kind, count in counts.items())
        return Rewrite(self.name, len(variables), detail)

    def ensures(self, graph: Graph) -> Iterator[str]:
        """No op makes or takes a reference."""
        yield from (f"{node.name} ({node.op}) still has a reference" for node in _reference_nodes(graph, self._catalog))


def stuck_nodes(graph: Graph, catalog: OpCatalog) -> Iterator[Node]:
    """Yields the nodes that make or take references and have no resource form."""
    for node in _reference_nodes(graph, catalog):
        if node.op not in VARIABLE_OPS and node.op not in HANDLE_CARRIERS and counterpart(node.op) is None:
            yield node


def _reference_nodes(graph: Graph, catalog: OpCatalog) -> Iterator[Node]:
    for node in graph:
        if catalog.find(node.op) is not None:
            types = (*catalog.input_types(node), *catalog.output_types(node))
            if any(dtypes.is_ref(number) for number in types):
                yield node


class _Reference(NamedTuple):
    """A reference whose users are to be rewritten: the handle that replaces it, and the change its readers wait for."""

    value: Value
    handle: Value
    change: Node | None


class _ResourceRewriter:
    """Rewrites one variable after another; an op such as ApplyAdam takes several."""

    def __init__(self, graph: Graph, catalog: OpCatalog) -> None:
        self._graph = graph
        self._catalog = catalog
        # Collected before the first change: the definition of a rewritten op no longer shows what the old op took.
        self._takes_reference = {
            Use(node, index)
            for node in _reference_nodes(graph, catalog)
            for index, number in enumerate(catalog.input_types(node))
            if dtypes.is_ref(number)
        }
        self._reference_outputs = {
            node: [node.output(port) for port, number in enumerate(catalog.output_types(node)) if dtypes.is_ref(number)]
            for node in _reference_nodes(graph, catalog)
        }
        self._rewritten: set[Node] = set()
        self.reads = 0
        self.changes = 0

    def rewrite(self, variable: Node) -> None:
        """Puts a handle in the variable's place and rewrites every use of the reference."""
        name = variable.name
        self._graph.rename(variable, self._graph.unique_name(f"{name}/reference"))
        attrs = {key: value for key, value in variable.attrs.items() if key in _HANDLE_ATTRS}
        handle = self._graph.add("VarHandleOp", name, attrs=attrs, control_inputs=variable.control_inputs)
        variable.replace_control_uses(handle)
        dtype = variable.attrs["dtype"]
        pending = [_Reference(variable.output(), handle.output(), None)]
        while pending:
            reference = pending.pop()
            for use in reference.value.uses:
                pending += self._rewrite_use(use, reference, dtype)
        self._graph.remove(variable)

    def _rewrite_use(self, use: Use, reference: _Reference, dtype: Message) -> list[_Reference]:
        """Rewrites one use; returns the references that the user forwards."""
        user = use.node
        if use not in self._takes_reference:
            if user.op == "Identity":
                self._become_read(user, reference, dtype)  # case 1
            else:
                self._read_before(use, reference, dtype)  # case 4
            return []
        user.replace_input(use.position, reference.handle)
        if reference.change is not None:
            user.add_control_input(reference.change)
        if user.op in HANDLE_CARRIERS:
            return self._become_carrier(user)  # case 2
        self._become_change(user)  # case 3
        # Several variables may enter a change, and only the first, what `ref` or `var` names, comes out again.
        copies = self._reference_outputs[user] if use.position == 0 else []
        return [_Reference(copy, reference.handle, user) for copy in copies]

    def _become_read(self, identity: Node, reference: _Reference, dtype: Message) -> None:
        identity.op = "ReadVariableOp"
        identity.attrs = {"dtype": dtype}
        identity.replace_input(0, reference.handle)
        if reference.change is not None:
            identity.add_control_input(reference.change)
        self.reads += 1

    def _read_before(self, use: Use, reference: _Reference, dtype: Message) -> None:
        user = use.node
        name = self._graph.unique_name(f"{user.name}/ReadVariableOp")
        read = self._graph.add(
            "ReadVariableOp", name, [reference.handle], {"dtype": dtype}, control_inputs=user.control_inputs
        )
        if reference.change is not None:
            read.add_control_input(reference.change)
        user.replace_input(use.position, read.output())
        self.reads += 1

    def _become_carrier(self, user: Node) -> list[_Reference]:
        if user in self._rewritten:  # the second input of a RefMerge: its output was followed before
            return []
        self._rewritten.add(user)
        user.op = HANDLE_CARRIERS[user.op].plain
        user.attrs["T"] = type_attr(_RESOURCE)
        return [_Reference(copy, copy, None) for copy in self._reference_outputs[user]]

    def _become_change(self, user: Node) -> None:
        if user in self._rewritten:
            return
        other = counterpart(user.op)
        if other is not None:  # always, by what the pass requires
            self._rewritten.add(user)
            user.op = other.op
            user.attrs = other.attrs(user.attrs)
            self.changes += 1
