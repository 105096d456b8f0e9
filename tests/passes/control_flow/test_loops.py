"""v1 while loops become While, and those that are not built as loops stay."""

import pytest

from compat_saver.graph import Graph, OpCatalog, parse_graph
from compat_saver.passes import run_in_functions
from compat_saver.passes.control_flow import FunctionalControlFlow
from compat_saver.passes.control_flow.parts import add_function
from compat_saver.proto.tensors import to_array
from tests.passes.control_flow import assert_body, assert_graph, body, functional, ops

POWER = """
x = Placeholder[dtype=float32, shape=[]]
times = Placeholder[dtype=int32, shape=[]]
w = VarHandleOp[dtype=float32, shape=[]]
zero = Const[dtype=int32, value=int32[](0)]
loop/enter_i = Enter[T=int32, frame_name="loop/context"](zero)
loop/enter_y = Enter[T=float32, frame_name="loop/context"](x)
loop/times = Enter[T=int32, frame_name="loop/context", is_constant=true](times)
loop/w = Enter[T=resource, frame_name="loop/context", is_constant=true](w)
loop/i = Merge[N=2, T=int32](loop/enter_i, loop/next_i)
loop/y = Merge[N=2, T=float32](loop/enter_y, loop/next_y)
loop/less = Less[T=int32](loop/i, loop/times)
loop/more = LoopCond(loop/less)
loop/switch_i = Switch[T=int32](loop/i, loop/more)
loop/switch_y = Switch[T=float32](loop/y, loop/more)
loop/pivot = Identity[T=int32](loop/switch_i:1)
loop/one = Const[dtype=int32, value=int32[](1)](^loop/pivot)
loop/add = AddV2[T=int32](loop/pivot, loop/one)
loop/read = ReadVariableOp[dtype=float32](loop/w, ^loop/pivot)
loop/product = Mul[T=float32](loop/switch_y:1, loop/read)
loop/next_i = NextIteration[T=int32](loop/add)
loop/next_y = NextIteration[T=float32](loop/product)
loop/exit = Exit[T=float32](loop/switch_y)
y = Identity[T=float32](loop/exit)
"""


def changed(text: str, **lines: str) -> str:
    """Returns a graph text with other lines for some nodes, "_" for a slash in their names."""
    given = {f"loop/{name}": line for name, line in lines.items()}
    return "\n".join(given.get(line.partition(" ")[0], line) for line in text.splitlines())


def test_a_loop_is_a_while_with_counter_limit_variables_and_invariants():
    graph, kept = functional(POWER, "y")
    assert not kept
    assert_graph(
        graph,
        """
        x = Placeholder[dtype=float32, shape=[]]
        times = Placeholder[dtype=int32, shape=[]]
        w = VarHandleOp[dtype=float32, shape=[]]
        zero = Const[dtype=int32, value=int32[](0)]
        loop/loop_counter = Const[dtype=int32, value=int32[](0)]
        loop/maximum_iterations/zero = Const[dtype=int32, value=int32[](0)]
        loop/maximum_iterations = Maximum[T=int32](times, loop/maximum_iterations/zero)
        loop = While[T={int32, int32, int32, float32, int32, resource}, body=@loop_body, cond=@loop_cond, """
        "_lower_using_switch_merge=true, _num_original_outputs=6, _read_only_resource_inputs={5}, "
        "output_shapes={[], [], [*], [*], [], []}, parallel_iterations=10]"
        """(loop/loop_counter, loop/maximum_iterations, zero, x, times, w)
        loop/exit = Identity[T=float32](loop:3)
        y = Identity[T=float32](loop/exit)
        """,
    )
    arguments = "".join(f"arg{number} = _Arg\n" for number in range(6))
    assert_body(
        graph, "loop_cond", arguments + "loop/less = Less[T=int32](arg2, arg4)\nresult0/_Retval = _Retval(loop/less)"
    )
    assert_body(
        graph,
        "loop_body",
        arguments
        + """
        counter/one = Const[dtype=int32, value=int32[](1)]
        counter/add = AddV2[T=int32](arg0, counter/one)
        loop/one = Const[dtype=int32, value=int32[](1)]
        loop/pivot = Identity[T=int32](arg2)
        loop/add = AddV2[T=int32](loop/pivot, loop/one)
        loop/read = ReadVariableOp[dtype=float32](arg5)
        loop/product = Mul[T=float32](arg3, loop/read)
        result0/_Retval = _Retval(counter/add)
        result1/_Retval = _Retval(arg1)
        result2/_Retval = _Retval(loop/add)
        result3/_Retval = _Retval(loop/product)
        result4/_Retval = _Retval(arg4)
        result5/_Retval = _Retval(arg5)
        """,
    )


def test_without_state_the_while_is_stateless():
    stateless = POWER.replace("VarHandleOp[dtype=float32, shape=[]]", "Placeholder[dtype=float32, shape=[]]")
    stateless = stateless.replace("ReadVariableOp[dtype=float32]", "Neg[T=float32]").replace("T=resource", "T=float32")
    graph, _ = functional(stateless, "y")
    assert graph["loop"].op == "StatelessWhile"
    assert not graph.functions["loop_body"].signature.is_stateful


def test_what_runs_before_the_loop_still_does_and_what_waits_for_an_exit_waits_for_it():
    graph, _ = functional(
        changed(POWER, enter_y='loop/enter_y = Enter[T=float32, frame_name="loop/context"](x, ^before)')
        + "\nbefore = Assert[T={bool}](ready, ready)\nready = Placeholder[dtype=bool]\nafter = NoOp(^loop/exit)",
        "y",
        "after",
    )
    assert graph["loop"].control_inputs == (graph["before"],)
    assert graph["after"].control_inputs[0].inputs[0].node is graph["loop"]


def test_side_effects_keep_their_order():
    text = changed(
        POWER,
        product="loop/assign = AssignVariableOp[dtype=float32](loop/w, loop/switch_y:1)\n"
        "loop/product = Mul[T=float32](loop/switch_y:1, loop/read)",
        read="loop/read = ReadVariableOp[dtype=float32](loop/w, ^loop/assign)",
        next_i="loop/next_i = NextIteration[T=int32](loop/add, ^loop/read)",
    )
    graph, kept = functional(text, "y")
    assert not kept
    made = body(graph, "loop_body")
    assert made["loop/read"].control_inputs == (made["loop/assign"],)
    (waiting,) = (node.inputs[0].node for node in made if node.name == "result2/_Retval")
    assert (waiting.op, waiting.control_inputs) == ("Identity", (made["loop/read"],))
    assert not graph["loop"].attrs["_read_only_resource_inputs"].list.i


UNTIL = "loop/ready = Placeholder[dtype=bool]\nloop/less = LogicalAnd(loop/ready, loop/first)\n"


@pytest.mark.parametrize(
    ("lines", "limit"),
    [
        ({}, "times"),
        ({"times": "loop/times = Const[dtype=int32, value=int32[](7)](^loop/pivot)"}, 7),
        ({"less": UNTIL + "loop/first = Less[T=int32](loop/i, loop/times)"}, "times"),
        ({"add": "loop/add = Add[T=int32](loop/one, loop/pivot)"}, "times"),
        ({"less": UNTIL.replace("And", "Or") + "loop/first = Less[T=int32](loop/i, loop/times)"}, -1),
        ({"less": "loop/less = Less[T=int32](loop/times, loop/i)"}, -1),
        ({"less": "loop/less = LessEqual[T=int32](loop/i, loop/times)"}, -1),
        ({"add": "loop/add = Sub[T=int32](loop/pivot, loop/one)"}, -1),
        ({"add": "loop/add = AddV2[T=int32](loop/pivot, loop/pivot)"}, -1),
        ({"one": "loop/one = Const[dtype=int32, value=int32[](0)](^loop/pivot)"}, -1),
        ({"enter_i": 'loop/enter_i = Enter[T=int32, frame_name="loop/context"](times)'}, -1),
        ({"less": "loop/first = Neg[T=int32](loop/i)\nloop/less = Less[T=int32](loop/i, loop/first)"}, -1),
        ({"less": "loop/less = Less[T=int32](loop/i, loop/i)"}, -1),
    ],
)
def test_the_limit_of_iterations_is_what_they_are_counted_up_to(lines, limit):
    graph, kept = functional(changed(POWER, **lines), "y")
    assert not kept
    found = graph["loop"].inputs[1].node
    is_constant = found.op == "Const"
    assert (int(to_array(found.attr.tensor("value"))) if is_constant else found.inputs[0].node.name) == limit


def test_a_body_has_nothing_that_only_its_conditionals_needed():
    text = changed(
        POWER,
        product="""
        loop/p = Less[T=float32](loop/read, loop/switch_y:1)
        loop/in = Switch[T=float32](loop/switch_y:1, loop/p)
        loop/beside = Switch[T=float32](loop/read, loop/p)
        loop/two = Const[dtype=float32, value=float32[](2)](^loop/beside)
        loop/twice = Mul[T=float32](loop/in:1, loop/two)
        loop/product = Merge[N=2, T=float32](loop/in, loop/twice)
        """.replace("        ", ""),
    )
    graph, kept = functional(text, "y")
    assert not kept
    assert not ops(graph) & {"Switch", "Merge"}


def test_a_variable_that_stays_the_same_is_returned_as_it_came():
    graph, _ = functional(changed(POWER, product="loop/product = Identity[T=float32](loop/switch_y:1)", read=""), "y")
    made = body(graph, "loop_body")
    (result,) = (node for node in made if node.name == "result3/_Retval")
    assert result.inputs == (made["arg3"].output(),)


def test_a_loop_in_a_loop():
    inner = POWER
    for name in ("x", "times", "w", "zero", "y"):
        inner = inner.replace(f"\n{name} = Placeholder", f"\n# {name} = ").replace(
            f"\n{name} = VarHandleOp", f"\n# {name}"
        )
    inner = inner.replace("\nzero = ", "\n# zero = ").replace("\ny = ", "\n# y = ").replace("loop/", "outer/inner/")
    inner = inner.replace("(zero)", "(outer/zero)").replace("(x)", "(outer/switch_y:1)")
    inner = inner.replace("(times)", "(outer/times)").replace("(w)", "(outer/w)")
    outer = changed(POWER, read="loop/zero = Const[dtype=int32, value=int32[](0)](^loop/pivot)", product="")
    outer = outer.replace("loop/", "outer/").replace("(outer/product)", "(outer/inner/exit)")
    graph, kept = functional(outer + inner, "y")
    assert not kept
    assert set(graph.functions) == {"outer_cond", "outer_body", "outer_inner_cond", "outer_inner_body"}
    assert not ops(graph) & {"Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond"}
    made = body(graph, "outer_body")["outer/inner"]
    assert [value.node.op for value in made.inputs] == ["Const", "Maximum", "Const", "_Arg", "_Arg", "_Arg"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ({"exit": "loop/exit = Exit[T=float32](loop/product)"}, "'loop/exit' hands out what is no loop variable"),
        (
            {"times": 'loop/times = Enter[T=int32, frame_name="loop/context"](times)'},
            "'loop/times' enters in the first iteration only",
        ),
        ({"more": "loop/more = LoopCond(loop/less)\nmore = LoopCond(loop/less)"}, "it has 2 conditions"),
        (
            {"exit": "loop/exit = Exit[T=float32](loop/switch_y)\nnews = Neg[T=float32](loop/y)\nsame = Exit(news)"},
            None,
        ),
        (
            {
                "less": "loop/seen = ReadVariableOp[dtype=int32](loop/w)\nloop/less = Less[T=int32](loop/i, loop/seen)",
                "add": "loop/add = AddV2[T=int32](loop/pivot, loop/seen)",
            },
            "'loop/seen' (ReadVariableOp) has state and is in its condition and in its body",
        ),
    ],
)
def test_what_is_not_built_as_a_loop_stays(lines, reason):
    text = changed(POWER, **lines)
    graph, kept = functional(text, "y")
    if reason is None:
        reason = "'same' hands out what is no loop variable"
    assert [(item.kind, item.name, item.reason) for item in kept] == [("while loop", "loop/context", reason)]
    assert "Enter" in ops(graph)
    assert not graph.functions


def test_an_output_of_the_model_within_a_loop_keeps_it():
    graph, kept = functional(POWER, "y", "loop/product")
    assert "is an input or an output of the model" in kept[0].reason
    assert len(graph) == len(parse_graph(POWER))


def test_a_loop_in_a_library_function():
    lines = POWER.replace("x = Placeholder[dtype=float32, shape=[]]", "x = _Arg[T=float32, index=0]")
    lines = lines.replace("times = Placeholder[dtype=int32, shape=[]]", "times = _Arg[T=int32, index=1]")
    lines = lines.replace("w = VarHandleOp[dtype=float32, shape=[]]", "w = _Arg[T=resource, index=2]")
    graph = Graph(producer=24)
    source = parse_graph(lines + "result = _Retval[T=float32, index=0](y)")
    source.functions = graph.functions
    catalog = OpCatalog()
    add_function("power", source, catalog)
    (rewrite,) = run_in_functions([FunctionalControlFlow(catalog)], graph, catalog)
    assert rewrite.detail == "in the function power: 1 while loops, 0 conditionals"
    assert set(graph.functions) == {"power", "loop_cond", "loop_body"}
    assert body(graph, "power")["loop"].op == "While"
