"""Tables that functions make and fill become tables of the graph; a graph to look at has no functions."""

import numpy as np
import pytest

import compat_saver
from compat_saver.graph import OpCatalog, format_graph, parse_graph
from compat_saver.passes import run_passes
from compat_saver.passes.structure.inlining import InlineTableFunctions, inline_to_look_at
from compat_saver.proto.messages import FunctionDef

FLOAT, STRING, INT64, RESOURCE = 1, 7, 9, 20


def _function(name, inputs, outputs, *nodes, **attrs) -> FunctionDef:
    function = FunctionDef()
    function.signature.name = name
    for key, dtype in inputs.items():
        function.signature.input_arg.add(name=key, type=dtype)
    for key, (dtype, value) in outputs.items():
        function.signature.output_arg.add(name=key, type=dtype)
        function.ret[key] = value
    for node, op, *given in nodes:
        made = function.node_def.add(name=node, op=op, input=given)
        for key, dtype in attrs.items():
            made.attr[key].type = dtype
    return function


def graph():
    made = parse_graph(
        """
        wait = NoOp
        keys = Const[dtype=string, value=string[1]("a")]
        values = Const[dtype=int64, value=int64[1](5)]
        table = StatefulPartitionedCall[Tin={}, Tout={resource}, f=@outer](^wait)
        fill = StatefulPartitionedCall[Tin={resource, string, int64}, Tout={}, f=@filler](table, keys, values)
        init = NoOp(^fill)
        words = Placeholder[dtype=string]
        look = PartitionedCall[Tin={string, resource}, Tout={int64}, f=@finder](words, table)
        """
    )
    outer = _function("outer", {}, {"h": (RESOURCE, "inner:output:0")}, ("inner", "StatefulPartitionedCall"))
    outer.node_def[0].attr["f"].func.name = "creator"
    outer.node_def[0].attr["Tin"].list.SetInParent()
    outer.node_def[0].attr["Tout"].list.type.append(RESOURCE)
    creator = _function("creator", {}, {"h": (RESOURCE, "t:table_handle:0")}, ("t", "HashTableV2"))
    arguments = {"handle": RESOURCE, "keys": STRING, "values": INT64}
    filler = _function("filler", arguments, {}, ("fill", "InitializeTableV2", *arguments))
    finder = _function("finder", {"w": STRING, "h": RESOURCE}, {"y": (STRING, "w")}, ("no", "NoOp"))
    made.functions = {item.signature.name: item for item in (outer, creator, filler, finder)}
    return made


def test_the_functions_that_make_and_fill_a_table_are_inlined_and_others_are_not():
    found = graph()
    (rewrite,) = run_passes([InlineTableFunctions(OpCatalog.of(found))], found)
    found.check()
    assert rewrite.count == 3
    assert found["table/inner/t"].op == "HashTableV2"
    assert found["table/inner/t"].control_inputs == (found["wait"],)
    assert found["fill/fill"].inputs[0].node.name == "table/inner/t"
    assert found["fill"] in found["init"].control_inputs
    assert found["fill/fill"] in found["fill"].control_inputs
    assert (found["table"].op, found["fill"].op, found["look"].op) == ("Identity", "NoOp", "PartitionedCall")


def test_a_graph_without_such_functions_stays():
    found = graph()
    del found.functions["outer"], found.functions["filler"]
    before = format_graph(found)
    run_passes([InlineTableFunctions(OpCatalog.of(found))], found)
    assert format_graph(found) == before


@pytest.mark.tensorflow
def test_a_graph_that_uses_a_saved_model_of_tensorflow_2_with_a_table(tmp_path):
    import tensorflow as tf

    module, v1 = tf.Module(), tf.compat.v1
    filler = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([3, 4], tf.int64))
    module.table = tf.lookup.StaticHashTable(filler, -1)
    module.find = tf.function(module.table.lookup)
    signature = module.find.get_concrete_function(tf.TensorSpec([None], tf.string))
    tf.saved_model.save(module, str(tmp_path / "inner"), signatures=signature)
    with tf.Graph().as_default(), v1.Session() as session:
        words = v1.placeholder(tf.string, [None], name="words")
        inner = tf.saved_model.load(str(tmp_path / "inner"))
        (found,) = inner.signatures["serving_default"](words).values()
        session.run(v1.tables_initializer())
        v1.saved_model.simple_save(
            session,
            str(tmp_path / "outer"),
            inputs={"words": words},
            outputs={"ids": found},
            legacy_init_op=v1.tables_initializer(),
        )
    assert compat_saver.migrate(tmp_path / "outer", tmp_path / "out").status == "passed"
    served = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    np.testing.assert_array_equal(served(words=tf.constant(["b", "x", "a"]))["ids"], [4, -1, 3])


def calling_twice(depth, circle=False):
    """Returns a graph whose function calls another one twice, and so on; the last makes a table."""
    made = parse_graph("y = PartitionedCall[Tin={}, Tout={resource}, f=@f0]")
    for level in range(depth):
        last = level == depth - 1
        nodes = [("t", "HashTableV2")] if last else []
        nodes += [] if last and not circle else [("one", "PartitionedCall"), ("other", "PartitionedCall")]
        output = "t:table_handle:0" if last else "one:output:0"
        function = _function(f"f{level}", {}, {"h": (RESOURCE, output)}, *nodes)
        for node in function.node_def:
            if node.op == "PartitionedCall":
                node.attr["f"].func.name = f"f{(level + 1) % depth}"
                node.attr["Tin"].list.SetInParent()
                node.attr["Tout"].list.type.append(RESOURCE)
        made.functions[function.signature.name] = function
    return made


@pytest.mark.parametrize(("depth", "circle", "count"), [(3, False, 7), (60, False, 0), (3, True, 0), (1, True, 0)])
def test_calls_that_are_too_many_or_never_end_are_left_to_be_refused(depth, circle, count):
    found = calling_twice(depth, circle)
    rewrites = run_passes([InlineTableFunctions(OpCatalog.of(found))], found)
    assert sum(rewrite.count for rewrite in rewrites) == count


# ---- a graph to look at

LOOP = """
x = Placeholder[dtype=float32]
loop = While[T={float32}, body=@step, cond=@go](x)
y = Neg[T=float32](loop)
"""
CHOICE = """
flag = Placeholder[dtype=bool]
x = Placeholder[dtype=float32]
choice = If[Tcond=bool, Tin={float32}, Tout={float32}, else_branch=@same, then_branch=@step](flag, x)
y = Neg[T=float32](choice)
"""


def looked_at(text, step=("half", "Neg", "a")):
    made = parse_graph(text)
    step = _function("step", {"a": FLOAT}, {"b": (FLOAT, "half:y:0")}, step, T=FLOAT)
    same = _function("same", {"a": FLOAT}, {"b": (FLOAT, "a")})
    go = _function("go", {"a": FLOAT}, {"b": (FLOAT, "a")})
    made.functions = {item.signature.name: item for item in (step, same, go)}
    inline_to_look_at(made, OpCatalog.of(made))
    made.check()
    return made


def test_of_a_functional_loop_one_iteration_is_looked_at():
    made = looked_at(LOOP)
    assert made["loop/half"].inputs == (made.value("x"),)
    assert made["y"].inputs == (made.value("loop/half"),)


def test_of_a_functional_conditional_all_branches_are_looked_at():
    made = looked_at(CHOICE)
    assert made["choice/half"].inputs == (made.value("x"),)
    (merged,) = made["y"].inputs
    assert merged.node.op == "Merge"
    assert set(merged.node.inputs) == {made.value("x"), made.value("choice/half")}


@pytest.mark.parametrize("damaged", [LOOP.replace("(x)", "(x, x)"), CHOICE.replace("(flag, x)", "(flag)")])
def test_what_does_not_fit_its_function_is_not_looked_into(damaged):
    assert not any("/" in node.name for node in looked_at(damaged))
