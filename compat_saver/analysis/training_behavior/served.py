"""The part of a graph that serves: what the outputs are computed from, and what of it depends on data or on chance."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cached_property

from compat_saver.analysis.walk import nodes_in_loops
from compat_saver.graph.ir import Graph, Node, Use, Value
from compat_saver.graph.op_sets import FEEDABLE_OPS, PLACEHOLDER_OPS
from compat_saver.passes.inference.edits import Redirect, Source

CHANGES = re.compile(r"Assign(Sub|Add)?(VariableOp)?")
"""The ops that give a variable another value, the variable first and a value second."""

_RANDOM = re.compile(
    r"(Stateless)?(RandomUniform(V2)?|RandomUniformInt(V2)?|RandomStandardNormal|RandomNormal(V2)?"
    r"|TruncatedNormal(V2)?|Multinomial|RandomGamma)"
)


SHAPE_OPS = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")


class Served:
    """The nodes that the outputs of the signatures depend on.

    Args:
        graph: the whole graph.
        outputs: what the signatures return.
        inputs: what they take; nothing before these counts.

    Attributes:
        forward: the nodes that the outputs depend on over data edges, not looking behind an op that changes a variable.
    """

    def __init__(self, graph: Graph, outputs: Iterable[Value], inputs: Collection[Value]) -> None:
        self.graph = graph
        self.outputs = tuple(outputs)
        self.inputs = frozenset(inputs)
        self.forward = self.upstream(self.outputs)

    def upstream(self, values: Iterable[Value]) -> set[Node]:
        """Returns the nodes that values depend on over data edges, not looking behind an op that changes a variable."""
        found: set[Node] = set()
        pending = [value.node for value in values if value not in self.inputs]
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                if not CHANGES.fullmatch(node.op):
                    pending += [value.node for value in node.inputs if value not in self.inputs]
        return found

    @cached_property
    def waited_for(self) -> set[Node]:
        """The nodes that have to run before the outputs are there, over data and control edges."""
        found: set[Node] = set()
        pending = [value.node for value in self.outputs if value not in self.inputs]
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                pending += [value.node for value in node.inputs if value not in self.inputs]
                pending += node.control_inputs
        return found

    @cached_property
    def on_data(self) -> set[Node]:
        """The nodes that depend on what is fed, over data edges."""
        fed = {node for node in self.graph if node.op in FEEDABLE_OPS}
        return downstream([*(value for node in fed for value in node.used_outputs), *self.inputs])

    @cached_property
    def behind_outputs(self) -> set[Node]:
        """The nodes that depend on an output, over data edges: losses, gradients and the new values of weights."""
        return downstream(self.outputs)

    @cached_property
    def on_chance(self) -> set[Node]:
        """The nodes that depend on a random number, over data edges, random ops included."""
        drawn = [node for node in self.graph if _RANDOM.fullmatch(node.op)]
        return {*drawn, *downstream(value for node in drawn for value in node.used_outputs)}

    @cached_property
    def in_loops(self) -> frozenset[str]:
        """The names of the nodes inside v1 while loops."""
        return frozenset(node.name for node in nodes_in_loops(self.graph))

    def is_data(self, value: Value) -> bool:
        """Whether a value depends on what is fed."""
        return value in self.inputs or value.node in self.on_data or value.node.op in PLACEHOLDER_OPS

    def is_noise(self, value: Value) -> bool:
        """Whether a value is random and independent of what is fed."""
        return value.node in self.on_chance and not self.is_data(value)

    def readers(self, value: Value) -> tuple[Use, ...]:
        """Returns what reads a value on the way to an output."""
        return tuple(use for use in value.uses if use.node in self.forward and not CHANGES.fullmatch(use.node.op))

    def redirect(self, value: Value, source: Source) -> Redirect:
        """Returns the edit after which all that the outputs depend on reads something else than a value."""
        readers = tuple((use.node.name, use.position) for use in self.readers(value))
        return Redirect(value.name, source, readers, is_output=value in self.outputs)


def downstream(values: Iterable[Value]) -> set[Node]:
    """Returns the nodes that depend on values, and not on their shapes alone."""
    found: set[Node] = set()
    pending = [use.node for value in values for use in value.uses]
    while pending:
        node = pending.pop()
        if node not in found and node.op not in SHAPE_OPS:
            found.add(node)
            pending += [use.node for value in node.used_outputs for use in value.uses]
    return found
