"""Files of Keras, opened without Keras and TensorFlow."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError
from compat_saver.keras_files import layer_configs, open_keras_file
from compat_saver.keras_files.configurations import parse_json, plain_values
from compat_saver.keras_files.saved_models import _Reader
from compat_saver.proto.messages import SavedModel

h5py = pytest.importorskip("h5py")
KERAS_1_15 = Path(__file__).parents[1] / "saver" / "keras_1_15"


def layer(name, class_name="Dense", **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "model", "layers": list(layers)}}


def archive(path, config, groups, compression=zipfile.ZIP_STORED):
    """Writes a .keras file: path of a group in the weights -> arrays."""
    weights = path.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        for name, arrays in groups.items():
            held = file.create_group(f"{name}/vars")
            for number, array in enumerate(arrays):
                held[str(number)] = array
    with zipfile.ZipFile(path, "w", compression) as packed:
        packed.writestr("config.json", json.dumps(config))
        packed.writestr("metadata.json", '{"keras_version": "2.13.1"}')
        packed.write(weights, "model.weights.h5")
    return path


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ({"class_name": "__tuple__", "items": [None, 4]}, [None, 4]),
        ({"class_name": "__tuple__", "config": {"value": [1, 2]}}, [1, 2]),
        ({"class_name": "TensorShape", "items": [None, 4]}, [None, 4]),
        ({"class_name": "__numpy__", "config": {"value": 0.2, "dtype": "float32"}}, 0.2),
        ({"type": "ndarray", "value": [0.5]}, [0.5]),
        ({"class_name": "Dense", "config": {}}, {"class_name": "Dense", "config": {}}),
    ],
)
def test_what_objects_of_json_stand_for(stored, meant):
    assert parse_json(json.dumps({"key": [stored]}), "file", "config") == {"key": [meant]}
    assert plain_values([stored]) == [meant]


class TestHdf5:
    def test_a_whole_model(self):
        with open_keras_file(KERAS_1_15 / "whole.h5") as file:
            assert (file.form, file.keras_version, file.backend) == ("hdf5", "2.2.4-tf", "tensorflow")
            assert file.config["class_name"] == "Sequential"
            assert file.training_config["loss"] == "mse"
            assert [(item.name, item.class_name, len(item.weights)) for item in file.layers] == [
                ("dense", "Dense", 2),
                ("batch_normalization", "BatchNormalization", 4),
                ("dropout", "Dropout", 0),
                ("dense_1", "Dense", 2),
            ]
            assert file.layers[0].config["activation"] == "relu"
            assert file.optimizer_weights[0].name == "training/Adam/iter"
            assert file.optimizer_weights[0].array == 1
            assert file["dense/kernel"].shape == file.weights["dense/kernel"].shape == (3, 4)

    def test_weights_alone_are_the_same(self):
        with open_keras_file(KERAS_1_15 / "whole.h5") as whole, open_keras_file(KERAS_1_15 / "weights.h5") as alone:
            assert alone.config is None
            assert list(alone) == list(whole)
            assert all((alone[name] == whole[name]).all() for name in alone)

    def test_without_h5py(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "h5py", None)
        with pytest.raises(ArtifactError, match="pip install h5py"):
            open_keras_file(KERAS_1_15 / "whole.h5")

    @pytest.mark.parametrize(
        "link", [h5py.ExternalLink("other.h5", "/x"), h5py.SoftLink("/elsewhere")], ids=["external", "soft"]
    )
    def test_links_are_not_followed(self, tmp_path, link):
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            file.create_group("dense").attrs["weight_names"] = [b"kernel:0"]
            file["dense"]["kernel:0"] = link
        with pytest.raises(FormatError, match="a link"):
            open_keras_file(tmp_path / "w.h5")

    def test_values_in_another_file(self, tmp_path):
        (tmp_path / "secret").write_bytes(bytes(16))
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            group = file.create_group("dense")
            group.attrs["weight_names"] = [b"kernel:0"]
            group.create_dataset("kernel:0", (4,), "f4", external=[(str(tmp_path / "secret"), 0, 16)])
        with open_keras_file(tmp_path / "w.h5") as file, pytest.raises(FormatError, match="outside of the file"):
            _ = file["kernel"]

    def test_an_array_that_is_not_stored(self, tmp_path):
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            group = file.create_group("dense")
            group.attrs["weight_names"] = [b"kernel:0"]
            group.create_dataset("kernel:0", (1 << 20, 1 << 10), "f4", chunks=(1, 1 << 10))
        with open_keras_file(tmp_path / "w.h5") as file, pytest.raises(FormatError, match="found 0"):
            _ = file["kernel"]

    def test_of_another_program(self, tmp_path):
        with h5py.File(tmp_path / "data.h5", "w") as file:
            file["x"] = np.zeros(3)
        with pytest.raises(FormatError, match="expected the attribute layer_names, found an HDF5 file with x"):
            open_keras_file(tmp_path / "data.h5")


# Keras 2 counts a layer with weights twice.
KERNELS = {f"_layer_checkpoint_dependencies/dense{end}": [np.full((2, 2), n)] for n, end in enumerate(("", "_2"))}


class TestArchives:
    @pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_layers_go_by_class_and_order(self, tmp_path, compression):
        model = sequential(layer("first"), layer("second"))
        with open_keras_file(archive(tmp_path / "m.keras", model, KERNELS, compression)) as file:
            assert (file.form, file.keras_version) == ("keras", "2.13.1")
            assert [(item.name, item.weights[0].name) for item in file.layers] == [
                ("first", "first/0"),
                ("second", "second/0"),
            ]
            assert (file["second/0"] == 1).all()

    def test_layers_inside_a_layer_follow_its_own(self, tmp_path):
        groups = {"layers/bidirectional/forward_layer/cell": [np.zeros(2)], "optimizer": [np.int64(3)]}
        path = archive(tmp_path / "m.keras", sequential(layer("both", "Bidirectional")), groups)
        with open_keras_file(path) as file:
            assert list(file) == ["both/forward_layer/cell/0"]
            assert file.optimizer_weights[0].array == 3

    @pytest.mark.parametrize(("class_name", "words"), [("StringLookup", ["", "a"]), ("IntegerLookup", [-1, 7])])
    def test_learned_words(self, tmp_path, class_name, words):
        group = "string_lookup" if class_name == "StringLookup" else "integer_lookup"
        groups = {f"layers/{group}": []}
        path = archive(tmp_path / "m.keras", sequential(layer("words", class_name, vocabulary=None)), groups)
        with zipfile.ZipFile(path, "a") as packed:
            packed.writestr(f"assets/layers/{group}/vocabulary.txt", "\n".join(map(str, words)))
        with open_keras_file(path) as file:
            assert file.layers[0].config["vocabulary"] == words
            assert next(layer_configs(file.config)).config["vocabulary"] == words

    def test_a_configuration_too_large(self, tmp_path, monkeypatch):
        monkeypatch.setattr("compat_saver.keras_files.archives.MOST_JSON", 10)
        with pytest.raises(FormatError, match=r"bad config.json: expected at most 10 bytes"):
            open_keras_file(archive(tmp_path / "m.keras", sequential(), {}))

    def test_cut_short(self, tmp_path):
        path = archive(tmp_path / "m.keras", sequential(layer("a")), KERNELS)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(NotALegacyArtifactError, match="a ZIP archive that is damaged"):
            open_keras_file(path)


class TestSavedModels:
    def test_slots_are_in_the_order_of_the_weights(self):
        graph = SavedModel().meta_graphs.add().object_graph_def
        edges = {0: {"layer-0": 1, "optimizer": 2}, 1: {"kernel": 3, "bias": 4}}
        for number in range(5):
            node = graph.nodes.add()
            for name, child in edges.get(number, {}).items():
                node.children.add(local_name=name, node_id=child)
            if number > 2:
                node.variable.name = "kernel" if number == 3 else "bias"
        for place, (variable, name) in enumerate([(4, "m"), (3, "m"), (4, "v"), (3, "v")]):
            slots = graph.nodes[2].slot_variables
            slots.add(original_variable_node_id=variable, slot_name=name, slot_variable_node_id=5 + place)
        reader = _Reader(graph.nodes, {0: {}, 1: {"name": "dense"}}, [], None)
        ordered = sorted(graph.nodes[2].slot_variables, key=reader._place_of_slot())
        assert [slot.slot_variable_node_id for slot in ordered] == [6, 5, 8, 7]


class TestConfigurations:
    def test_layers_at_any_depth(self):
        inner = sequential(layer("dense"))
        inner["config"]["name"] = "inner"
        wrapped = layer("both", "Bidirectional", layer=layer("lstm", "LSTM"), backward_layer=layer("back", "LSTM"))
        found = [(item.path, item.class_name) for item in layer_configs(sequential(inner, wrapped))]
        assert found == [
            (("inner",), "Sequential"),
            (("inner", "dense"), "Dense"),
            (("both",), "Bidirectional"),
            (("both", "lstm"), "LSTM"),
            (("both", "back"), "LSTM"),
        ]

    def test_a_sequential_before_keras_2_2_3(self):
        found = list(layer_configs({"class_name": "Sequential", "config": [layer("a"), layer("b")]}))
        assert [item.name for item in found] == ["a", "b"]

    def test_nesting_without_end(self, tmp_path):
        with h5py.File(tmp_path / "m.h5", "w") as file:
            file.attrs["layer_names"] = [b"dense"]
            file.create_group("dense").attrs["weight_names"] = np.array([], "S1")
            file.attrs["model_config"] = "[" * 60000
        with pytest.raises(FormatError, match="bad model_config: expected JSON"):
            open_keras_file(tmp_path / "m.h5")
