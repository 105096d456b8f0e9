"""A v1 while loop -> While: its frame is read as variables, condition and body, and each becomes a function.

    Enter --> Merge --> Switch --(true)--> body --> NextIteration --> back to Merge
                |          '-----(false)-> Exit
                '--> condition --> LoopCond --> all the Switches

1. A variable is a Merge of an Enter and a NextIteration. An Enter that no Merge reads is an invariant.
2. The condition is what LoopCond needs, the body what the NextIterations need, each back to the Merges, Switches and
   Enters. What both need is in both, unless it has state.
3. The While has the counter and the limit of iterations that TensorFlow's gradient expects, the variables, then the
   invariants, which the body returns as it got them: the gradient takes an argument for invariant only if it does.
4. Each Exit becomes an Identity of an output of the While, under its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import (
    Shape,
    bool_attr,
    int_attr,
    tensor_attr,
    type_attr,
    types_attr,
)
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.control_flow.counts import iteration_limit
from compat_saver.passes.control_flow.frames import Frame
from compat_saver.passes.control_flow.parts import (
    READ_ONLY,
    FunctionBody,
    NotFunctional,
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
_COUNTERS = 2  # the counter of iterations and their limit come before the variables
_ITERATIONS = 10  # what parallel_iterations is in a graph that does not say


@dataclass(frozen=True)
class Loop:
    """What a frame means.

    Attributes:
        frame: the frame.
        variables: the value of each variable within the loop: its Merge.
        initial: what each begins with.
        following: what each is after an iteration.
        condition: whether there is another iteration.
        edges: a value at the edge of condition or body -> what it stands for: a variable, or a value outside.
        exits: Exit -> what it hands out.
        waits: the nodes outside that run before the loop does.
    """

    frame: Frame
    variables: tuple[Value, ...]
    initial: tuple[Value, ...]
    following: tuple[Result, ...]
    condition: Result
    edges: dict[Value, Value]
    exits: dict[Node, Value]
    waits: tuple[Node, ...]


def read_loop(frame: Frame) -> Loop:
    """Reads a frame.

    Raises:
        NotFunctional: it is not built as TensorFlow's while_loop builds frames.
    """
    _check_edges(frame)
    conditions = [node for node in frame.own if node.op == "LoopCond"]
    if len(conditions) != 1:
        raise NotFunctional(f"it has {len(conditions)} conditions")
    (condition,) = conditions
    merges = [node for node in frame.own if node.op == "Merge" and any(_is_next(value) for value in node.inputs)]
    headers = [_header(merge) for merge in merges]
    edges = {merge.output(): merge.output() for merge in merges}
    edges |= _invariants(frame, {enter for enter, _ in headers})
    exits_from = _add_switches(frame, condition, edges)
    return Loop(
        frame=frame,
        variables=tuple(merge.output() for merge in merges),
        initial=tuple(enter.inputs[0] for enter, _ in headers),
        following=tuple(Result(step.inputs[0], step.control_inputs) for _, step in headers),
        condition=Result(condition.inputs[0], condition.control_inputs),
        edges=edges,
        exits={node: _handed_out(node, exits_from) for node in frame.exits},
        waits=tuple(other for node in frame.own if node.op == "Enter" for other in node.control_inputs),
    )


def _check_edges(frame: Frame) -> None:
    """Nothing but Exits may leave the frame."""
    leaving = set(frame.exits)
    for node in frame.nodes:
        users = [use.node for value in node.used_outputs for use in value.uses] + list(node.control_uses)
        for user in users:
            if user not in frame.nodes and user not in leaving:
                raise NotFunctional(f"{user.name!r} reads {node.name!r} without an Exit between them")


def _is_next(value: Value) -> bool:
    return value.node.op == "NextIteration"


def _header(merge: Node) -> tuple[Node, Node]:
    """Returns the Enter and the NextIteration of a variable."""
    enters = [value.node for value in merge.inputs if value.node.op == "Enter"]
    steps = [value.node for value in merge.inputs if _is_next(value)]
    if len(merge.inputs) != 2 or len(enters) != 1 or len(steps) != 1 or merge.output(1).uses:
        raise NotFunctional(f"{merge.name!r} is not the Merge of a loop variable")
    if merge.control_inputs:
        raise NotFunctional(f"{merge.name!r} waits for {merge.control_inputs[0].name!r}")
    return enters[0], steps[0]


def _invariants(frame: Frame, initial: set[Node]) -> dict[Value, Value]:
    """Returns what enters and is no variable, and the value outside that it is."""
    found = {}
    for node in frame.own:
        if node.op != "Enter" or node in initial:
            continue
        if not node.attr.bool("is_constant"):
            raise NotFunctional(f"{node.name!r} enters in the first iteration only")
        found[node.output()] = node.inputs[0]
    return found


def _add_switches(frame: Frame, condition: Node, edges: dict[Value, Value]) -> dict[Value, Value]:
    """Adds the true sides of the loop's Switches to the edges; returns what their false sides hand out."""
    leaving = {}
    for node in frame.own:
        if node.op != "Switch" or node.inputs[1] != condition.output():
            continue
        source = edges.get(node.inputs[0])
        if source is None or node.control_inputs:
            raise NotFunctional(f"{node.name!r} switches what is no loop variable")
        edges[node.output(1)] = source
        leaving[node.output(0)] = source
    return leaving


def _handed_out(node: Node, leaving: dict[Value, Value]) -> Value:
    found = leaving.get(node.inputs[0])
    if found is None or node.control_inputs:
        raise NotFunctional(f"{node.name!r} hands out what is no loop variable")
    return found


@dataclass(frozen=True)
class _Argument:
    """An input of the While: what it is outside, what it stands for within, its type and static shape."""

    outside: Value
    within: Value
    number: int
    shape: Shape


class WhileMaker:
    """Puts a While in a loop's place.

    Args:
        graph: the graph that holds the loop.
        catalog: knows its ops.
        shapes: what is recorded of its tensors.
    """

    def __init__(self, graph: Graph, catalog: OpCatalog, shapes: RecordedShapes) -> None:
        self._graph = graph
        self._catalog = catalog
        self._shapes = shapes

    def bodies(self, loop: Loop) -> tuple[list[_Argument], FunctionBody, FunctionBody, tuple[Node, ...]]:
        """Returns the arguments of a While, its condition, its body, and what it waits for.

        Raises:
            NotFunctional: an op with state is needed by the condition and by the body.
        """
        condition, body = Part(loop.frame.nodes, loop.edges), Part(loop.frame.nodes, loop.edges)
        following = [self._direct(loop, body, item) for item in loop.following]
        condition.need([loop.condition])
        body.need(following)
        for node in condition.nodes.keys() & body.nodes.keys():
            if self._catalog.is_stateful(node.op):
                raise NotFunctional(f"{node.name!r} ({node.op}) has state and is in its condition and in its body")
        arguments = self._arguments(loop, [*condition.arguments, *body.arguments])
        types = [_INT32] * _COUNTERS + [item.number for item in arguments]
        shapes = [(), (), *(item.shape for item in arguments)]
        made = FunctionBody(self._graph, types, shapes), FunctionBody(self._graph, types, shapes)
        given = [
            dict(zip((item.within for item in arguments), function.arguments[_COUNTERS:], strict=True))
            for function in made
        ]
        made[0].returns(made[0].fill(condition, given[0], [loop.condition]), [_BOOL])
        results = made[1].fill(body, given[1], following)
        counted = _counted(made[1])
        unchanged = [Result(value) for value in made[1].arguments[_COUNTERS + len(results) :]]
        made[1].returns([counted, Result(made[1].arguments[1]), *results, *unchanged], types)
        return arguments, *made, (*loop.waits, *condition.waits, *body.waits)

    def _direct(self, loop: Loop, body: Part, result: Result) -> Result:
        """Returns what a variable becomes, seen through Identities, so that an unchanged one is seen to be so."""
        waits = tuple(node for node in result.waits if node in loop.frame.nodes and not body.is_pivot(node))
        return Result(body.through(result.value), waits)

    def _arguments(self, loop: Loop, met: Sequence[Value]) -> list[_Argument]:
        variables = [
            self._argument(outside, within) for outside, within in zip(loop.initial, loop.variables, strict=True)
        ]
        known = set(loop.variables)
        invariants = [
            self._argument(value, value)
            for value in dict.fromkeys([*met, *(value for value in loop.exits.values())])
            if value not in known
        ]
        return [*variables, *invariants]

    def _argument(self, outside: Value, within: Value) -> _Argument:
        number = self._catalog.type_of(within)
        return _Argument(outside, within, number, self._shapes.of(within, number))

    def replace(
        self,
        loop: Loop,
        arguments: Sequence[_Argument],
        condition: Graph,
        body: Graph,
        waits: Sequence[Node],
    ) -> Node:
        """Adds the While, makes its outputs the Exits' values, and takes the frame out."""
        (header,) = (node for node in loop.frame.own if node.op == "LoopCond")
        scope = header.name.rpartition("/")[0] or "while"
        name = self._graph.unique_name(scope)
        has_state = is_stateful(condition, self._catalog) or is_stateful(body, self._catalog)
        types = [_INT32] * _COUNTERS + [item.number for item in arguments]
        node = self._graph.add(
            "While" if has_state else "StatelessWhile",
            name,
            [self._constant(name, "loop_counter", 0), self._limit(loop, name), *(item.outside for item in arguments)],
            {
                "T": types_attr(types),
                "cond": add_function(f"{name}_cond", condition, self._catalog),
                "body": add_function(f"{name}_body", body, self._catalog),
                "output_shapes": shapes_attr([(), (), *(item.shape for item in arguments)]),
                "parallel_iterations": int_attr(_parallel_iterations(loop.frame)),
                "_lower_using_switch_merge": bool_attr(True),
                "_num_original_outputs": int_attr(len(types)),
                READ_ONLY: ints_attr(sorted(read_only([condition, body]))),
            },
            control_inputs=dict.fromkeys(other for other in waits if other not in loop.frame.nodes),
        )
        numbers = {item.within: _COUNTERS + index for index, item in enumerate(arguments)}
        for leaving, value in loop.exits.items():
            leaving.op = "Identity"
            leaving.attrs = {"T": leaving.attrs["T"]}
            leaving.set_inputs([node.output(numbers[value])])
        self._graph.remove_all(loop.frame.nodes)
        return node

    def _limit(self, loop: Loop, name: str) -> Value:
        """Returns how often the loop runs at most: the size of the lists that its gradient makes, which XLA needs."""
        following = (result.value for result in loop.following)
        steps = dict(zip(loop.variables, zip(loop.initial, following, strict=True), strict=True))
        limit = iteration_limit(loop.condition.value, loop.edges, steps)
        if limit is None or self._catalog.type_of(limit) != _INT32:
            return self._constant(name, "maximum_iterations", -1)
        copy = self._graph.unique_name(f"{name}/maximum_iterations")
        if limit.node in loop.frame.nodes:
            return self._graph.add("Const", copy, attrs=limit.node.attrs).output()
        # Another tensor than the n of the condition, for two reasons: an n of -1 would mean no limit, and tf2onnx
        # changes the type of this input of the While, which must not be an input of it twice.
        zero = self._constant(name, "maximum_iterations/zero", 0)
        return self._graph.add("Maximum", copy, [limit, zero], {"T": type_attr(_INT32)}).output()

    def _constant(self, name: str, suffix: str, value: int) -> Value:
        attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(np.array(value, np.int32))}
        return self._graph.add("Const", self._graph.unique_name(f"{name}/{suffix}"), attrs=attrs).output()


def _parallel_iterations(frame: Frame) -> int:
    return next((node.attr.int("parallel_iterations", _ITERATIONS) for node in frame.own if node.op == "Enter"), 1)


def _counted(body: FunctionBody) -> Result:
    attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(np.array(1, np.int32))}
    one = body.graph.add("Const", body.graph.unique_name("counter/one"), attrs=attrs).output()
    name = body.graph.unique_name("counter/add")
    counted = body.graph.add("AddV2", name, [body.arguments[0], one], {"T": type_attr(_INT32)})
    return Result(counted.output())
