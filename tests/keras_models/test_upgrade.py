"""Configurations of Keras 1 and 2 -> what Keras 3 takes, without Keras."""

import pytest

from compat_saver.keras_models.architecture import upgrade_model
from compat_saver.keras_models.calls import Ref
from compat_saver.keras_models.changes import Upgrade
from compat_saver.keras_models.compiling import upgrade_compilation
from compat_saver.keras_models.layers import upgrade_layer


def upgraded(class_name, **config):
    upgrade = Upgrade()
    kind, changed = upgrade_layer(class_name, "x", config, upgrade)
    assert not upgrade.problems
    assert not upgrade.missing
    return kind, changed


@pytest.mark.parametrize(
    ("class_name", "config", "expected"),
    [
        ("Dense", {"units": 2, "batch_input_shape": [None, 3]}, ("Dense", {"units": 2})),
        (
            "Dense",
            {"dtype": {"class_name": "Policy", "config": {"name": "mixed_float16"}}},
            ("Dense", {"dtype": "mixed_float16"}),
        ),
        (
            "Dense",
            {"kernel_initializer": {"class_name": "Zeros", "config": {"dtype": "float32"}}},
            ("Dense", {"kernel_initializer": {"class_name": "Zeros", "config": {}}}),
        ),
        ("LSTM", {"time_major": False, "implementation": 2}, ("LSTM", {})),
        ("GRU", {}, ("GRU", {"reset_after": False})),
        ("CuDNNLSTM", {"time_major": False}, ("LSTM", {"activation": "tanh", "recurrent_activation": "sigmoid"})),
        ("CuDNNGRU", {}, ("GRU", {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True})),
        (
            "BatchNormalizationV1",
            {"axis": [4], "fused": True, "renorm": True, "virtual_batch_size": 4, "renorm_momentum": 0.9},
            ("BatchNormalization", {"axis": 3}),
        ),
        (
            "DepthwiseConv2D",
            {"filters": None, "kernel_initializer": {}, "depthwise_initializer": None},
            ("DepthwiseConv2D", {"depthwise_initializer": None}),
        ),
        ("LeakyReLU", {"alpha": 0.25}, ("LeakyReLU", {"negative_slope": 0.25})),
        ("ThresholdedReLU", {"theta": 0.5}, ("ReLU", {"threshold": 0.5})),
        ("Embedding", {"input_dim": 3, "input_length": 4}, ("Embedding", {"input_dim": 3})),
        ("StringLookup", {"vocabulary": ["a"]}, ("StringLookup", {"vocabulary": ["a"]})),
        (
            "StringLookup",
            {"vocabulary": ["a"], "output_mode": "multi_hot", "dtype": "int64"},
            ("StringLookup", {"vocabulary": ["a"], "output_mode": "multi_hot", "dtype": "float32"}),
        ),
        (
            "Discretization",
            {"bin_boundaries": [0.5], "trainable": True},
            ("Discretization", {"bin_boundaries": [0.5]}),
        ),
        (
            "SpatialDropout1D",
            {"rate": 0.2, "noise_shape": None, "trainable": True},
            ("SpatialDropout1D", {"rate": 0.2}),
        ),
        ("Hashing", {"num_bins": 7, "dtype": "float32"}, ("Hashing", {"num_bins": 7, "dtype": "int64"})),
        (
            "CategoryEncoding",
            {"max_tokens": 5, "output_mode": "binary"},
            ("CategoryEncoding", {"num_tokens": 5, "output_mode": "multi_hot"}),
        ),
        ("AddLoss", {"name": "x", "unconditional": False}, ("Identity", {"name": "x"})),
        ("RandomHeight", {"name": "x", "factor": 0.2, "seed": None}, ("Identity", {"name": "x"})),
        ("MaxPool2D", {"pool_size": [2, 2]}, ("MaxPooling2D", {"pool_size": [2, 2]})),
    ],
)
def test_a_layer(class_name, config, expected):
    assert upgraded(class_name, **config) == expected


def test_hard_sigmoid_is_two_stock_layers():
    _, changed = upgraded("LSTM", recurrent_activation="hard_sigmoid")
    first, second = changed["recurrent_activation"]["config"]["layers"]
    assert (first["class_name"], first["config"]["scale"], first["config"]["offset"]) == ("Rescaling", 0.2, 0.5)
    assert (second["class_name"], second["config"]["max_value"]) == ("ReLU", 1.0)


def test_a_layer_as_an_activation_is_upgraded():
    _, changed = upgraded("Dense", activation={"class_name": "LeakyReLU", "config": {"name": "l", "alpha": 0.2}})
    assert changed["activation"]["config"] == {"name": "l", "negative_slope": 0.2}


def test_a_causal_attention_is_called_as_one():
    plan = upgrade_model(
        model(layer("Attention", "a", [[["i", 0, 0, {}], ["i", 0, 0, {}]]], causal=True), outputs=[["a", 0, 0]]),
        Upgrade(),
    )
    assert plan.layers[1].calls[0].arguments == {"use_causal_mask": True}
    assert "causal" not in plan.layers[1].config


def test_hard_sigmoid_computes_in_the_type_of_its_layer():
    _, changed = upgraded("LSTM", recurrent_activation="hard_sigmoid", dtype="float64")
    assert [step["config"]["dtype"] for step in changed["recurrent_activation"]["config"]["layers"]] == ["float64"] * 2


def test_wrapped_layers_are_upgraded():
    inner = {"class_name": "GRU", "config": {"name": "g", "time_major": False}}
    _, changed = upgraded("Bidirectional", layer=inner, merge_mode="sum")
    assert changed["layer"]["config"] == {"name": "g", "reset_after": False}


@pytest.mark.parametrize(
    ("class_name", "config", "words"),
    [
        ("LSTM", {"time_major": True}, "time_major"),
        ("BatchNormalization", {"axis": [1, 2]}, "one axis"),
        ("TimeDistributed", {"layer": {"class_name": "Attention", "config": {"causal": True}}}, "causal"),
        ("LocallyConnected1D", {}, "not in Keras 3"),
        ("Discretization", {"num_bins": 3}, "learned its boundaries"),
        ("DenseFeatures", {}, "feature columns"),
        ("Hashing", {"salt": [956888297470, 956888297470]}, "had not used"),
        ("Bidirectional", {"layer": {"class_name": "Sequential", "config": {"layers": []}}}, "wraps a model"),
        ("StringLookup", {}, "not in its configuration"),
        ("TextVectorization", {"vocabulary": ["a"], "output_mode": "tf_idf"}, "inverse document"),
        ("InputLayer", {"ragged": True}, "ragged"),
    ],
)
def test_a_layer_that_has_no_equivalent(class_name, config, words):
    upgrade = Upgrade()
    upgrade_layer(class_name, "x", config, upgrade)
    assert words in "".join(upgrade.problems)


def model(*layers, outputs):
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [None, 4]}, "inbound_nodes": []}
    listed = [{**first, "name": "i"}, *layers]
    ends = {"input_layers": [["i", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": {"name": "m", "layers": listed, **ends}}


def layer(class_name, name, nodes, **config):
    return {"class_name": class_name, "name": name, "config": {"name": name, **config}, "inbound_nodes": nodes}


def test_functions_of_tensorflow_become_those_of_keras():
    plan = upgrade_model(
        model(
            layer("TFOpLambda", "mul", [["i", 0, 0, {"y": 2.0, "name": None}]], function="math.multiply"),
            layer("TFOpLambda", "add", [["mul", 0, 0, {"y": ["i", 0, 0]}]], function="__operators__.add"),
            layer("TFOpLambda", "cat", [[["mul", 0, 0, {"axis": 1}], ["add", 0, 0, {"axis": 1}]]], function="concat"),
            layer(
                "SlicingOpLambda",
                "cut",
                [["cat", 0, 0, {"slice_spec": [{"start": None, "stop": 2, "step": None}, 1]}]],
                function="__operators__.getitem",
            ),
            outputs=[["cut", 0, 0]],
        ),
        Upgrade(),
    )
    calls = [plan.layers[number].calls[0] for number in (1, 2, 3, 4)]
    assert [call.function for call in calls] == ["multiply", "add", "tf.concat", "tf.getitem"]
    assert calls[1].arguments == {"x1": Ref("mul", 0, 0), "x2": Ref("i", 0, 0)}
    assert calls[2].arguments == {"values": [Ref("mul", 0, 0), Ref("add", 0, 0)], "axis": 1}
    assert calls[3].arguments == {
        "tensor": Ref("cat", 0, 0),
        "slice_spec": [{"start": None, "stop": 2, "step": None}, 1],
    }


def test_nodes_of_tensorflow_become_functions_of_keras():
    def node(op, inputs, **attrs):
        return {"op": op, "input": inputs, "attr": attrs}

    masks = {"begin_mask": {"i": "1"}, "end_mask": {"i": "1"}, "shrink_axis_mask": {"i": "2"}}
    plan = upgrade_model(
        model(
            layer(
                "TensorFlowOpLayer", "sub", [[["i", 0, 0, {}]]], node_def=node("Sub", ["x", "i"]), constants={"0": 1.0}
            ),
            layer(
                "TensorFlowOpLayer",
                "cut",
                [[["sub", 0, 0, {}]]],
                node_def=node("StridedSlice", ["sub", "a", "b", "c"], **masks),
                constants={"1": [0, 1], "2": [0, 2], "3": [1, 1]},
            ),
            outputs=[["cut", 0, 0]],
        ),
        Upgrade(),
    )
    assert plan.layers[1].calls[0].arguments == {"x1": 1.0, "x2": Ref("i", 0, 0)}
    assert plan.layers[2].calls[0].arguments == {
        "input_": Ref("sub", 0, 0),
        "begin": [0, 1],
        "end": [0, 2],
        "strides": [1, 1],
        "begin_mask": 1,
        "end_mask": 1,
        "shrink_axis_mask": 2,
    }


def test_everything_that_is_missing_is_collected():
    upgrade = Upgrade()
    upgrade_model(
        model(
            layer("Lambda", "square", [[["i", 0, 0, {}]]], function=["code", None, None]),
            layer("Mine", "a", [[["square", 0, 0, {}]]]),
            layer("Dense", "b", [[["a", 0, 0, {}]]], activation="wavy"),
            layer("TFOpLambda", "c", [["b", 0, 0, {}]], function="signal.fft"),
            outputs=[["c", 0, 0]],
        ),
        upgrade,
    )
    assert upgrade.missing == {"Mine": ["a"], "wavy": ["b"]}
    assert ["square" in item for item in upgrade.problems] == [True, False]
    assert "signal.fft" in upgrade.problems[1]


def test_a_subclassed_model_has_no_layers_to_make():
    assert upgrade_model({"class_name": "Mine", "config": {}}, Upgrade()) is None


def test_compilation():
    upgrade = Upgrade()
    plan = upgrade_compilation(
        {
            "optimizer_config": {
                "class_name": "SGD",
                "config": {"lr": 0.1, "decay": 0.5, "momentum": 0.9, "nesterov": True},
            },
            "loss": {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mse"}},
            "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "acc", "fn": "binary_accuracy"}}]],
        },
        upgrade,
    )
    assert plan.options["learning_rate"]["config"]["decay_rate"] == 0.5
    assert plan.slots == ("momentum",)
    assert plan.losses["config"]["reduction"] == "sum_over_batch_size"
    assert plan.metrics == [["acc"]]
    assert [item.name for item in upgrade.changes] == ["lr", "decay"]


def test_compilation_of_a_keras_file():
    function = {"module": "builtins", "class_name": "function", "config": "mine", "registered_name": "function"}
    plan = upgrade_compilation({"optimizer": "adam", "loss": function, "metrics": [function]}, Upgrade())
    assert (plan.optimizer, plan.is_new, plan.losses, plan.metrics) == ("Adam", True, "mine", ["mine"])


@pytest.mark.parametrize("class_name", ["TFOptimizer", "Nadam"])
def test_an_optimizer_that_keras_3_has_not(class_name):
    upgrade = Upgrade()
    assert (
        upgrade_compilation({"optimizer_config": {"class_name": class_name, "config": {}}, "loss": "mse"}, upgrade)
        is None
    )
    assert upgrade.changes[-1].name == "compile"


@pytest.mark.parametrize(
    ("version", "is_old"),
    [("2.2.4", True), ("2.3.1", True), ("2.1.6-tf", True), ("2.2.4-tf", False), ("2.4.0", False), ("", False)],
)
def test_pictures_that_were_resized_as_in_tensorflow_1(version, is_old):
    upgrade = Upgrade(keras_version=version)
    upgrade_layer("UpSampling2D", "up", {"size": [2, 2], "interpolation": "bilinear"}, upgrade)
    upgrade_layer("UpSampling2D", "near", {"size": [2, 2], "interpolation": "nearest"}, upgrade)
    assert len(upgrade.problems) == is_old
    assert all("resize_bilinear" in item for item in upgrade.problems)


def test_a_model_that_is_applied_to_each_step():
    inner = {"name": "frame", "layers": [layer("BatchNormalization", "norm", [], batch_input_shape=[None, 3])]}
    outer = layer("TimeDistributed", "steps", [], layer={"class_name": "Sequential", "config": inner})
    upgrade = Upgrade()
    first = layer("InputLayer", "x", [], batch_input_shape=[None, 2, 3])
    plan = upgrade_model({"class_name": "Sequential", "config": {"name": "m", "layers": [first, outer]}}, upgrade)
    found = plan.layers[-1]
    assert (found.name, found.kind, found.model.name) == ("steps", "TimeDistributed", "frame")
    assert "batch norm of steps" in [change.name for change in upgrade.changes]
    assert not upgrade.problems
