"""What a migration settles before anything is written, on small graphs and without TensorFlow."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import compat_saver
from compat_saver.errors import CannotMigrateError, NameNotFoundError, UsageError
from compat_saver.graph import parse_graph
from compat_saver.graph.text import differences
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan, make_plan
from compat_saver.model import LegacyModel
from compat_saver.model.signature import SignatureRequest, make_requests
from compat_saver.proto.messages import SignatureDef
from tests.golden_cases import case
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint

TWO_HEADS = (
    DENSE
    + """
v = VariableV2[dtype=float32, shape=[3, 1]]
v/read = Identity[T=float32](v)
value = MatMul[T=float32](product, v/read)
"""
)
TENSORS = {**WEIGHTS, "v": np.ones((3, 1), np.float32)}
WITH_KEEP = (
    DENSE
    + """
keep_prob = Placeholder[dtype=float32, shape=[]]
dropped = Mul[T=float32](prediction, keep_prob)
"""
)


@pytest.fixture
def plan(tmp_path):
    """Makes a plan for a graph in text form."""

    def make(text=DENSE, tensors=TENSORS, *, meta=None, inputs=None, outputs=None, signatures=None, **options) -> Plan:
        meta = meta or make_meta(text, ["w", "b"])
        requests = make_requests(inputs, outputs, signatures)
        with compat_saver.open_checkpoint(write_checkpoint(tmp_path / "model.ckpt", tensors)) as checkpoint:
            return make_plan(
                LegacyModel("checkpoint", "", meta, checkpoint), MigrationOptions(signatures=requests, **options)
            )

    return make


def signature(found: Plan, number: int = 0) -> tuple[dict[str, str], dict[str, str]]:
    item = found.signatures[number]
    return tuple({key: tensor.name for key, tensor in part.items()} for part in (item.inputs, item.outputs))


def weights(found: Plan) -> list[str]:
    return [item.name for item in found.weights]


# ---- signatures


def test_inputs_and_outputs_as_asked_for(plan):
    found = plan(inputs=["x"], outputs=["prediction:0", "product"])
    assert signature(found) == ({"x": "x:0"}, {"prediction": "prediction:0", "product": "product:0"})
    assert found.signatures[0].name == "serving_default"
    assert found.signatures[0].inputs["x"].shape == (None, 2)
    assert found.warnings == ()


def test_inputs_are_found_from_the_outputs(plan):
    assert signature(plan(WITH_KEEP, outputs=["prediction"])) == ({"x": "x:0"}, {"prediction": "prediction:0"})
    assert list(signature(plan(WITH_KEEP, outputs=["dropped"]))[0].values()) == ["keep_prob:0", "x:0"]


def test_a_proposal_is_said_to_be_one(plan):
    found = plan()
    assert signature(found) == ({"x": "x:0"}, {"prediction": "prediction:0"})
    (warning,) = found.warnings
    assert "inferred: 'prediction:0' (has a conventional name, " in warning
    assert "product:0" in warning


def test_nothing_to_propose(plan):
    with pytest.raises(CannotMigrateError, match="--outputs"):
        plan("w = VariableV2[dtype=float32, shape=[2, 3]]")


def test_an_input_in_the_middle_cuts_what_computes_it(plan):
    decoding = "image = Cast[SrcT=uint8, DstT=float32](jpeg)\njpeg = DecodeJpeg(file)\nfile = Placeholder[dtype=string]"
    text = DENSE.replace("product =", f"{decoding}\nproduct =")
    text = text.replace("MatMul[T=float32](x,", "MatMul[T=float32](image,")
    found = plan(text, inputs=["image"], outputs=["prediction"])
    assert signature(found)[0] == {"image": "image:0"}
    assert {node.op for node in found.graph if "Place" in node.op or "Jpeg" in node.op} == {"Placeholder"}
    product = plan(inputs=["product"], outputs=["prediction"])
    assert (weights(product), product.dropped) == (["b"], 1)


def test_the_input_may_be_what_a_queue_delivers(plan):
    text = "queue = FIFOQueueV2[component_types={int32, float32}]\n" + DENSE.replace(
        "x = Placeholder[dtype=float32, shape=[?, 2]]",
        "x = QueueDequeueV2[component_types={int32, float32}](queue)",
    ).replace("(x,", "(x:1,")
    for found in (plan(text, inputs=["x:1"], outputs=["prediction"]), plan(text, outputs=["prediction"])):
        assert signature(found)[0] == {"x_1": "x:1"}
        assert not [node for node in found.graph if "Queue" in node.op]
    assert "'x' (QueueDequeueV2)" in found.warnings[0]
    with pytest.raises(CannotMigrateError, match="input pipeline"):
        plan(text, inputs=["w"], outputs=["prediction"])


def test_all_wrong_names_are_told_at_once(plan):
    with pytest.raises(NameNotFoundError, match=r"(?s)no node 'predicton'; did you mean 'prediction'.*no node 'gone'"):
        plan(outputs=["predicton", "gone", "x"])
    with pytest.raises(NameNotFoundError, match=r"(?s)'in'.*'out'.*tensor 'x:3'"):
        plan(signatures={"a": (["in"], ["out"]), "b": ([], ["x:3"])})


def test_an_input_may_be_what_an_op_computes_that_nobody_defines(plan):
    text = DENSE.replace("product =", "grouped = GroupPointsOfSomebody(x)\nproduct =").replace("](x,", "](grouped,")
    found = plan(text, inputs=["grouped"], outputs=["prediction"])
    assert [tensor.dtype for tensor in found.signatures[0].inputs.values()] == [1]
    with pytest.raises(CannotMigrateError, match="nothing here defines"):
        plan(DENSE + "alone = GroupPointsOfSomebody(x)", outputs=["alone"])


def test_the_same_tensor_under_two_spellings_is_one(plan):
    assert signature(plan(inputs=["x", "x:0"], outputs=["prediction:0", "prediction"])) == (
        {"x": "x:0"},
        {"prediction": "prediction:0"},
    )


def test_an_output_that_is_an_input_too(plan):
    found = plan(inputs=["x"], outputs=["x", "prediction"])
    assert signature(found) == ({"x": "x:0"}, {"x": "x:0", "prediction": "prediction:0"})
    (echoed,) = found.graph[found.output_nodes["x:0"]].inputs
    assert echoed.node.name == found.input_nodes["x:0"]


def test_a_variable_that_is_an_output(plan):
    found = plan(outputs=["w", "b/read"])
    assert signature(found) == ({}, {"w": "w:0", "b_read": "b/read:0"})
    assert found.graph[found.output_nodes["w:0"]].op == "ReadVariableOp"


def test_several_signatures_share_weights_and_nodes(plan):
    asked = {"policy": (["x"], ["prediction"]), "value": (["x"], ["value"]), "both": (["x"], ["prediction", "value"])}
    found = plan(TWO_HEADS, signatures=asked)
    assert [item.name for item in found.signatures] == ["policy", "value", "both"]
    assert sorted(weights(found)) == ["b", "v", "w"]
    assert found.input_nodes.keys() == {"x:0"}
    assert found.output_nodes.keys() == {"prediction:0", "value:0"}


def test_keys_that_collide(plan):
    text = DENSE + "a/b = Neg[T=float32](x)\na_b = Neg[T=float32](x)"
    assert list(signature(plan(text, outputs=["a/b", "a_b"]))[1].items()) == [("a_b", "a/b:0"), ("a_b_2", "a_b:0")]


def test_only_what_has_no_default_is_demanded(plan):
    text = """
    default = Const[dtype=float32, value=float32[2](1.0, 2.0)]
    maybe = PlaceholderWithDefault[dtype=float32, shape=[2]](default)
    x = Placeholder[dtype=float32, shape=[2]]
    y = Add[T=float32](x, maybe)
    """
    found = plan(text, outputs=["y"])
    assert signature(found)[0] == {"x": "x:0"}
    assert "PlaceholderWithDefault" in {node.op for node in found.graph}
    assert signature(plan(text, inputs=["x", "maybe"], outputs=["y"]))[0] == {"x": "x:0", "maybe": "maybe:0"}


# ---- signatures of the file


def signed(**signatures: tuple[dict[str, str], dict[str, str]]):
    meta = make_meta(DENSE, ["w"])
    for name, (inputs, outputs) in signatures.items():
        message = SignatureDef()
        for part, given in ((message.inputs, inputs), (message.outputs, outputs)):
            for key, tensor in given.items():
                part[key].name = tensor
                part[key].dtype = 1
        meta.message.signature_def[name].CopyFrom(message)
    return meta


def test_the_signatures_of_the_file_are_taken(plan):
    meta = signed(serve=({"features": "x:0"}, {"score": "prediction:0"}), raw=({"in": "x:0"}, {"out": "product:0"}))
    found = plan(meta=meta)
    assert {item.name for item in found.signatures} == {"serve", "raw"}
    chosen = plan(meta=meta, signature_def="serve")
    assert signature(chosen) == ({"features": "x:0"}, {"score": "prediction:0"})
    asked = plan(meta=meta, outputs=["product"])
    assert signature(asked) == ({"x": "x:0"}, {"product": "product:0"})


def test_a_signature_that_the_file_does_not_have(plan):
    meta = signed(serve=({"features": "x:0"}, {"score": "prediction:0"}))
    with pytest.raises(NameNotFoundError, match=r"no signature 'serv'; did you mean 'serve'\?"):
        plan(meta=meta, signature_def="serv")
    with pytest.raises(NameNotFoundError, match="no node 'gone'"):
        plan(meta=signed(serve=({"a": "x:0"}, {"b": "gone:0"})))


SPARSE = """
sparse/indices = Placeholder[dtype=int64, shape=[?, ?]]
sparse/values = Placeholder[dtype=float32, shape=[?]]
{shape}
dense = SparseToDense[T=float32, Tindices=int64](sparse/indices, sparse/shape, sparse/values, zero)
zero = Const[dtype=float32, value=float32[](0)]
"""
FED_SHAPE = "sparse/shape = Placeholder[dtype=int64, shape=[?]]"
FIXED_SHAPE = "sparse/shape = Const[dtype=int64, value=int64[2](3, 5)]"


@pytest.mark.parametrize("shape", [FED_SHAPE, FIXED_SHAPE])
def test_a_sparse_tensor_of_a_signature_is_its_parts(plan, shape):
    meta = make_meta(SPARSE.format(shape=shape))
    message = meta.message.signature_def["serve"]
    sparse = message.inputs["x"].coo_sparse
    sparse.indices_tensor_name, sparse.values_tensor_name = "sparse/indices:0", "sparse/values:0"
    sparse.dense_shape_tensor_name = "sparse/shape:0"
    message.outputs["y"].name = "dense:0"
    inputs = {"x_indices": "sparse/indices:0", "x_values": "sparse/values:0", "x_dense_shape": "sparse/shape:0"}
    assert signature(plan(meta=meta)) == (inputs, {"y": "dense:0"})


def test_a_sparse_output_of_a_signature_keeps_its_constant_parts(plan):
    meta = make_meta(SPARSE.format(shape=FIXED_SHAPE))
    sparse = meta.message.signature_def["serve"].outputs["y"].coo_sparse
    sparse.indices_tensor_name, sparse.values_tensor_name = "sparse/indices:0", "sparse/values:0"
    sparse.dense_shape_tensor_name = "sparse/shape:0"
    meta.message.signature_def["serve"].inputs["x"].name = "sparse/values:0"
    assert "y_dense_shape" in signature(plan(meta=meta, bind={"sparse/indices": np.zeros((1, 2), np.int64)}))[1]


def test_a_ragged_tensor_of_a_signature_is_its_components(plan):
    meta = make_meta(SPARSE.format(shape=FED_SHAPE))
    message = meta.message.signature_def["serve"]
    for name in ("sparse/values:0", "sparse/indices:0", "sparse/shape:0"):
        message.inputs["x"].composite_tensor.components.add(name=name)
    message.outputs["y"].name = "dense:0"
    found = signature(plan(meta=meta))[0]
    assert found == {
        "x_component_0": "sparse/values:0",
        "x_component_1": "sparse/indices:0",
        "x_component_2": "sparse/shape:0",
    }


def test_two_keys_on_one_tensor_are_one_input(plan):
    found = plan(meta=signed(serve=({"a": "x:0", "b": "x:0"}, {"score": "prediction:0"})))
    assert signature(found)[0] == {"a": "x:0"}
    assert any("two keys for 'x:0'" in text and "--rename a=b" in text for text in found.warnings)
    with pytest.raises(UsageError, match="'a' and 'b' of 'serving_default' are one tensor, 'x:0'"):
        plan(inputs={"a": "x:0", "b": "x"}, outputs=["prediction"])


def test_parts_of_a_sparse_placeholder_without_a_name_are_called_what_they_are(plan):
    text = SPARSE.format(shape=FED_SHAPE).replace("sparse/shape", "Placeholder")
    text = text.replace("sparse/values", "Placeholder_1").replace("sparse/indices", "Placeholder_2")
    keys = {"sparse_shape": "Placeholder:0", "sparse_values": "Placeholder_1:0", "sparse_indices": "Placeholder_2:0"}
    assert signature(plan(text, outputs=["dense"]))[0] == keys


def test_a_signature_of_tensors_of_an_unknown_kind(plan):
    meta = signed(serve=({}, {"score": "prediction:0"}))
    meta.message.signature_def["serve"].inputs["ragged"].dtype = 1  # in a form that is not known here
    with pytest.raises(CannotMigrateError, match=r"'ragged' .* of a kind that is not known; .*--inputs"):
        plan(meta=meta)


def test_a_key_with_which_tensorflow_2_cannot_call_a_signature(plan):
    meta = signed(serve=({"self": "x:0"}, {"self": "prediction:0"}))
    with pytest.raises(CannotMigrateError, match=r"an input with the key 'self'.*--rename self=KEY") as caught:
        plan(meta=meta, rename={"prediction:0": "score"})
    assert len(caught.value.obstacles) == 1
    assert signature(plan(meta=meta, rename={"serve/x": "features"})) == ({"features": "x:0"}, {"self": "prediction:0"})


def test_a_variable_that_tensorflow_2_would_not_read_back(plan):
    name = "w/.ATTRIBUTES"
    with pytest.raises(CannotMigrateError, match=f"The name {name!r} ends as the keys"):
        plan(DENSE.replace("w = V", f"{name} = V").replace("](w)", f"]({name})"), {**WEIGHTS, name: WEIGHTS["w"]})


# ---- bound values


def test_a_bound_value_takes_the_place_of_what_computes_it(plan):
    found = plan(WITH_KEEP, outputs=["dropped"], bind={"keep_prob": "1.0"})
    assert signature(found)[0] == {"x": "x:0"}
    assert found.bound["keep_prob:0"] == np.float32(1)
    cut = plan(WITH_KEEP, outputs=["dropped"], bind={"prediction": np.ones((1, 3))})
    assert (weights(cut), list(signature(cut)[0])) == ([], ["keep_prob"])
    assert cut.bound["prediction:0"].dtype == np.float32


def test_what_is_bound_need_not_be_needed(plan):
    assert list(plan(WITH_KEEP, outputs=["prediction"], bind={"keep_prob": 1}).bound) == ["keep_prob:0"]


@pytest.mark.parametrize(
    ("dtype", "given", "value"),
    [
        ("float32", "0.5", np.float32(0.5)),
        ("float32", "-inf", np.float32(-np.inf)),
        ("float32", 1, np.float32(1)),
        ("float64", [1, 2], np.float64([1, 2])),
        ("float16", "1", np.float16(1)),
        ("int32", "7", np.int32(7)),
        ("int64", np.int32([1, 2]), np.int64([1, 2])),
        ("bool", "False", np.array(False)),
        ("bool", "1", np.array(True)),
        ("bool", True, np.array(True)),
        ("bool", [True, False], np.array([True, False])),
        ("string", "eval", np.array(b"eval", object)),
        ("string", b"eval", np.array(b"eval", object)),
        ("complex64", "1+2j", np.complex64(1 + 2j)),
    ],
)
def test_values_in_every_form(plan, dtype, given, value):
    text = f"p = Placeholder[dtype={dtype}]\ny = Identity[T={dtype}](p)"
    array = plan(text, outputs=["y"], bind={"p": given}).bound["p:0"]
    assert (array.dtype, array.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(array, value)


@pytest.mark.parametrize(
    ("dtype", "given"),
    [("float32", "abc"), ("int32", "1.5"), ("int32", 1.5), ("int32", "9" * 30), ("bool", "maybe"), ("float32", "")],
)
def test_values_that_do_not_fit(plan, dtype, given):
    text = f"p = Placeholder[dtype={dtype}]\ny = Identity[T={dtype}](p)"
    with pytest.raises(UsageError, match=f"no value for 'p:0', which is {dtype}"):
        plan(text, outputs=["y"], bind={"p": given})


# ---- what is kept, and what is in the way


def test_the_graph_is_pruned_and_rewritten(plan):
    training = """
    grad = MatMul[T=float32](x, w/read) @/gpu:0
    update = ApplyGradientDescent[T=float32](w, grad, grad)
    extra = VariableV2[dtype=float32, shape=[1]]
    """
    found = plan(DENSE + training, inputs=["x"], outputs=["prediction"])
    expected = """
    signature_input/0 = Placeholder[dtype=float32, shape=[?, 2]]
    w = VarHandleOp[dtype=float32, shape=[2, 3]]
    w/read = ReadVariableOp[dtype=float32](w)
    b = VarHandleOp[dtype=float32, shape=[3]]
    b/read = ReadVariableOp[dtype=float32](b)
    product = MatMul[T=float32](signature_input/0, w/read)
    prediction = BiasAdd[T=float32](product, b/read)
    signature_output/0 = Identity[T=float32](prediction)
    """
    assert differences(found.graph, parse_graph(expected)) == []
    assert (weights(found), found.dropped) == (["w", "b"], 1)
    assert [item.trainable for item in found.weights] == [True, True]
    assert [item.name for item in found.rewrites] == ["prune", "ref_to_resource"]


def test_a_shared_name_is_kept_apart_from_the_name(plan):
    text = 'w = VarHandleOp[dtype=float32, shape=[2, 3], shared_name="somewhere/w"]\n'
    text += "y = ReadVariableOp[dtype=float32](w)"
    (weight,) = plan(text, outputs=["y"]).weights
    assert (weight.name, weight.location.key) == ("w", "w")


def test_local_variables_have_the_value_of_their_initializer(plan):
    text = """
    margin = VariableV2[dtype=float32, shape=[]]
    value = Const[dtype=float32, value=float32[](0.25)]
    margin/Assign = Assign[T=float32](margin, value)
    y = Identity[T=float32](margin)
    """
    (weight,) = plan(meta=make_meta(text, local=["margin"]), outputs=["y"]).weights
    assert weight.initial == np.float32(0.25)
    with pytest.raises(CannotMigrateError, match="'margin' is not in"):
        plan(text, outputs=["y"])


def test_an_unbound_placeholder_that_no_signature_takes(plan):
    with pytest.raises(
        UsageError, match=r"'keep_prob:0', which is not among its inputs.*--bind keep_prob:0=1\.0.*--inputs"
    ):
        plan(WITH_KEEP, inputs=["x"], outputs=["dropped"])


def test_what_another_signature_takes_is_not_taken(plan):
    with pytest.raises(UsageError, match="'value' depends on the placeholder 'x:0', which is not among"):
        plan(TWO_HEADS, signatures={"policy": (["x"], ["prediction"]), "value": ([], ["value"])})


def test_an_input_on_the_way_of_another_signature(plan):
    found = plan(TWO_HEADS, signatures={"policy": (["x"], ["prediction"]), "value": (["product"], ["value"])})
    shared = found.graph[found.input_nodes["product:0"]]
    assert (shared.op, [value.name for value in shared.inputs]) == ("Identity", ["product:0"])
    assert found.graph[found.input_nodes["x:0"]].op == "Placeholder"
    assert {use.node.name for use in found.graph["product"].output().uses} == {shared.name}


def test_what_only_the_other_signature_needs_is_no_obstacle_after_its_cut(plan):
    text = TWO_HEADS.replace("[T=float32](x, w", "[T=float32](decoded, w") + "decoded = DecodeOfSomebody(x)\n"
    both = {"policy": (["decoded"], ["prediction"]), "value": (["product"], ["value"])}
    assert weights(plan(text, signatures=both)) == ["w", "b", "v"]
    with pytest.raises(CannotMigrateError, match="DecodeOfSomebody"):
        plan(text, signatures={"policy": (["x"], ["prediction"]), "value": (["decoded"], ["value"])})


def test_an_output_that_is_the_input_of_another_signature(plan):
    found = plan(signatures={"first": (["x"], ["product"]), "second": (["product"], ["prediction", "product"])})
    (echoed,) = found.graph[found.output_nodes["product:0"]].inputs
    assert echoed.node.name == found.input_nodes["product:0"]


def test_an_output_that_is_bound_has_that_value(plan):
    found = plan(WITH_KEEP, outputs=["dropped", "keep_prob"], bind={"keep_prob": 0.5})
    (value,) = found.graph[found.output_nodes["keep_prob:0"]].inputs
    assert value.node.op == "Const"
    assert signature(found)[0] == {"x": "x:0"}


def test_an_output_inside_a_loop(plan):
    text = """
    x = Placeholder[dtype=float32, shape=[2]]
    enter = Enter[T=float32, frame_name="loop"](x)
    merge = Merge[N=2, T=float32](enter, next)
    condition = LoopCond(test)
    test = Less[T=float32](merge, merge)
    switch = Switch[T=float32](merge, condition)
    body = Neg[T=float32](switch:1)
    next = NextIteration[T=float32](body)
    exit = Exit[T=float32](switch)
    """
    with pytest.raises(UsageError, match="'body:0' is inside a while loop"):
        plan(text, outputs=["body"])
    found = plan(text, outputs=["exit"])
    assert [text.partition(":")[0] for text in found.warnings] == ["Nothing can be trained"]
    assert "StatelessWhile" in {node.op for node in found.graph}
    assert "Enter" in {node.op for node in found.flat}


def test_a_bound_input(plan):
    with pytest.raises(UsageError, match="'x:0' is bound to a value and cannot be an input of 'serving_default'"):
        plan(inputs=["x"], outputs=["prediction"], bind={"x": [[1, 2]]})


def test_a_conditional_with_a_bound_predicate_is_gone(plan):
    text = (
        DENSE
        + """
        negated = Placeholder[dtype=bool, shape=[]]
        switch = Switch[T=float32](product, negated)
        on = Neg[T=float32](switch:1)
        y = Merge[N=2, T=float32](switch, on)
        """
    )
    found = plan(text, outputs=["y"], bind={"negated": "false"})
    assert not {node.op for node in found.graph} & {"Switch", "Merge", "Neg"}
    assert found.warnings == ()
    found = plan(text, outputs=["y"])
    assert found.warnings == ()
    assert "StatelessIf" in {node.op for node in found.graph}


WITH_DROPOUT = (
    DENSE
    + """
keep_prob = Placeholder[dtype=float32, shape=[]]
shape = Const[dtype=int32, value=int32[2](1, 3)]
draw = RandomUniform[dtype=float32, T=int32](shape)
sum = Add[T=float32](keep_prob, draw)
mask = Floor[T=float32](sum)
scaled = RealDiv[T=float32](prediction, keep_prob)
y = Mul[T=float32](scaled, mask)
"""
)


def test_a_mode_is_bound_and_told_of(plan):
    found = plan(WITH_DROPOUT, outputs=["y"])
    assert (signature(found)[0], found.bound["keep_prob:0"].item()) == ({"x": "x:0"}, 1.0)
    assert found.modes == {"keep_prob:0": "a dropout keeps with this probability"}
    assert "'keep_prob:0' was bound to 1.0: a dropout keeps with this" in " ".join(found.warnings)


def test_a_mode_that_a_person_settles_is_left_to_them(plan):
    taken = plan(WITH_DROPOUT, inputs=["x", "keep_prob"], outputs=["y"])
    assert (list(signature(taken)[0]), taken.bound, taken.modes) == (["x", "keep_prob"], {}, {})
    given = plan(WITH_DROPOUT, outputs=["y"], bind={"keep_prob": 0.5})
    assert (given.bound["keep_prob:0"].item(), given.modes) == (0.5, {})
    assert (unneeded := plan(WITH_DROPOUT, outputs=["prediction"])).bound == {}
    assert unneeded.modes == {}


def test_a_mode_that_the_file_takes_stays_an_input(plan):
    meta = make_meta(WITH_DROPOUT, ["w", "b"])
    message = meta.message.signature_def["serve"]
    message.inputs["x"].name, message.inputs["keep"].name, message.outputs["y"].name = "x:0", "keep_prob:0", "y:0"
    assert signature(plan(meta=meta))[0] == {"keep": "keep_prob:0", "x": "x:0"}


def test_a_dropout_with_a_constant_rate_becomes_an_identity(plan):
    fixed = "keep_prob = Const[dtype=float32, value=float32[](0.5)]"
    text = WITH_DROPOUT.replace("keep_prob = Placeholder[dtype=float32, shape=[]]", fixed)
    found = plan(text, outputs=["y"])
    assert found.warnings == ("1 dropout turned to inference (identity): 'y'.",)
    assert not any("Random" in node.op for node in found.graph)
    (warning,) = plan(text, outputs=["y"], training_behavior="keep").warnings
    assert "TRAINING BEHAVIOR IS KEPT" in warning
    assert plan(text, outputs=["y"], bind={"keep_prob": 1}).warnings == ()
    scaled_elsewhere = text.replace("(prediction, keep_prob)", "(prediction, prediction)")
    (finding,) = plan(scaled_elsewhere, outputs=["y"]).behavior.removed
    assert finding.became == "the expected value, a factor of 0.5"


def test_a_batch_norm_without_averages_is_reported(plan):
    text = DENSE + "norm = FusedBatchNorm[T=float32](prediction, b/read, b/read, b/read, b/read)"
    told = " ".join(plan(text, outputs=["norm"]).warnings)
    assert "1 batch norm left as in training, because no variable averages its statistics: 'norm'" in told
    assert (
        plan(
            text.replace("T=float32](prediction", "T=float32, is_training=false](prediction"), outputs=["norm"]
        ).warnings
        == ()
    )


LOOP = """
{start}
enter = Enter[T=float32, frame_name="loop"](start)
merge = Merge[N=2, T=float32](enter, next)
condition = LoopCond(test)
test = Less[T=float32](merge, merge)
switch = Switch[T=float32](merge, condition)
next = NextIteration[T=float32](switch:1)
exit = Exit[T=float32](switch)
"""


def test_the_state_that_a_loop_begins_with(plan):
    found = plan(LOOP.format(start="start = Placeholder[dtype=float32, shape=[?, 4]]"), outputs=["exit"])
    assert signature(found)[0] == {"start": "start:0"}
    assert "'start:0': the initial state of a loop, zeros for a new sequence." in found.warnings
    zeros = (
        "zeros = Const[dtype=float32, value=float32[1,2](0, 0)]\n"
        "start = PlaceholderWithDefault[dtype=float32, shape=[?, 2]](zeros)"
    )
    found = plan(LOOP.format(start=zeros), outputs=["exit"])
    assert signature(found)[0] == {}
    assert "start:0, the initial state of a loop, keeps its default of zeros" in " ".join(found.warnings)
    assert signature(plan(LOOP.format(start=zeros), inputs=["start"], outputs=["exit"]))[0] == {"start": "start:0"}


def test_requests_and_options_that_contradict_each_other():
    with pytest.raises(UsageError, match="not both"):
        make_requests(["x"], ["y"], {"a": (["x"], ["y"])})
    assert make_requests(["x"], None, None) == (SignatureRequest("serving_default", ("x",), None),)
    request = SignatureRequest("a", None, ("y",))
    with pytest.raises(UsageError, match="--signature-def"):
        MigrationOptions(signatures=[request], signature_def="serve")
    with pytest.raises(UsageError, match="--no-verify"):
        dataclasses.replace(MigrationOptions(verify=False), verify_data="in.npz")


def test_a_dry_run_leaves_tensorflow_out(tmp_path):
    prefix = str(case("1.15.5", "lstm_dynamic_rnn").prefix)
    code = (
        "import sys, compat_saver.cli as cli\n"
        f"cli.main(['migrate', {prefix!r}, 'out', '--dry-run'], standalone_mode=False)\n"
        "assert 'tensorflow' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [2, "2", [2.0, 2.0], "[2, 2]"])
def test_a_bound_value_fills_or_fits_the_shape(plan, given):
    text = DENSE + "\nk = Placeholder[dtype=float32, shape=[2]]\ny = Mul[T=float32](prediction, k)"
    found = plan(text, outputs=["y"], bind={"k": given})
    assert found.bound["k:0"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("given", [[1.0], "[1, 2, 3]", "[[1, 2]]"])
def test_a_bound_value_of_another_shape_is_refused(plan, given):
    text = DENSE + "\nk = Placeholder[dtype=float32, shape=[2]]\ny = Mul[T=float32](prediction, k)"
    with pytest.raises(UsageError, match=r"'k:0' has shape \[2\]; a value of shape"):
        plan(text, outputs=["y"], bind={"k": given})


def test_a_placeholder_that_keeps_its_default_is_told_of(plan):
    text = DENSE + (
        "\nc = Const[dtype=float32, value=float32[](1.0)]\nk = PlaceholderWithDefault[dtype=float32, shape=[]](c)"
        "\ny = Mul[T=float32](prediction, k)"
    )
    assert "k:0 keeps its default 1.0; --bind" in " ".join(plan(text, outputs=["y"]).warnings)
    assert plan(text, outputs=["y"], bind={"k": 0.5}).warnings == ()


def test_overridden_gradients_are_dropped_and_told_of(plan):
    text = DENSE + '\ny = IdentityN[T={float32}, _gradient_op_type="CustomGradient-1"](prediction)'
    found = plan(text, outputs=["y"])
    assert "_gradient_op_type" not in found.graph["y"].attrs
    assert "1 op used custom gradients" in " ".join(found.warnings)


# ---- models that take nothing


CONSTANT_DATA = """
features = Const[dtype=float32, value=float32[2,2](1, 2, 3, 4)]
w = VariableV2[dtype=float32, shape=[2, 3]]
w/read = Identity[T=float32](w)
scaled = Identity[T=float32](features)
prediction = MatMul[T=float32](scaled, w/read)
"""


def test_data_that_is_a_constant_of_the_graph_is_no_model(plan):
    with pytest.raises(CannotMigrateError, match=r"'prediction:0' depends on no placeholder.*--inputs features:0"):
        plan(CONSTANT_DATA, outputs=["prediction"])
    with pytest.raises(CannotMigrateError, match=r"Specify one with --outputs.*--inputs features:0"):
        plan(CONSTANT_DATA)
    assert signature(plan(CONSTANT_DATA, inputs=["features"], outputs=["prediction"]))[0] == {"features": "features:0"}
    assert signature(plan(CONSTANT_DATA, inputs=[], outputs=["prediction"]))[0] == {}


def test_a_signature_without_inputs_is_reported(plan):
    found = plan(CONSTANT_DATA, outputs=["w/read"])
    assert "Signature 'serving_default' takes no input: 'w/read:0' depends on no placeholder." in found.warnings
