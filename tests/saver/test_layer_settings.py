"""Weights go only into layers that compute with them what the file's configuration says."""

from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.errors import RestoreError  # noqa: E402
from compat_saver.keras_files import LayerConfig  # noqa: E402
from compat_saver.saver.load_into.load_into import load_into  # noqa: E402
from compat_saver.saver.load_into.settings import contradictions  # noqa: E402

pytestmark = pytest.mark.tensorflow
L = tf.keras.layers
HERE = Path(__file__).with_name("keras_1_15")
HARD = "keras.Sequential([keras.layers.Rescaling(0.2, 0.5), keras.layers.ReLU(1.0)])"


def found(layer, class_name="", **config):
    """The contradictions of one layer with a configuration: field -> (in the file, here)."""
    config = LayerConfig((layer.name,), class_name or type(layer).__name__, config)
    return {item.field: (item.stored, item.here) for item in contradictions(tf.keras.Sequential([layer]), [config])}


@pytest.mark.parametrize(
    ("layer", "config"),
    [
        (lambda: L.Dense(2, activation="relu"), {"activation": "relu", "use_bias": True}),
        (lambda: L.Dense(2, activation=tf.nn.relu), {"activation": "relu"}),
        (lambda: L.Dense(2, activation=lambda x: 1 / (1 + tf.exp(-x))), {"activation": "sigmoid"}),
        (lambda: L.Dense(2), {"activation": "of a program"}),
        (lambda: L.LSTM(2, recurrent_activation=lambda x: tf.clip_by_value(x * 0.2 + 0.5, 0, 1)),
         {"class_name": "CuDNNLSTM", "recurrent_activation": "hard_sigmoid"}),
        (lambda: L.Conv2D(2, 3), {"class_name": "Convolution2D", "border_mode": "valid", "dim_ordering": "tf"}),
        (lambda: L.Conv2D(2, 3, strides=2), {"strides": [2, 2]}),
        (L.BatchNormalization, {"class_name": "BatchNormalizationV1", "axis": [3], "epsilon": 0.001}),
        (lambda: L.LeakyReLU(0.25), {"alpha": 0.25}),
        (lambda: L.ZeroPadding2D(1), {"padding": [[1, 1], [1, 1]]}),
    ],
)  # fmt: skip
def test_the_same(layer, config):
    assert found(layer(), **config) == {}


@pytest.mark.parametrize(
    ("layer", "config", "expected"),
    [
        (lambda: L.Dense(2), {"activation": "relu"}, {"activation": ("'relu'", "'linear'")}),
        (lambda: L.GRU(2, recurrent_activation="hard_sigmoid"), {"recurrent_activation": "hard_sigmoid"},
         {"recurrent_activation": ("'hard_sigmoid'", "'hard_sigmoid'")}),
        (lambda: L.GRU(2), {"reset_after": False, "go_backwards": True},
         {"reset_after": ("False", "True"), "go_backwards": ("True", "False")}),
        (lambda: L.Conv2D(2, 3), {"strides": [2, 2], "subsample": [2, 2], "dim_ordering": "th"},
         {"strides": ("(2, 2)", "(1, 1)"), "data_format": ("'channels_first'", "'channels_last'")}),
        (L.BatchNormalization, {"epsilon": 1e-5, "momentum": 0.9},
         {"epsilon": ("1e-05", "0.001"), "momentum": ("0.9", "0.99")}),
        (lambda: L.Embedding(3, 2), {"mask_zero": True}, {"mask_zero": ("True", "False")}),
        (lambda: L.MaxPooling2D(2), {"pool_size": [3, 3]}, {"pool_size": ("(3, 3)", "(2, 2)")}),
    ],
)  # fmt: skip
def test_another(layer, config, expected):
    assert found(layer(), **config) == expected


def test_both_layers_of_a_bidirectional():
    model = tf.keras.Sequential([L.Bidirectional(L.LSTM(2, name="lstm"))])
    config = LayerConfig(("both",), "Bidirectional", {"merge_mode": "concat"})
    forward = LayerConfig(("both", "lstm"), "LSTM", {"recurrent_activation": "hard_sigmoid", "go_backwards": False})
    backward = LayerConfig(("both", "lstm"), "LSTM", {"recurrent_activation": "sigmoid", "go_backwards": False})
    rows = contradictions(model, [config, forward, backward])
    assert [(row.layer, row.field) for row in rows] == [
        ("forward_lstm", "recurrent_activation"),
        ("backward_lstm", "go_backwards"),
    ]


class TestLoading:
    def model(self, activation="relu", epsilon=1e-3):
        return tf.keras.Sequential(
            [
                L.Input((3,)),
                L.Dense(4, activation=activation, name="dense"),
                L.BatchNormalization(epsilon=epsilon, name="batch_normalization"),
                L.Dense(2, name="dense_1"),
            ]
        )

    def test_a_contradiction_is_refused(self):
        model = self.model(activation=None, epsilon=1e-5)
        before = [weight.numpy() for weight in model.weights]
        with pytest.raises(RestoreError) as caught:
            load_into(model, HERE / "whole.h5")
        assert "'dense' (Dense): activation is 'relu' in the file and 'linear' here. Write activation='relu'." in str(
            caught.value
        )
        assert "Write epsilon=0.001." in str(caught.value)
        assert all((weight.numpy() == value).all() for weight, value in zip(model.weights, before, strict=True))

    def test_it_is_reported_instead(self):
        report = load_into(self.model(activation="tanh"), HERE / "whole.h5", strict=False)
        assert len(report.restored) == 8
        assert "activation is 'relu' in the file and 'tanh' here" in str(report)

    def test_other_layers_are_found_by_the_names_of_their_weights(self):
        model = tf.keras.Sequential([L.Input((3,)), L.Dense(4, name="mine"), L.Dense(5, activation="relu", name="new")])
        layer = model.get_layer("mine")
        names = dict(zip(("dense/kernel", "dense/bias"), layer.weights, strict=True))
        with pytest.raises(RestoreError, match=r"'mine' \(Dense\): activation is 'relu'"):
            load_into(layer, HERE / "whole.h5", name_map=names)

    def test_without_a_configuration_the_activation_is_named(self, tmp_path):
        h5py = pytest.importorskip("h5py")
        model = tf.keras.Sequential([L.Input((5, 3)), L.LSTM(2, name="memory")])
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"memory"]
            group = file.create_group("memory")
            group.attrs["weight_names"] = [b"memory/kernel:0", b"memory/recurrent_kernel:0", b"memory/bias:0"]
            for name, shape in (("kernel", (3, 8)), ("recurrent_kernel", (2, 8)), ("bias", (8,))):
                group[f"memory/{name}:0"] = np.zeros(shape, "f")
        note = load_into(model, tmp_path / "w.h5").notes[0]
        assert "'memory' has recurrent_activation='sigmoid'" in note
        assert f"write recurrent_activation={HARD}" in note


def test_an_activation_that_is_a_layer_is_not_built():
    activation = tf.keras.Sequential([tf.keras.layers.Rescaling(0.2, 0.5), tf.keras.layers.ReLU(1.0)])
    layer = tf.keras.layers.Dense(2, activation=activation, name="dense")
    assert not found(layer, activation="hard_sigmoid")
    assert not activation.built
