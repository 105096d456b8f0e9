"""The SavedModel message of a small model, without TensorFlow."""

import cProfile
import dataclasses

import pytest

from compat_saver.graph import format_graph, from_graph_def, parse_graph
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, OpDef, TrackableObjectGraph
from compat_saver.proto.tensors import to_array
from compat_saver.saved_model import Contents, Endpoint, SavedSignature, Variable, make_saved_model
from tests.saved_model.models import contents

FLOAT = 1


def meta_of(model):
    return make_saved_model(model).message.meta_graphs[0]


@pytest.fixture(scope="module")
def meta():
    return meta_of(contents())


@pytest.fixture(scope="module")
def graph(meta):
    return from_graph_def(meta.graph_def)


def texts(node):
    return [item.decode() for item in to_array(node.attr.tensor("value")).tolist()]


def test_the_same_model_gives_the_same_bytes():
    first, second = (make_saved_model(contents()) for _ in range(2))
    assert first.message.SerializeToString(deterministic=True) == second.message.SerializeToString(deterministic=True)
    assert first.checkpoint_objects == second.checkpoint_objects


def test_the_graph_of_the_model_stays_as_it_was():
    model = contents()
    before = format_graph(model.graph)
    make_saved_model(model)
    assert format_graph(model.graph) == before


def test_a_session_restores_all_values_with_one_op(meta, graph):
    (restore,) = (node for node in graph if node.op == "RestoreV2")
    keys = texts(restore.inputs[1].node)
    assert keys[:2] == ["weights/scope.Sw/.ATTRIBUTES/VARIABLE_VALUE", "weights/scope.Sb/.ATTRIBUTES/VARIABLE_VALUE"]
    assert keys[2:] == ["tables/counts/.ATTRIBUTES/keys", "tables/counts/.ATTRIBUTES/values"]
    done = graph[meta.saver_def.restore_op_name].control_inputs
    assert {node.op for node in done} == {"AssignVariableOp", "LookupTableImportV2"}
    assert graph["scope/b/Assign"].inputs[1] == restore.output(1)


def test_a_session_saves_what_it_restores_and_the_object_graph(graph):
    (save,) = (node for node in graph if node.op == "SaveV2")
    (restore,) = (node for node in graph if node.op == "RestoreV2")
    assert texts(save.inputs[1].node) == [*texts(restore.inputs[1].node), OBJECT_GRAPH_KEY]
    assert save.attr.types("dtypes")[:-1] == restore.attr.types("dtypes")


def test_the_op_that_runs_when_the_model_is_loaded_fills_the_tables_in_order(meta, graph):
    init = graph[meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name]
    assert list(meta.collection_def["saved_model_main_op"].node_list.value) == [init.name]
    (last,) = init.control_inputs
    (first,) = last.control_inputs
    assert "words" in first.attr.function("f")
    assert "counts" in last.attr.function("f")
    assert first.inputs[-1].name == meta.asset_file_def[0].tensor_info.name


def test_variables_keep_their_names_whatever_else_has_them():
    names = ["PartitionedCall", "NoOp", "serving_default_x", "RestoreV2", "saver_filename"]
    nodes = [f"{name} = VarHandleOp[dtype=float32, shape=[2]]" for name in names]
    nodes += [f"r{index} = ReadVariableOp[dtype=float32]({name})" for index, name in enumerate(names)]
    nodes += ["x = Placeholder[dtype=float32]", f"y = AddN[N={len(names) + 1}, T=float32](x, r0, r1, r2, r3, r4)"]
    signature = SavedSignature("serving_default", {"x": Endpoint("x", FLOAT, None)}, {"y": Endpoint("y", FLOAT, None)})
    variables = tuple(Variable(name, FLOAT, (2,), True) for name in names)
    meta = meta_of(Contents(parse_graph("\n".join(nodes)), (signature,), variables))
    graph = from_graph_def(meta.graph_def)
    assert {node.name for node in graph if node.op == "VarHandleOp"} == set(names)
    assert meta.signature_def["serving_default"].inputs["x"].name == "serving_default_x_1:0"


def test_a_model_without_variables_can_be_restored():
    model = Contents(
        parse_graph("x = Placeholder[dtype=float32]\ny = Neg[T=float32](x)"),
        (SavedSignature("s", {"x": Endpoint("x", FLOAT, None)}, {"y": Endpoint("y", FLOAT, None)}),),
    )
    meta = meta_of(model)
    graph = from_graph_def(meta.graph_def)
    assert graph[meta.saver_def.restore_op_name].op == "NoOp"
    assert "PartitionedCall" in graph
    assert [child.local_name for child in meta.object_graph_def.nodes[0].children] == [
        *("weights", "variables", "trainable_variables", "signatures")
    ]


@pytest.mark.parametrize(("name", "node"), [("a:b c", "a_b_c_x"), ("_hidden", "._hidden_x"), ("a/b", "a/b_x")])
def test_a_signature_may_have_any_name(name, node):
    model = contents()
    inputs = {"x": Endpoint("inputs/x", FLOAT, (None, 2))}
    signature = SavedSignature(name, inputs, {"y": Endpoint("y", FLOAT, None)})
    meta = meta_of(dataclasses.replace(model, signatures=(signature,)))
    assert meta.signature_def[name].inputs["x"].name == f"{node}:0"


def test_one_input_may_be_given_without_its_key():
    model = contents()
    one = SavedSignature("one", {"x": Endpoint("inputs/x", FLOAT, None)}, {"y": Endpoint("y", FLOAT, None)})
    meta = meta_of(dataclasses.replace(model, signatures=(one, *model.signatures)))
    found = {
        tuple(node.bare_concrete_function.argument_keywords): node.bare_concrete_function.allowed_positional_arguments
        for node in meta.object_graph_def.nodes
        if node.HasField("bare_concrete_function")
    }
    assert found["x",] == 1
    assert found["words", "x"] == 0


def test_the_checkpoint_knows_the_objects_by_the_same_paths():
    parts = make_saved_model(contents())
    stored = TrackableObjectGraph.FromString(parts.checkpoint_objects)
    objects = parts.message.meta_graphs[0].object_graph_def
    assert [list(node.children) for node in stored.nodes] == [list(node.children) for node in objects.nodes]
    named = {item.full_name: node for node in stored.nodes for item in node.attributes if item.full_name}
    assert set(named) == {"scope/w", "scope/b"}


def test_ops_of_a_library_of_the_users_are_listed_and_those_of_tensorflow_are_as_today():
    foreign = OpDef(name="Foreign")
    foreign.input_arg.add(name="in", type=FLOAT)
    foreign.output_arg.add(name="out", type=FLOAT)
    renamed = OpDef(name="Neg")
    renamed.output_arg.add(name="old", type=FLOAT)
    text = "x = Placeholder[dtype=float32]\nz = Foreign(x)\ny = Neg[T=float32](z)"
    signature = SavedSignature("s", {"x": Endpoint("x", FLOAT, None)}, {"y": Endpoint("y", FLOAT, None)})
    model = Contents(parse_graph(text), (signature,))
    meta = make_saved_model(model, {"Foreign": foreign, "Neg": renamed}).message.meta_graphs[0]
    (function,) = meta.graph_def.library.function
    assert dict(function.ret) == {"output_0": "y:y:0"}
    assert next(node.input for node in function.node_def if node.name == "y") == ["z:out:0"]
    assert {"Foreign", "Neg"} <= {op.name for op in meta.meta_info_def.stripped_op_list.op}


def test_tags_and_schema():
    message = make_saved_model(dataclasses.replace(contents(), tags=("serve", "tpu"))).message
    assert message.saved_model_schema_version == 1
    assert list(message.meta_graphs[0].meta_info_def.tags) == ["serve", "tpu"]


def test_the_work_grows_with_the_number_of_variables_and_no_faster():
    assert _calls(800) < 8 * 1.1 * _calls(100)


def _calls(count):
    """Counts the calls of functions that a model with so many variables takes."""
    nodes = [f"v{index} = VarHandleOp[dtype=float32, shape=[2]]" for index in range(count)]
    nodes += [f"r{index} = ReadVariableOp[dtype=float32](v{index})" for index in range(count)]
    values = ", ".join(f"r{index}" for index in range(count))
    graph = parse_graph("\n".join([*nodes, f"y = AddN[N={count}, T=float32]({values})"]))
    model = Contents(
        graph,
        (SavedSignature("s", {}, {"y": Endpoint("y", FLOAT, (2,))}),),
        tuple(Variable(f"v{index}", FLOAT, (2,), True) for index in range(count)),
    )
    make_saved_model(model)  # once more, for what is read the first time only
    profile = cProfile.Profile()
    profile.runcall(make_saved_model, model)
    return sum(item.callcount for item in profile.getstats())
