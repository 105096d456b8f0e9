"""The weights of Keras files, read by the commands for checkpoints; the layers, by inspect."""

from pathlib import Path

import numpy as np
import pytest

from compat_saver.checkpoints import diff, export, get, ls, save_tensor, stats
from compat_saver.errors import ArtifactError
from compat_saver.inspection import inspect
from compat_saver.report.inspection_table import render_inspection

pytest.importorskip("h5py")
KERAS = Path(__file__).parents[1] / "saver" / "keras_1_15"
WHOLE, WEIGHTS = KERAS / "whole.h5", KERAS / "weights.h5"


def test_ls():
    listing = ls(WHOLE, ("dense/*", "*/iter"))
    assert (listing.version, listing.object_based) == ("HDF5", False)
    assert [(row.name, row.shape) for row in listing.rows] == [
        ("dense/kernel", (3, 4)),
        ("dense/bias", (4,)),
        ("optimizer_weights/training/Adam/iter", ()),
    ]


def test_get_a_part():
    np.testing.assert_array_equal(get(WHOLE, "dense/kernel", "1:,:2"), get(WEIGHTS, "dense/kernel")[1:, :2])


def test_stats():
    (row,) = stats(WEIGHTS, ["dense/bias"]).tensors
    assert row.largest == pytest.approx(get(WEIGHTS, "dense/bias").max())


def test_diff_with_the_checkpoint_of_the_same_program():
    found = diff(WEIGHTS, KERAS / "model.ckpt")
    assert found.same == 8
    assert {item.kind for item in found.tensors} <= {"only in B"}


def test_export(tmp_path):
    export(WEIGHTS, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as arrays:
        assert len(arrays.files) == 8
        np.testing.assert_array_equal(arrays["dense/bias"], get(WEIGHTS, "dense/bias"))
    save_tensor(WEIGHTS, "dense/bias", tmp_path / "bias.npy", "1:3")
    np.testing.assert_array_equal(np.load(tmp_path / "bias.npy"), get(WEIGHTS, "dense/bias")[1:3])


def test_streaming_in_pieces(monkeypatch, tmp_path):
    monkeypatch.setattr("compat_saver.checkpoints.keras_reader.PIECE_BYTES", 20)
    assert stats(WEIGHTS) == stats(WEIGHTS)
    export(WEIGHTS, tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as arrays:
        np.testing.assert_array_equal(arrays["dense/kernel"], get(WEIGHTS, "dense/kernel"))


class TestInspect:
    def test_a_whole_model(self):
        found = inspect(WHOLE)
        assert (found.keras.class_name, found.keras.optimizer, found.keras.loss) == ("Sequential", "Adam", "mse")
        assert [(item.name, item.class_name, item.parameters) for item in found.keras.layers] == [
            ("dense", "Dense", 16),
            ("batch_normalization", "BatchNormalization", 16),
            ("dropout", "Dropout", 0),
            ("dense_1", "Dense", 10),
        ]
        assert len(found.of_role("slot")) == 13
        assert [item.name for item in found.of_role("other")] == [
            "batch_normalization/moving_mean",
            "batch_normalization/moving_variance",
        ]
        assert found.to_dict()["keras"]["layers"][0]["config"]["activation"] == "relu"

    def test_the_table(self, capsys):
        from compat_saver.report.text import print_to_stdout

        print_to_stdout(render_inspection(inspect(WHOLE)))
        text = capsys.readouterr().out
        assert "Keras 2.2.4-tf on tensorflow" in text
        assert "Adam (13 variables), loss mse" in text

    def test_weights_alone(self):
        found = inspect(WEIGHTS).keras
        assert (found.class_name, found.loss) == ("", None)
        assert len(found.layers) == 4

    def test_slots_of_an_object_based_checkpoint(self):
        found = inspect(KERAS.parent / "optimizers_1_15" / "keras_sgd")
        assert [item.name.partition("/.ATT")[0] for item in found.of_role("slot")] == [
            "layer_with_weights-0/bias/.OPTIMIZER_SLOT/optimizer/momentum",
            "layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/momentum",
        ]
        assert "compat_saver.load_into(model, PATH)" in " ".join(found.notes)

    def test_without_h5py(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "h5py", None)
        with pytest.raises(ArtifactError, match="pip install h5py"):
            inspect(WHOLE)
