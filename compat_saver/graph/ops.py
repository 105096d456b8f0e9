"""What is known of ops: their definitions, and since and until when TensorFlow has them.

The data in `data/` is made from real releases (tests/golden/ops). `op_defs.binpb` holds the newest definition of every
op seen, `op_facts.csv` a row each. A graph may contain definitions of its own: those its producer stripped into the
.meta, and the signatures of its function library. They take precedence, because they are what the graph was written
against.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from compat_saver.dtypes import REF_OFFSET
from compat_saver.errors import GraphError
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.proto.messages import Message, OpList

_DATA = Path(__file__).parent / "data"
_ADDONS = "Addons>"


class OpFacts(NamedTuple):
    """One row of op_facts.csv.

    Attributes:
        name: the op.
        last_release: the last of the measured TF1 releases that registered it; "" if none did.
        contrib_library: the tf.contrib library that brought it; "" for core ops.
        registered_today: whether the newest supported TensorFlow registers it.
        cpu_kernel_today: whether that has a CPU kernel for it.
        deprecated_at: the GraphDef version from which it may not be used; None if it is not deprecated.
        gone_since: the first of the measured releases, TF2's among them, that no longer had it; "" if today has it.
        no_kernel_since: the first that had it without a CPU kernel, as today; "" if it has one or never had.
    """

    name: str
    last_release: str
    contrib_library: str
    registered_today: bool
    cpu_kernel_today: bool
    deprecated_at: int | None
    gone_since: str
    no_kernel_since: str


@functools.cache
def known_definitions() -> Mapping[str, Message]:
    """Returns the packaged OpDefs by name."""
    return {op.name: op for op in OpList.FromString((_DATA / "op_defs.binpb").read_bytes()).op}


@functools.cache
def known_facts() -> Mapping[str, OpFacts]:
    """Returns the packaged facts by op name."""
    with (_DATA / "op_facts.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {row[0]: _facts(row) for row in rows}


def _facts(row: list[str]) -> OpFacts:
    name, _first, last, library, registered, kernel, deprecated, gone_since, no_kernel_since = row
    return OpFacts(
        name=name,
        last_release=last,
        contrib_library=library,
        registered_today=registered == "yes",
        cpu_kernel_today=kernel == "yes",
        deprecated_at=int(deprecated) if deprecated else None,
        gone_since=gone_since,
        no_kernel_since=no_kernel_since,
    )


class OpCatalog:
    """The definitions that hold for one graph.

    Args:
        own: definitions stored in the graph, by name; they take precedence over the packaged ones.
    """

    def __init__(self, own: Mapping[str, Message] | None = None) -> None:
        self._own = dict(own or {})

    @classmethod
    def of(cls, graph: Graph, stripped_ops: Mapping[str, Message] | None = None) -> OpCatalog:
        """Returns the catalog of a graph: its functions, its producer's ops, and the packaged ones."""
        return cls({**(stripped_ops or {}), **{name: item.signature for name, item in graph.functions.items()}})

    def find(self, op: str) -> Message | None:
        """Returns the OpDef of an op, or None if there is none.

        An op of TensorFlow Addons is defined as the op of tf.contrib or core that it was made from.
        """
        known = known_definitions()
        return self._own.get(op) or known.get(op) or known.get(op.removeprefix(_ADDONS))

    def __getitem__(self, op: str) -> Message:
        found = self.find(op)
        if found is None:
            raise GraphError(f"Nothing defines the op {op!r}: neither a TensorFlow release nor the graph itself.")
        return found

    def is_stateful(self, op: str) -> bool:
        """Whether the op keeps or changes state; an op without a definition counts as stateful."""
        found = self.find(op)
        return True if found is None else bool(found.is_stateful)

    def input_types(self, node: Node) -> tuple[int, ...]:
        """Returns the DT_* number of each data input, plus 100 where the op takes a reference.

        Raises:
            GraphError: the op has no definition, or an attribute that counts its inputs is missing.
        """
        return self._types(node, self[node.op].input_arg)

    def output_types(self, node: Node) -> tuple[int, ...]:
        """Returns the DT_* number of each output, plus 100 where it is a reference.

        Raises:
            GraphError: the op has no definition, or an attribute that counts its outputs is missing.
        """
        return self._types(node, self[node.op].output_arg)

    def type_of(self, value: Value) -> int:
        """Returns the DT_* number of a value, plus 100 for a reference.

        Raises:
            GraphError: the op has no definition, or the op has no such output.
        """
        types = self.output_types(value.node)
        if value.index >= len(types):
            raise GraphError(f"{value.name!r} is not there: {value.node.op} has {len(types)} outputs.")
        return types[value.index]

    def input_count(self, node: Node) -> int:
        """Returns how many data inputs the op's definition has.

        Raises:
            GraphError: the op has no definition, or an attribute that counts its inputs is missing.
        """
        return sum(self._count(node, arg) for arg in self[node.op].input_arg)

    def output_counts(self, node: Node) -> Mapping[str, int]:
        """Returns how many outputs each output argument of the op's definition stands for, in order.

        Raises:
            GraphError: the op has no definition, or an attribute that counts its outputs is missing.
        """
        return {arg.name: self._count(node, arg) for arg in self[node.op].output_arg}

    def _types(self, node: Node, args: Iterable[Message]) -> tuple[int, ...]:
        types: list[int] = []
        for arg in args:
            offset = REF_OFFSET if arg.is_ref else 0
            if arg.type_list_attr:
                types += [number + offset for number in self._attr(node, arg.type_list_attr).list.type]
            else:
                number = arg.type or self._attr(node, arg.type_attr).type
                types += [number + offset] * self._count(node, arg)
        return tuple(types)

    def _count(self, node: Node, arg: Message) -> int:
        """Returns how many tensors an argument stands for."""
        name = counting_attr(arg)
        count = count_in(arg, self._attr(node, name)) if name else 1
        if arg.number_attr and count > _MOST_ARGS:
            raise GraphError(f"Node {node.name!r} claims {count} tensors in {arg.number_attr!r}.")
        return count

    def _attr(self, node: Node, name: str) -> Message:
        found = node.attrs.get(name)
        if found is not None:
            return found
        for definition in self[node.op].attr:
            if definition.name == name and definition.HasField("default_value"):
                return definition.default_value
        raise GraphError(f"Node {node.name!r} ({node.op}) lacks the attribute {name!r}.")


def counting_attr(arg: Message) -> str:
    """Returns the attribute by which an argument of an op stands for any number of tensors; "" if it is one tensor."""
    return str(arg.type_list_attr or arg.number_attr)


def count_in(arg: Message, attr: Message) -> int:
    """Returns how many tensors an argument stands for by the value of its `counting_attr`."""
    return len(attr.list.type) if arg.type_list_attr else int(attr.i)


# A number in an untrusted file must not become an allocation of its size.
_MOST_ARGS = 1_000_000
