"""Weights go into variables, modules and Keras models; nothing is silent, and nothing half done."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.bundle import open_bundle  # noqa: E402
from compat_saver.errors import ArtifactError, FormatError, RestoreError, SourceNotFoundError, UsageError  # noqa: E402
from compat_saver.saver.load_into.load_into import load_into  # noqa: E402
from tests.golden_cases import GOLDEN, case  # noqa: E402
from tests.small_models import write_checkpoint  # noqa: E402

pytestmark = pytest.mark.tensorflow
KERAS = Path(__file__).with_name("keras_1_15")
W = np.arange(6, dtype=np.float32).reshape(2, 3)
B = np.float32([1, 2, 3])
RELEASES = sorted(path.name for path in GOLDEN.glob("[01].*"))


@pytest.fixture
def source(tmp_path):
    return write_checkpoint(tmp_path / "model.ckpt", {"dense/w": W, "dense/b": B, "global_step": np.int64(7)})


def variable(like, name="Variable"):
    return tf.Variable(tf.zeros_like(like), name=name)


def same(found, expected):
    np.testing.assert_array_equal(found.numpy(), expected)


class Dense(tf.Module):
    def __init__(self, name=None, scoped=True):
        super().__init__(name)
        with self.name_scope if scoped else tf.name_scope(""):
            self.w = variable(W, "w")
            self.b = variable(B, "b")


class TestVariables:
    def test_one(self, source):
        w = variable(W, "dense/w")
        report = load_into(w, source)
        same(w, W)
        assert [(row.name, row.keys) for row in report.restored] == [("dense/w", ("dense/w",))]
        assert report.unexpected == ("dense/b", "global_step")

    @pytest.mark.parametrize("kind", [list, tuple])
    def test_several_by_their_names(self, source, kind):
        w, b = variable(W, "dense/w"), variable(B, "dense/b")
        assert load_into(kind([w, b, w]), source).is_complete
        same(w, W)
        same(b, B)

    def test_by_the_keys_of_a_dict(self, source):
        w, step = variable(W), tf.Variable(0, dtype=tf.int64)
        report = load_into({"dense/w": w, "global_step": step}, source)
        same(w, W)
        same(step, 7)
        assert [row.name for row in report.restored] == ["dense/w", "global_step"]

    def test_the_name_scope_of_eager_programs(self, source):
        with tf.name_scope("dense"):
            w = tf.Variable(tf.zeros_like(W), name="w")
        load_into([w], source)
        same(w, W)

    def test_get_variable_in_eager_mode(self, source):
        with tf.compat.v1.variable_scope("dense"):
            w = tf.compat.v1.get_variable("w", W.shape)
        load_into([w], source)
        same(w, W)

    def test_the_value_is_not_the_files(self, tmp_path):
        big = np.arange(1 << 16, dtype=np.float32)
        source = write_checkpoint(tmp_path / "model.ckpt", {"v": big})
        v = tf.Variable(tf.zeros_like(big), name="v")
        load_into(v, source)
        v.assign_add(tf.ones_like(v))
        same(v, big + 1)
        np.testing.assert_array_equal(open_bundle(source)["v"], big)
        for path in tmp_path.glob("*.data-*"):
            path.write_bytes(bytes(path.stat().st_size))
        same(v, big + 1)

    @pytest.mark.parametrize(
        "value",
        [np.array([True, False]), np.array([b"a", b"\xff\0"], object), np.array([1 + 2j], np.complex64)]
        + [np.array([1, 2], kind) for kind in (np.float16, np.float64, np.int8, np.uint8, np.int32, np.uint64)]
        + [np.array([1, 2], tf.bfloat16.as_numpy_dtype)],
        ids=lambda value: str(value.dtype),
    )
    def test_dtypes(self, tmp_path, value):
        source = write_checkpoint(tmp_path / "model.ckpt", {"v": value})
        filler = b"" if value.dtype == object else value.dtype.type(0)
        v = tf.Variable(tf.constant(np.full_like(value, filler)), name="v")
        load_into(v, source)
        same(v, value)

    def test_a_shape_that_is_not_all_known(self, source):
        v = tf.Variable(np.zeros((1, 3), np.float32), shape=[None, 3], name="dense/w")
        load_into(v, source)
        same(v, W)

    def test_a_mirrored_variable(self, source):
        with tf.distribute.MirroredStrategy(["cpu:0"]).scope():
            v = tf.Variable(np.zeros_like(W), name="dense/w")
        load_into([v], source)
        same(v, W)

    @pytest.mark.parametrize("version", [tf.compat.v1.train.SaverDef.V1, tf.compat.v1.train.SaverDef.V2])
    def test_what_a_saver_wrote(self, tmp_path, version):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            partitioner = tf.compat.v1.fixed_size_partitioner(2)
            tf.compat.v1.get_variable("whole", initializer=B)
            parts = tf.compat.v1.get_variable("parts", W.shape, partitioner=partitioner)
            values = list(zip(parts, np.split(W, 2), strict=True))
            session.run(tf.compat.v1.global_variables_initializer())
            for part, value in values:
                part.load(value, session)
            saver = tf.compat.v1.train.Saver(write_version=version)
            saver.save(session, str(tmp_path / "model.ckpt"))
        whole, parts = variable(B, "whole"), variable(W, "parts")
        load_into([whole, parts], tmp_path)
        same(whole, B)
        same(parts, W)


class TestWhatDoesNotFit:
    def test_nothing_is_changed(self, source):
        w, b = variable(W, "dense/w"), variable(B, "dense/bias")
        with pytest.raises(RestoreError, match=r"'dense/bias' .* did you mean 'dense/b'") as caught:
            load_into([w, b], source)
        same(w, 0 * W)
        assert isinstance(caught.value, tf.errors.NotFoundError)
        assert [row.name for row in caught.value.report.missing] == ["dense/bias"]

    def test_every_misfit_is_listed(self, source):
        wrong = [
            tf.Variable(np.zeros((3, 2), np.float32), name="dense/w"),
            tf.Variable(np.zeros(3), name="dense/b"),
        ]
        with pytest.raises(RestoreError) as caught:
            load_into(wrong, source)
        assert "'dense/w': expected float32 [3, 2], found float32 [2, 3]." in str(caught.value)
        assert "'dense/b': expected float64 [3], found float32 [3]." in str(caught.value)
        assert isinstance(caught.value, tf.errors.InvalidArgumentError)

    def test_what_fits_is_loaded_when_asked(self, source):
        w, other, wrong = variable(W, "dense/w"), variable(B, "other"), variable(W, "dense/b")
        report = load_into([w, other, wrong], source, strict=False)
        same(w, W)
        same(other, 0 * B)
        same(wrong, 0 * W)
        assert [row.name for row in report.restored] == ["dense/w"]
        assert [row.name for row in report.missing] == ["other"]
        assert [row.name for row in report.mismatched] == ["dense/b"]
        assert report.unexpected == ("global_step",)

    def test_the_arguments_to_paste(self, tmp_path):
        source = write_checkpoint(tmp_path / "model.ckpt", {"model/dense/w": W, "model/dense/b": B})
        w, b = variable(W, "dense/w"), variable(B, "dense/b")
        with pytest.raises(RestoreError, match=r"with scope='model' 2 of the 2 are found"):
            load_into([w, b], source)
        load_into([w, b], source, scope="model")
        same(b, B)

    def test_variables_that_nobody_named(self, tmp_path):
        source = write_checkpoint(tmp_path / "model.ckpt", {"Variable": B, "Variable_1": 2 * B})
        one, two = variable(B), variable(B)
        with pytest.raises(RestoreError, match="found one tensor for 2 variables of that name"):
            load_into([one, two], source)
        load_into({"Variable": one, "Variable_1": two}, source)
        same(two, 2 * B)
        load_into([one, two], source, name_map={"Variable": two, "Variable_1": one})
        same(two, B)

    def test_an_assignment_that_fails_is_undone(self, source, monkeypatch):
        w, b = variable(W, "dense/w"), variable(B, "dense/b")
        w.assign(-W)

        def refuse(value, **kwargs):
            if np.any(value):
                raise tf.errors.ResourceExhaustedError(None, None, "no memory")

        monkeypatch.setattr(b, "assign", refuse)
        with pytest.raises(tf.errors.ResourceExhaustedError):
            load_into([w, b], source)
        same(w, -W)

    def test_damage_that_shows_while_reading(self, tmp_path, monkeypatch):
        source = write_checkpoint(tmp_path / "model.ckpt", {"a": B, "z": np.array([b"text"], object)})
        data = next(tmp_path.glob("*.data-*"))
        data.write_bytes(data.read_bytes().replace(b"text", b"xetx"))
        a, z = variable(B, "a"), tf.Variable([b"before"], name="z")
        with pytest.raises(ArtifactError):
            load_into([a, z], source)
        same(a, 0 * B)
        same(z, [b"before"])


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "message"),
        [
            (3, "found a int"),
            (None, "found a NoneType"),
            ("dense", "found a str"),
            ([1], "found a int at position 0"),
            ({}, "has no variables"),
            ([], "has no variables"),
            ({"a": 1}, "'a': a int"),
            ({1: tf.Variable(1.0)}, "found 1: ResourceVariable"),
            (tf.Module(), "has no variables"),
            (tf.constant(1.0), "found a EagerTensor"),
        ],
    )
    def test_what_cannot_be_filled(self, source, target, message):
        with pytest.raises(UsageError, match=message):
            load_into(target, source)

    def test_one_variable_under_two_names(self, source):
        v = variable(B)
        with pytest.raises(UsageError, match="'dense/b' and 'other'"):
            load_into({"dense/b": v, "other": v}, source)

    def test_a_graph(self, source):
        with tf.Graph().as_default():
            v = tf.compat.v1.get_variable("dense/w", W.shape)
            with pytest.raises(UsageError, match=r"compat_saver\.Saver"):
                load_into(v, source)
        with pytest.raises(UsageError, match="a variable of a graph"):
            load_into(v, source)

    def test_nothing_is_there(self, tmp_path):
        with pytest.raises(SourceNotFoundError):
            load_into(variable(W), tmp_path / "nothing")

    def test_a_module_by_the_names_of_its_variables(self, source):
        module = Dense("dense")
        assert load_into(module, source).is_complete
        same(module.w, W)

    def test_a_module_without_its_own_name(self, tmp_path):
        source = write_checkpoint(tmp_path / "model.ckpt", {"w": W, "b": B})
        module = Dense()
        assert load_into(module, source).is_complete
        same(module.b, B)

    def test_a_module_by_its_attributes(self, tmp_path):
        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.layers = [variable(W), {"b": variable(B)}]

        net = Net()
        source = write_checkpoint(tmp_path / "model.ckpt", {"layers/0": W, "layers/1/b": B, "Variable": B})
        report = load_into(net, source)
        same(net.layers[0], W)
        same(net.layers[1]["b"], B)
        assert [row.name for row in report.restored] == ["layers/0", "layers/1/b"]

    def test_what_tf_train_checkpoint_wrote(self, tmp_path):
        module, other = Dense("dense"), Dense("another")
        module.w.assign(W)
        prefix = tf.train.Checkpoint(net=module).save(tmp_path / "model")
        load_into(other, prefix, scope="net")
        same(other.w, W)
        with pytest.raises(
            RestoreError, match="stores the object of these variables as 'net': with scope='net' all are found"
        ):
            load_into(Dense("third"), prefix)

    def test_a_tf_train_checkpoint(self, tmp_path, source):
        module = Dense("dense")
        checkpoint = tf.train.Checkpoint(net=module)
        checkpoint.save(tmp_path / "objects")  # makes its save_counter
        load_into(checkpoint, source)
        same(module.w, W)

    def test_a_loaded_saved_model(self, tmp_path, source):
        tf.saved_model.save(Dense("dense"), tmp_path / "saved")
        loaded = tf.saved_model.load(tmp_path / "saved")
        load_into(loaded, source)
        same(loaded.w, W)

    def test_from_a_saved_model(self, tmp_path):
        module = Dense("dense")
        module.w.assign(W)
        tf.saved_model.save(module, tmp_path / "saved")
        other = Dense("dense")
        load_into(other, tmp_path / "saved")
        same(other.w, W)


class TestNameMap:
    def test_names(self, source):
        w, b = variable(W, "fc/kernel"), variable(B, "fc/bias")
        load_into([w, b], source, name_map={"dense/w": "fc/kernel:0", "dense/b": "fc/bias"})
        same(w, W)
        same(b, B)

    def test_patterns(self, source):
        w, b = variable(W, "fc/w"), variable(B, "fc/b")
        load_into([w, b], source, name_map={re.compile("^dense/"): "fc/"})
        same(w, W)

    def test_a_function(self, source):
        w = variable(W, "fc/w")
        load_into([w], source, name_map=lambda name: name.replace("dense", "fc"))
        same(w, W)

    def test_variables(self, source):
        w, b = variable(W), variable(B)
        report = load_into([w, b], source, name_map={"dense/w": w, "dense/b": b})
        assert report.is_complete
        same(w, W)
        same(b, B)

    def test_variables_of_keras(self, source):
        layer = tf.keras.layers.Dense(3)
        layer.build((None, 2))
        load_into(layer, source, name_map={"dense/w": layer.kernel, "dense/b": layer.bias.value})
        same(layer.kernel, W)
        same(layer.bias, B)

    def test_what_it_says_comes_before_a_likely_name(self, tmp_path):
        source = write_checkpoint(tmp_path / "model.ckpt", {"dense/b": B, "b": 2 * B, "c": 3 * B})
        module = Dense("dense")
        report = load_into(module, source, name_map={"c": "b"}, strict=False)
        same(module.b, 3 * B)
        assert report.unexpected == ("b", "dense/b")

    def test_parts(self, tmp_path):
        source = write_checkpoint(tmp_path / "model.ckpt", {"w/part_0": W[:1], "w/part_1": W[1:]})
        v = variable(W, "v")
        load_into(v, source, name_map={"w/part_0": "v/part_0", "w/part_1": "v/part_1"})
        same(v, W)

    @pytest.mark.parametrize(
        ("name_map", "message"),
        [
            ({"dense/w": "dense/x"}, "no variable is called 'dense/x'; did you mean 'dense/w'"),
            ({"dense/v": "dense/w"}, "No tensor fits 'dense/v'; did you mean 'dense/w'"),
            ({"dense/w": tf.Variable(1.0)}, "the variable of 'dense/w' does not belong to the target"),
            ({"dense/w": 3}, "found 'dense/w': 3"),
        ],
    )
    def test_what_leads_nowhere(self, source, name_map, message):
        with pytest.raises(UsageError, match=message):
            load_into([variable(W, "dense/w")], source, name_map=name_map)

    def test_two_tensors_for_one_variable(self, source):
        w = variable(W, "w")
        with pytest.raises(UsageError, match="'dense/w' and 'dense/b' would both be the variable 'w'"):
            load_into([w], source, name_map={"dense/w": w, "dense/b": w})


class TestAverages:
    SOURCE = case("1.15.5", "moving_average").prefix

    def test_are_loaded_when_asked_for(self):
        stored = open_bundle(self.SOURCE)
        w1, w2 = (variable(stored[name], name) for name in ("w1", "w2"))
        load_into([w1, w2], self.SOURCE)
        same(w1, stored["w1"])
        load_into([w1, w2], self.SOURCE, ema=True)
        same(w1, stored["w1/ExponentialMovingAverage"])
        same(w2, stored["w2/ExponentialMovingAverage"])


class TestKeras:
    @pytest.fixture(autouse=True)
    def _fresh_names(self):
        tf.keras.backend.clear_session()

    def sequential(self, name="sequential"):
        layers = tf.keras.layers
        parts = [layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2)]
        model = tf.keras.Sequential(parts, name=name)
        model.build((None, 3))
        return model

    def functional(self, **names):
        layers = tf.keras.layers
        x = inputs = tf.keras.Input((3,))
        x = layers.Dense(4, activation="relu", name=names.get("first", "dense"))(x)
        x = layers.BatchNormalization(name=names.get("norm", "batch_normalization"))(x)
        return tf.keras.Model(inputs, layers.Dense(2, name=names.get("last", "dense_1"))(x))

    def is_trained(self, model):
        with np.load(KERAS / "io.npz") as arrays:
            np.testing.assert_allclose(model(arrays["x"]), arrays["y"], rtol=1e-5, atol=1e-6)
        return True

    @pytest.mark.parametrize("file", ["whole.h5", "weights.h5", "objects", "model.ckpt"])
    def test_what_keras_of_tf1_wrote(self, file):
        for model in (self.sequential(), self.functional()):
            report = load_into(model, KERAS / file)
            assert self.is_trained(model)
            assert len(report.restored) == 8

    @pytest.mark.parametrize("file", ["whole.h5", "weights.h5", "objects"])
    def test_layers_of_other_names_by_their_order(self, file):
        tf.keras.layers.Dense(1)
        model = self.sequential("another")
        assert model.layers[0].name == "dense_1"  # of which there is another in the files
        load_into(model, KERAS / file)
        assert self.is_trained(model)
        model = self.functional(first="one", norm="two", last="three")
        load_into(model, KERAS / file)
        assert self.is_trained(model)

    def test_layers_of_other_names_by_a_map(self):
        model = self.functional(first="one", norm="two", last="three")
        with pytest.raises(RestoreError, match="8 of 8 variables"):
            load_into(model, KERAS / "model.ckpt")
        name_map = {
            re.compile("^dense/"): "one/",
            re.compile("^batch_normalization/"): "two/",
            re.compile("^dense_1/"): "three/",
        }
        load_into(model, KERAS / "model.ckpt", name_map=name_map)
        assert self.is_trained(model)

    def test_a_subclassed_model(self):
        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.first = tf.keras.layers.Dense(4, activation="relu", name="dense")
                self.norm = tf.keras.layers.BatchNormalization(name="batch_normalization")
                self.rest = [tf.keras.layers.Dense(2, name="dense_1")]

            def call(self, x):
                return self.rest[0](self.norm(self.first(x)))

        model = Model()
        with pytest.raises(UsageError, match="has no weights yet: call it once on an example"):
            load_into(model, KERAS / "model.ckpt")
        model(np.zeros((1, 3), np.float32))
        load_into(model, KERAS / "model.ckpt")
        assert self.is_trained(model)
        model.first.kernel.assign(tf.zeros_like(model.first.kernel))
        load_into(tf.train.Checkpoint(model=model), KERAS / "model.ckpt")
        assert self.is_trained(model)

    def test_a_subclassed_model_by_its_attributes(self, tmp_path):
        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__(name="renamed")
                self.first = tf.keras.layers.Dense(3, name="other")

            def call(self, x):
                return self.first(x)

        model = Model()
        model(np.zeros((1, 2), np.float32))
        source = write_checkpoint(tmp_path / "model.ckpt", {"first/kernel": W, "first/bias": B})
        load_into(model, source)
        same(model.first.kernel, W)

    def test_a_layer(self):
        layer = self.functional().get_layer("dense_1")
        load_into(layer, KERAS / "model.ckpt")
        same(layer.kernel, open_bundle(KERAS / "model.ckpt")["dense_1/kernel"])

    def test_a_list_of_weights(self):
        model = self.sequential("another")
        load_into({weight.path.removeprefix("another/"): weight for weight in model.weights}, KERAS / "model.ckpt")
        assert self.is_trained(model)

    def test_a_model_in_a_module(self):
        module = tf.Module("outer")
        module.model = self.sequential("inner")
        load_into(module, KERAS / "model.ckpt")
        assert self.is_trained(module.model)

    def test_an_optimizer_beside_it(self):
        model = self.sequential()
        model.compile("adam")
        model.optimizer.build(model.trainable_variables)
        report = load_into(
            tf.train.Checkpoint(model=model, optimizer=model.optimizer), KERAS / "whole.h5", strict=False
        )
        assert self.is_trained(model)
        assert len(report.restored) == 8
        assert {row.name.partition("/")[0] for row in report.missing} == {"adam"}

    def test_an_unbuilt_model(self):
        model = tf.keras.Sequential([tf.keras.layers.Dense(2)], name="net")
        with pytest.raises(UsageError, match=r"Sequential 'net' has no weights yet: call its build\(input_shape\)"):
            load_into(model, KERAS / "model.ckpt")

    @pytest.mark.parametrize("release", RELEASES)
    def test_a_convolution_and_batch_norm_of_tf_layers(self, release):
        layers = tf.keras.layers
        old = case(release, "conv_batch_norm")
        names = list(open_bundle(old.prefix))
        norm = next(name.rpartition("/")[0] for name in names if name.endswith("moving_mean"))
        x = images = tf.keras.Input((6, 6, 2))
        x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(x)
        x = layers.ReLU()(layers.BatchNormalization(name=norm.replace("/", "_"))(x))
        x = layers.Flatten()(layers.MaxPool2D()(x))
        model = tf.keras.Model(images, layers.Dense(3, name="dense")(x))
        report = load_into(model, old.prefix)
        assert report.is_complete
        for inputs, outputs in old.runs():
            np.testing.assert_allclose(model(inputs["images:0"]), outputs["prediction:0"], rtol=1e-4, atol=1e-5)

    def test_the_names_of_a_cell(self, tmp_path):
        """TF1 had `lstm/kernel`; Keras 3 has `lstm/lstm_cell/kernel`."""
        layer = tf.keras.layers.LSTM(2, name="lstm")
        layer.build((None, 4, 3))
        weights = {f"lstm/{weight.name}": np.ones(weight.shape, np.float32) for weight in layer.weights}
        source = write_checkpoint(tmp_path / "model.ckpt", weights)
        assert load_into(layer, source).is_complete


class TestHdf5:
    def test_an_attribute_that_was_cut(self, tmp_path):
        h5py = pytest.importorskip("h5py")
        shutil.copy(KERAS / "weights.h5", tmp_path / "w.h5")
        with h5py.File(tmp_path / "w.h5", "a") as file:
            names = file.attrs["layer_names"]
            del file.attrs["layer_names"]
            file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:1], names[1:]
        w = tf.Variable(np.zeros((4, 2), np.float32), name="dense_1/kernel")
        assert load_into(w, tmp_path / "w.h5").is_complete

    def test_two_weights_of_one_name(self, tmp_path):
        h5py = pytest.importorskip("h5py")
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"one", b"two"]
            for number, layer in enumerate(("one", "two")):
                file.create_group(layer).attrs["weight_names"] = [b"w:0"]
                file[layer]["w:0"] = np.full(3, number, np.float32)
        v = variable(B, "two/w")
        load_into(v, tmp_path / "w.h5")
        same(v, [1, 1, 1])

    def test_another_hdf5_file(self, tmp_path):
        model = tf.keras.Sequential([tf.keras.layers.Dense(2)])
        model.build((None, 3))
        model.save_weights(tmp_path / "new.weights.h5")
        with pytest.raises(FormatError, match=r"Keras 3 wrote it, .* call model.load_weights"):
            load_into(model, tmp_path / "new.weights.h5")

    def test_without_h5py(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "h5py", None)
        with pytest.raises(ArtifactError, match="pip install h5py"):
            load_into(variable(W), KERAS / "whole.h5")

    def test_cut_short(self, tmp_path):
        (tmp_path / "w.h5").write_bytes((KERAS / "weights.h5").read_bytes()[:2000])
        with pytest.raises(ArtifactError, match=r"cannot be read as an HDF5 file .*copy it again"):
            load_into(variable(W), tmp_path / "w.h5")
