"""Recurrent layers get the weights of other layouts, and have the outputs that TensorFlow 1.15 had."""

import re
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.errors import RestoreError  # noqa: E402
from compat_saver.saver.load_into.load_into import load_into  # noqa: E402
from tests.small_models import write_checkpoint  # noqa: E402

pytestmark = pytest.mark.tensorflow
L = tf.keras.layers
CELLS = Path(__file__).with_name("cells_1_15")
GRAPHS = Path(__file__).with_name("forget_bias_1_15")
CUDNN = Path(__file__).with_name("cudnn_1_15")


def model(*layers):
    return tf.keras.Sequential([L.Input((4, 3)), *layers])


def gru(name=None, **config):
    return L.GRU(2, return_sequences=True, name=name, **{"reset_after": False, **config})


def lstm(name=None, **config):
    return L.LSTM(2, return_sequences=True, name=name, **config)


def require_outputs(loaded, folder, name):
    recorded = np.load(folder / "outputs.npz")
    np.testing.assert_allclose(loaded(recorded["x"]), recorded[name], 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("scope", "make", "note"),
    [
        ("basic_lstm", lambda: model(lstm()), "forget_bias=1.0"),
        ("lstm", lambda: model(lstm()), "forget_bias=1.0"),
        ("gru", lambda: model(gru()), "'gru/rnn/gru_cell' were converted"),
        ("basic_rnn", lambda: model(L.SimpleRNN(2, return_sequences=True)), "were converted"),
        ("cudnn_lstm", lambda: model(lstm()), "cudnn_compatible_lstm_cell' were converted"),
        ("cudnn_gru", lambda: model(gru(reset_after=True)), "were converted"),
        (
            "stacked",
            lambda: model(gru("first"), gru("second"), gru("third")),
            "cell_2/gru_cell' were converted for 'th",
        ),
        ("both", lambda: model(L.Bidirectional(lstm())), "forget_bias=1.0"),
    ],
)
def test_a_cell_of_tensorflow_1(scope, make, note):
    loaded = make()
    report = load_into(loaded, CELLS / "cells.ckpt", scope=scope)
    require_outputs(loaded, CELLS, scope)
    assert note in str(report)


@pytest.mark.parametrize(
    ("scope", "config", "note"),
    [
        ("basic", {}, "forget_bias=0.5 of the graph"),
        ("unrolled", {"activation": "relu"}, "forget_bias=0.25 of the graph"),
        ("none", {}, "were converted for 'lstm'."),
        ("fused", {}, "forget_bias=0.75 of the graph"),
    ],
)
def test_what_only_the_graph_knows(scope, config, note):
    loaded = model(lstm("lstm", **config))
    report = load_into(loaded, GRAPHS / "cells.ckpt", scope=scope)
    require_outputs(loaded, GRAPHS, scope)
    assert note in str(report)


@pytest.mark.parametrize(
    ("name", "activation"), [("plain", "sigmoid"), ("hard", lambda x: tf.keras.ops.clip(0.2 * x + 0.5, 0, 1))]
)
def test_the_graph_knows_the_gates_of_keras(name, activation):
    loaded = model(lstm(name, recurrent_activation=activation))
    report = load_into(loaded, GRAPHS / "cells.ckpt")
    require_outputs(loaded, GRAPHS, name)
    assert not report.notes


class TestRefusals:
    def test_gates_that_the_graph_computes_otherwise(self):
        with pytest.raises(RestoreError, match="recurrent_activation is 'hard_sigmoid' in the file and 'sigmoid' here"):
            load_into(model(lstm("hard")), GRAPHS / "cells.ckpt")

    @pytest.mark.parametrize(
        ("scope", "reason"),
        [
            ("clipped", "clips its state (cell_clip)"),
            ("clipped_fused", "clips its state (cell_clip)"),
            ("peephole", "has peepholes (use_peepholes)"),
            ("projected", "projects its output (num_proj=2)"),
        ],
    )
    def test_what_no_layer_computes(self, scope, reason):
        loaded = model(lstm("lstm"))
        before = loaded.get_weights()
        with pytest.raises(RestoreError, match=re.escape(f"{reason}, as no layer of Keras does")):
            load_into(loaded, GRAPHS / "cells.ckpt", scope=scope)
        report = load_into(loaded, GRAPHS / "cells.ckpt", scope=scope, strict=False)
        assert reason in str(report)
        assert not report.restored
        np.testing.assert_equal(loaded.get_weights(), before)

    def test_another_activation_of_the_state(self):
        with pytest.raises(RestoreError, match="Write activation='relu'"):
            load_into(model(lstm("lstm")), GRAPHS / "cells.ckpt", scope="unrolled")

    def test_a_gru_that_resets_after_the_product(self):
        with pytest.raises(RestoreError, match=r"before the product. Make 'gru' with reset_after=False"):
            load_into(model(gru("gru", reset_after=True)), CELLS / "cells.ckpt", scope="gru")

    @pytest.mark.parametrize(("here", "there"), [(True, (6,)), (False, (2, 6))])
    def test_a_bias_says_where_a_gru_resets(self, tmp_path, here, there):
        loaded = model(gru("gru", reset_after=here))
        weights = {f"gru/{name}": np.zeros(shape, "f") for name, shape in (("kernel", (3, 6)), ("bias", there))}
        prefix = write_checkpoint(tmp_path / "a", {**weights, "gru/recurrent_kernel": np.zeros((2, 6), "f")})
        with pytest.raises(RestoreError, match=rf"of a GRU with reset_after={not here} \(make the layer so\)"):
            load_into(loaded, prefix)

    def test_another_activation_of_the_gates(self):
        layer = lstm("lstm", recurrent_activation="hard_sigmoid")
        with pytest.raises(RestoreError, match="Write recurrent_activation='sigmoid'"):
            load_into(model(layer), CELLS / "cells.ckpt", scope="lstm")

    def test_several_cells_that_fit(self):
        with pytest.raises(RestoreError) as caught:
            load_into(model(lstm("one")), CELLS / "cells.ckpt")
        assert "may belong to 'one'. Choose with name_map" in str(caught.value)
        assert "name_map={'basic_lstm/rnn/basic_lstm_cell/kernel': 'sequential" in str(caught.value)

    def test_the_user_chooses(self):
        loaded = model(lstm("one"))
        load_into(loaded, CELLS / "cells.ckpt", name_map={"lstm/rnn/lstm_cell/kernel": loaded.layers[0].cell.kernel})
        require_outputs(loaded, CELLS, "lstm")


def test_moving_averages_of_a_cell(tmp_path):
    kernel, bias = np.ones((5, 8), "f"), np.zeros(8, "f")
    prefix = write_checkpoint(
        tmp_path / "ema.ckpt",
        {
            "rnn/lstm_cell/kernel": kernel,
            "rnn/lstm_cell/bias": bias,
            "rnn/lstm_cell/kernel/ExponentialMovingAverage": kernel * 3,
            "rnn/lstm_cell/bias/ExponentialMovingAverage": bias,
        },
    )
    loaded = model(lstm())
    load_into(loaded, prefix, ema=True)
    assert (loaded.weights[0].numpy() == 3).all()


@pytest.mark.parametrize(
    ("kind", "make"),
    [("CuDNNLSTM", lambda: model(lstm("memory"))), ("CuDNNGRU", lambda: model(gru("memory", reset_after=True)))],
)
def test_a_layer_of_cudnn(kind, make):
    pytest.importorskip("h5py")
    loaded = make()
    load_into(loaded, CUDNN / f"{kind.lower()}.h5")
    require_outputs(loaded, CUDNN, kind)


@pytest.mark.parametrize("number", ["", "_1"])
def test_the_gates_of_keras_1(tmp_path, number):
    h5py = pytest.importorskip("h5py")
    noise = np.random.RandomState(0)
    weights = {
        f"memory_{letter}_{gate}{number}": noise.rand(*shape).astype("f")
        for gate in "icfo"
        for letter, shape in (("W", (3, 2)), ("U", (2, 2)), ("b", (2,)))
    }
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"memory"]
        group = file.create_group("memory")
        group.attrs["weight_names"] = [name.encode() for name in weights]
        for name, value in weights.items():
            group[name] = value
    loaded = model(lstm("memory"))
    load_into(loaded, tmp_path / "w.h5")
    for position, letter in enumerate("WUb"):
        expected = np.concatenate([weights[f"memory_{letter}_{gate}{number}"] for gate in "ifco"], -1)
        np.testing.assert_array_equal(loaded.weights[position].numpy(), expected)
