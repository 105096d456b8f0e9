"""Configurations and weights of Keras 1 -> those of Keras 2, without Keras."""

from types import SimpleNamespace

import numpy as np
import pytest

from compat_saver import dtypes
from compat_saver.errors import CannotMigrateError
from compat_saver.keras_files import KerasFile, Layer, Weight
from compat_saver.keras_files.old_weights import Kind, as_keras_2_weights, layer_kinds, unknown_kernels
from compat_saver.keras_models.architecture import upgrade_model
from compat_saver.keras_models.building import require_vectors
from compat_saver.keras_models.changes import Upgrade
from compat_saver.keras_models.keras_1 import as_keras_2, is_keras_1


def sequential(*layers):
    return {"class_name": "Sequential", "config": [{"class_name": kind, "config": config} for kind, config in layers]}


def converted(kind, **config):
    upgrade = Upgrade()
    model = {"class_name": "Model", "config": {"layers": [{"class_name": kind, "name": "x", "config": config}]}}
    (layer,) = as_keras_2(model, [], upgrade)["config"]["layers"]
    return layer["class_name"], {key: value for key, value in layer["config"].items() if key != "name"}, upgrade


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        (
            "Dense",
            {"output_dim": 3, "bias": False, "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.5}},
            (
                "Dense",
                {
                    "units": 3,
                    "use_bias": False,
                    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}},
                },
            ),
        ),
        (
            "Dense",
            {"output_dim": 3, "init": "zero", "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}},
            (
                "Dense",
                {
                    "units": 3,
                    "kernel_initializer": "zeros",
                    "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
                },
            ),
        ),
        (
            "AtrousConvolution2D",
            {"nb_filter": 4, "nb_row": 3, "nb_col": 2, "atrous_rate": [2, 2], "dim_ordering": "th"},
            (
                "Conv2D",
                {"filters": 4, "kernel_size": [3, 2], "dilation_rate": [2, 2], "data_format": "channels_first"},
            ),
        ),
        (
            "Deconvolution2D",
            {"nb_row": 3, "nb_col": 3, "subsample": [2, 2], "border_mode": "same", "output_shape": [None, 8, 7, 1]},
            (
                "Conv2DTranspose",
                {"kernel_size": [3, 3], "strides": [2, 2], "padding": "same", "output_padding": [1, 0]},
            ),
        ),
        (
            "LSTM",
            {"output_dim": 2, "inner_activation": "hard_sigmoid", "consume_less": "gpu", "forget_bias_init": "one"},
            ("LSTM", {"units": 2, "recurrent_activation": "hard_sigmoid", "unit_forget_bias": True}),
        ),
        ("Embedding", {"output_dim": 2, "input_dim": 5}, ("Embedding", {"output_dim": 2, "input_dim": 5})),
        ("GRU", {"output_dim": 2, "input_dtype": "float32"}, ("GRU", {"units": 2, "reset_after": False})),
        ("InputLayer", {"input_dtype": "int32"}, ("InputLayer", {"dtype": "int32"})),
        ("TimeDistributedDense", {"output_dim": 2}, ("Dense", {"units": 2})),
        ("Dropout", {"p": 0.5}, ("Dropout", {"rate": 0.5})),
    ],
)
def test_a_layer(kind, config, expected):
    found, changed, upgrade = converted(kind, **config)
    assert (found, changed) == expected
    assert not upgrade.problems


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("BatchNormalization", {"mode": 1}, "only mode=0"),
        ("Convolution2D", {"border_mode": "full"}, "border_mode='full'"),
        ("Merge", {"mode": "min"}, "mode='min'"),
        (
            "Deconvolution2D",
            {"nb_row": 2, "nb_col": 2, "subsample": [2, 2], "border_mode": "same", "output_shape": [None, 8, 7, 1]},
            "no output_padding",
        ),
    ],
)
def test_what_has_no_equivalent(kind, config, words):
    *_, upgrade = converted(kind, **config)
    assert words in "".join(upgrade.problems)


def test_a_cosine_of_vectors_is_a_dot():
    kind, config, _ = converted("Merge", mode="cos", dot_axes=[1, 1])
    assert (kind, config["axes"], config["normalize"]) == ("Dot", [1, 1], True)
    vectors, sequences = (
        SimpleNamespace(name="x", normalize=True, input=[np.zeros(shape)]) for shape in ((2, 3), (2, 3, 4))
    )
    require_vectors([vectors])
    with pytest.raises(CannotMigrateError, match="Layer 'x': Merge with mode='cos' of sequences"):
        require_vectors([sequences])


@pytest.mark.parametrize("kind", ["MaxoutDense", "Highway"])
def test_layers_that_are_gone(kind):
    upgrade = Upgrade()
    upgrade_model(as_keras_2(sequential((kind, {"name": "x", "batch_input_shape": [None, 2]})), [], upgrade), upgrade)
    assert "no later Keras has" in upgrade.problems[0]


def test_layers_without_an_order_take_that_of_the_others():
    model = sequential(("Convolution2D", {"name": "a", "dim_ordering": "th"}), ("UpSampling2D", {"name": "b"}))
    *_, last = as_keras_2(model, [], Upgrade())["config"]["layers"]
    assert last["config"]["data_format"] == "channels_first"


def test_a_merge_of_a_function_is_a_lambda():
    upgrade = Upgrade()
    kind, *_ = converted("Merge", mode="mine", mode_type="function")
    assert kind == "Lambda"
    assert not upgrade.problems


def test_the_version_or_the_fields_tell_keras_1():
    assert is_keras_1(sequential(), "1.2.2")
    assert is_keras_1(sequential(("Dense", {"init": "zero"})), "")
    assert not is_keras_1(sequential(("Dense", {"units": 1})), "")
    assert not is_keras_1(sequential(("Dense", {"init": "zero"})), "2.2.4")


def weight(name, array):
    return Weight(name, name, array.shape, dtypes.by_name("float32"), lambda slices: array[slices])


def file_of(*weights, backend=""):
    return KerasFile("x.h5", "hdf5", backend=backend, layers=(Layer("x", weights=weights),), optimizer_weights=weights)


def layer_of(class_name, **config):
    return {"class_name": "Sequential", "config": {"layers": [{"class_name": class_name, "config": config}]}}


def test_gates_are_joined():
    gates = [weight(f"x_W_{gate}", np.full((2, 1), n, np.float32)) for n, gate in enumerate("icfo")]
    file = as_keras_2_weights(file_of(*gates), layer_kinds(layer_of("LSTM", name="x")), is_keras_1=True)
    (found,) = file.layers[0].weights
    assert file.aliases == {"layer_with_weights-0/kernel": "x/kernel"}
    assert (found.name, found.shape) == ("x/kernel", (2, 4))
    assert found.array[0].tolist() == [0, 2, 1, 3]
    assert not file.optimizer_weights


@pytest.mark.parametrize(
    ("kind", "config", "shape", "expected"),
    [
        ("Conv1D", {}, (3, 1, 2, 4), (3, 2, 4)),
        ("Conv2D", {"data_format": "channels_first"}, (4, 2, 3, 5), (3, 5, 2, 4)),
        ("Conv2D", {}, (3, 5, 2, 4), (3, 5, 2, 4)),
        ("Conv2DTranspose", {}, (3, 5, 2, 4), (3, 5, 4, 2)),
        ("Conv3D", {"data_format": "channels_first"}, (4, 2, 3, 5, 6), (3, 5, 6, 2, 4)),
    ],
)
def test_kernels_get_the_layout_of_keras_2(kind, config, shape, expected):
    file = file_of(weight("x_W", np.zeros(shape, np.float32)))
    (found,) = (
        as_keras_2_weights(file, layer_kinds(layer_of(kind, name="x", **config)), is_keras_1=True).layers[0].weights
    )
    assert found.shape == found.array.shape == expected


def test_kernels_of_theano_are_reversed_in_keras_2_too():
    kernel = np.arange(6, dtype=np.float32).reshape(3, 2, 1, 1)
    file = file_of(weight("x/kernel", kernel), backend="theano")
    (found,) = as_keras_2_weights(file, layer_kinds(layer_of("Conv2D", name="x")), is_keras_1=False).layers[0].weights
    assert found.array.ravel().tolist() == [5, 4, 3, 2, 1, 0]
    assert unknown_kernels(file, layer_of("SeparableConv2D", name="x")) == ["x"]


def test_slots_follow_the_weights():
    names = ("b_W", "b_b", "a_running_mean", "a_gamma")
    weights = [weight(name, np.full((number + 1,), number, np.float32)) for number, name in enumerate(names)]
    # Keras 1 trains by name: a_gamma, b_W, b_b.
    slots = [weight("Variable", np.float32(7)), *(weight("m", np.full(size, size, np.float32)) for size in (4, 1, 2))]
    config = {"optimizer_config": {"class_name": "SGD", "config": {}}}
    layers = (Layer("b", weights=tuple(weights[:2])), Layer("a", weights=tuple(weights[2:])))
    file = KerasFile("x.h5", "hdf5", layers=layers, training_config=config, optimizer_weights=tuple(slots))
    found = as_keras_2_weights(file, {}, is_keras_1=True).optimizer_weights
    assert [item.name for item in found] == ["iterations", "b/kernel/momentum", "b/bias/momentum", "a/gamma/momentum"]
    assert [item.array.ravel()[0] for item in found] == [7, 1, 2, 4]
    frozen = {"a": Kind("BatchNormalization", False, is_trained=False)}
    assert not as_keras_2_weights(file, frozen, is_keras_1=True).optimizer_weights
