"""A conditional -> If: each branch becomes a function of all that either branch reads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import bool_attr, tensor_attr, type_attr, types_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.control_flow.conditionals import Conditional, Decided
from compat_saver.passes.control_flow.parts import (
    READ_ONLY,
    FunctionBody,
    Part,
    Result,
    add_function,
    ints_attr,
    is_stateful,
    read_only,
    shapes_attr,
)
from compat_saver.passes.control_flow.recorded_shapes import RecordedShapes

_INT32, _BOOL = dtypes.by_name("int32").number, dtypes.by_name("bool").number
_THEN, _ELSE = True, False


class IfMaker:
    """Puts an If in a conditional's place.

    Args:
        graph: the graph that holds it.
        catalog: knows its ops.
        shapes: what is recorded of its tensors.
        decided: of the graph.
    """

    def __init__(self, graph: Graph, catalog: OpCatalog, shapes: RecordedShapes, decided: Decided) -> None:
        self._graph = graph
        self._catalog = catalog
        self._shapes = shapes
        self._decided = decided.values

    def bodies(self, made: Conditional) -> tuple[list[Value], FunctionBody, FunctionBody, list[Node]]:
        """Returns the arguments of an If, its branches, the true one first, and what it waits for."""
        parts = {branch: Part(made.nodes[branch], made.edges) for branch in (_THEN, _ELSE)}
        results = {branch: self._results(made, branch) for branch in parts}
        for branch, part in parts.items():
            part.need(results[branch])
        arguments = list(dict.fromkeys([*parts[_THEN].arguments, *parts[_ELSE].arguments]))
        types = [self._catalog.type_of(value) for value in arguments]
        shapes = [self._shapes.of(value, number) for value, number in zip(arguments, types, strict=True)]
        functions = {branch: FunctionBody(self._graph, types, shapes) for branch in parts}
        for branch, function in functions.items():
            given = dict(zip(arguments, function.arguments, strict=True))
            found = function.fill(parts[branch], given, results[branch])
            found += [self._position(function, made, merge, branch) for merge in _asked_positions(made)]
            function.returns(found, self._types(made))
        waits = [*parts[_THEN].waits, *parts[_ELSE].waits]
        return arguments, functions[_THEN], functions[_ELSE], _waited_for(made, waits)

    def _results(self, made: Conditional, branch: bool) -> list[Result]:
        found = []
        for merge in made.merges:
            waits = tuple(node for node in merge.control_inputs if node in made.nodes[branch])
            found.append(Result(merge.inputs[made.position(merge, branch, self._decided)], waits))
        return found

    def _position(self, function: FunctionBody, made: Conditional, merge: Node, branch: bool) -> Result:
        """Returns a constant: which of its inputs a Merge hands out if the branch runs."""
        position = np.array(made.position(merge, branch, self._decided), np.int32)
        attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(position)}
        name = function.graph.unique_name(f"{merge.name}/value_index")
        return Result(function.graph.add("Const", name, attrs=attrs).output())

    def _types(self, made: Conditional) -> list[int]:
        return [merge.attr.type("T") for merge in made.merges] + [_INT32] * len(_asked_positions(made))

    def replace(
        self, made: Conditional, arguments: list[Value], branches: tuple[Graph, Graph], waits: Iterable[Node]
    ) -> Node:
        """Adds the If, makes each Merge an Identity of its output, and takes the branches out."""
        name = self._graph.unique_name(next(iter(made.merges)).name.rpartition("/")[0] or "cond")
        positions = _asked_positions(made)
        shapes = [self._shapes.of(merge.output(), merge.attr.type("T")) for merge in made.merges]
        types = [self._catalog.type_of(value) for value in arguments]
        node = self._graph.add(
            "If" if any(is_stateful(body, self._catalog) for body in branches) else "StatelessIf",
            name,
            [made.predicate, *arguments],
            {
                "Tcond": type_attr(_BOOL),
                "Tin": types_attr(types),
                "Tout": types_attr(self._types(made)),
                "then_branch": add_function(f"{name}_true", branches[0], self._catalog),
                "else_branch": add_function(f"{name}_false", branches[1], self._catalog),
                "output_shapes": shapes_attr([*shapes, *[()] * len(positions)]),
                "_lower_using_switch_merge": bool_attr(True),
                READ_ONLY: ints_attr(sorted(index + 1 for index in read_only(branches))),
            },
            control_inputs=waits,
        )
        for merge in positions:
            merge.output(1).replace_uses(node.output(len(made.merges) + positions.index(merge)))
        for index, merge in enumerate(made.merges):
            merge.op, merge.attrs = "Identity", {"T": merge.attrs["T"]}
            merge.set_inputs([node.output(index)])
            for other in merge.control_inputs:
                merge.remove_control_input(other)
        self._graph.remove_all([node for nodes in made.nodes for node in nodes if node not in made.shared])
        unused = [item for item in made.switches if not item.control_uses and not _is_read(item)]
        self._graph.remove_all(unused)
        return node


def _asked_positions(made: Conditional) -> list[Node]:
    """Returns the Merges that are asked which of their inputs was alive."""
    return [merge for merge in made.merges if merge.output(1).uses]


def _waited_for(made: Conditional, waits: Iterable[Node]) -> list[Node]:
    """Returns what an If waits for: what the nodes in its branches, its Switches and its Merges did."""
    around = (other for node in (*made.switches, *made.merges) for other in node.control_inputs)
    inside = made.inside
    found = dict.fromkeys((*waits, *around))
    return [node for node in found if node not in made.switches and node not in inside]


def _is_read(node: Node) -> bool:
    return any(value.uses for value in node.used_outputs)
