"""What Keras wrote goes into models of other names, and never into the wrong layer."""

import json
import re
import zipfile

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import compat_saver  # noqa: E402
from compat_saver.errors import NotALegacyArtifactError, RestoreError, UsageError  # noqa: E402
from compat_saver.saver.load_into.load_into import load_into  # noqa: E402
from compat_saver.saver.saver import Saver  # noqa: E402
from tests.golden_cases import GOLDEN  # noqa: E402
from tests.keras_models.models import Golden, skip_without_output_padding  # noqa: E402
from tests.small_models import write_checkpoint  # noqa: E402

pytestmark = pytest.mark.tensorflow
L = tf.keras.layers
X = np.random.RandomState(0).uniform(-1, 1, (5, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def _fresh_names():
    tf.keras.backend.clear_session()


def filled(model):
    """Gives every weight other values."""
    random = np.random.RandomState(1)
    for weight in model.weights:
        weight.assign(random.uniform(0.1, 1, weight.shape))
    return model


def sequential():
    return tf.keras.Sequential([L.Input((4,)), L.Dense(4), L.Dropout(0.5), L.BatchNormalization(), L.Dense(4)])


def functional():
    inputs = L.Input((4,))
    first, second = L.Dense(4)(inputs), L.Dense(4)(inputs)
    return tf.keras.Model(inputs, L.Subtract()([second, first]))


class Subclassed(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.first = L.Dense(4)
        self.second = L.Dense(4)

    def call(self, x):
        return self.second(self.first(x))


def subclassed():
    model = Subclassed()
    model(X)
    return model


MODELS = [sequential, functional, subclassed]


@pytest.mark.parametrize("build", MODELS)
class TestByObjects:
    def test_a_checkpoint_of_the_model(self, build, tmp_path):
        model = filled(build())
        prefix = tf.train.Checkpoint(model).write(tmp_path / "model")
        other = build()
        assert load_into(other, prefix).is_complete
        np.testing.assert_array_equal(other(X), model(X))

    def test_one_that_was_trained(self, build, tmp_path):
        model = build()
        model.compile("adam", "mse")
        model.fit(X, X, verbose=0)
        prefix = tf.train.Checkpoint(model).write(tmp_path / "model")
        other = build()
        load_into(other, prefix)
        np.testing.assert_array_equal(other(X), model(X))

    def test_model_and_optimizer(self, build, tmp_path):
        model = build()
        model.compile("adam", "mse")
        model.fit(X, X, verbose=0)
        prefix = tf.train.Checkpoint(net=model, opt=model.optimizer).write(tmp_path / "model")
        other = build()
        other.compile("adam", "mse")
        other.optimizer.build(other.trainable_variables)
        assert load_into(tf.train.Checkpoint(net=other, opt=other.optimizer), prefix).is_complete
        np.testing.assert_array_equal(other(X), model(X))
        for found, expected in zip(other.optimizer.variables, model.optimizer.variables, strict=True):
            np.testing.assert_array_equal(found, expected)

    def test_the_model_below_its_attribute(self, build, tmp_path):
        model = build()
        model.compile("adam", "mse")
        model.fit(X, X, verbose=0)
        prefix = tf.train.Checkpoint(opt=model.optimizer, net=model).write(tmp_path / "model")
        other = build()
        assert load_into(other, prefix, scope="net").is_complete
        np.testing.assert_array_equal(other(X), model(X))

    def test_an_export(self, build, tmp_path):
        model = filled(build())
        model.export(tmp_path / "exported", verbose=False)
        other = build()
        assert load_into(other, tmp_path / "exported").is_complete
        np.testing.assert_array_equal(other(X), model(X))


def test_names_and_positions_of_objects_disagree(tmp_path):
    prefix = tf.train.Checkpoint(filled(denses(None, None, None))).write(tmp_path / "model")
    tf.keras.backend.clear_session()
    L.Dense(1)
    with pytest.raises(RestoreError, match=r"dense_2/kernel' by name and '.*dense_1/kernel' by position"):
        load_into(denses(None, None), prefix)


def chain(*created):
    """A model c(b(a(x))) of layers Dense(4), made in that order, by which Keras counts them."""
    made = {name: L.Dense(4) for name in created}
    inputs = outputs = L.Input((4,))
    for name in sorted(made):
        outputs = made[name](outputs)
    return tf.keras.Model(inputs, outputs)


class Pair(tf.Module):
    """Two variables that are called as one likes."""

    def __init__(self, first, second):
        super().__init__()
        self.first = tf.Variable(1.0, name=first)
        self.second = tf.Variable(2.0, name=second)


class TestBelowAnAttribute:
    @pytest.fixture(params=["write", "save"])
    def save(self, request, tmp_path):
        def save(**items):
            return getattr(tf.train.Checkpoint(**items), request.param)(tmp_path / "model")

        return save

    @pytest.mark.parametrize("is_later", [False, True], ids=["same numbers", "later numbers"])
    def test_names_and_positions_disagree(self, save, is_later):
        model = filled(chain("a", "b", "c"))
        prefix = save(model=model)
        if not is_later:
            tf.keras.backend.clear_session()
        other = chain("b", "a", "c")
        with pytest.raises(RestoreError, match="'dense/kernel' by name and 'dense_1/kernel' by position") as caught:
            load_into(other, prefix)
        assert not any(layer.bias.numpy().any() for layer in other.layers[1:])
        load_into(other, prefix, **as_said(str(caught.value), "If the positions are right"))
        np.testing.assert_array_equal(other(X), model(X))
        load_into(other, prefix, **as_said(str(caught.value), "If the names are right"))
        np.testing.assert_array_equal(other.layers[1].kernel, model.layers[2].kernel)
        load_into(other, prefix, scope="model")
        np.testing.assert_array_equal(other(X), model(X))

    def test_attributes_disagree_with_names(self, save):
        prefix = save(trainer=tf.train.Checkpoint(net=Pair("a", "b")))
        assert load_into(Pair("a", "b"), prefix).is_complete
        with pytest.raises(RestoreError, match="'b' by name and 'a' by position"):
            load_into(Pair("b", "a"), prefix)

    def test_names_tell_which_of_two_models(self, save):
        first, second = (filled(chain("a", "b")) for _ in range(2))
        prefix = save(student=second, teacher=first)
        for model in (first, second):
            before = model(X)
            for weight in model.weights:
                weight.assign(weight * 0)
            assert load_into(model, prefix).is_complete
            np.testing.assert_array_equal(model(X), before)


def test_attributes_are_no_positions(tmp_path):
    model = filled(subclassed())
    prefix = tf.train.Checkpoint(model).write(tmp_path / "model")
    other = subclassed()
    assert load_into(other, prefix).notes == ()
    np.testing.assert_array_equal(other(X), model(X))


def test_a_model_that_lies_below_an_attribute(tmp_path):
    prefix = tf.train.Checkpoint(net=subclassed()).write(tmp_path / "model")
    other = subclassed()
    with pytest.raises(RestoreError, match="with scope='net' all are found"):
        load_into(other, prefix)


def test_an_export_of_other_variables_is_not_taken_by_number(tmp_path):
    filled(sequential()).export(tmp_path / "exported", verbose=False)
    other = tf.keras.Sequential([L.Input((4,)), L.Dense(4, name="a"), L.Dense(4, name="b")])
    with pytest.raises(RestoreError):
        load_into(other, tmp_path / "exported")


class TestMessages:
    def test_no_path(self):
        with pytest.raises(UsageError, match="source: expected a checkpoint, found None, which is what latest_chec"):
            load_into(sequential(), None)
        with pytest.raises(TypeError, match="source: expected the path of a checkpoint, found a int"):
            load_into(sequential(), 3)

    def test_a_keras_file_of_other_layers(self, tmp_path):
        sequential().save(tmp_path / "model.keras")
        other = tf.keras.Sequential([L.Input((4,)), L.Dense(4, name="other")])
        with pytest.raises(NotALegacyArtifactError, match=re.escape("keras.models.load_model(FILE)")):
            load_into(other, tmp_path / "model.keras")


@pytest.mark.parametrize("prefix", ["", "mine_"], ids=["by name", "by order"])
def test_a_keras_file(tmp_path, prefix):
    """Weights have numbers in it; Keras 2.15 wrote it."""
    pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / "tf-2.15.1" / "bidirectional.zip", tmp_path)
    i = L.Input((4, 3))
    first = L.Bidirectional(L.LSTM(3, return_sequences=True), name=f"{prefix}bidirectional")
    last = L.Bidirectional(L.GRU(2), merge_mode="sum", name=f"{prefix}bidirectional_1")
    model = tf.keras.Model(i, L.Dense(2, name=f"{prefix}dense")(last(first(i))))
    load_into(model, golden.path("keras"))
    np.testing.assert_allclose(model(golden.recorded["x0"]), golden.recorded["y0"], 1e-5, 1e-6)


def test_a_keras_file_of_a_subclassed_model(tmp_path):
    """Keras 2.13 names layers by the attributes of the model."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for number, (name, shape) in enumerate((("first", (4, 3)), ("second", (3, 2)))):
            held = file.create_group(f"{name}/vars")
            held["0"], held["1"] = np.full(shape, number + 1, "f"), np.zeros(shape[1:], "f")
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as packed:
        packed.writestr("config.json", json.dumps({"class_name": "Mine", "config": {}}))
        packed.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        packed.write(tmp_path / "w.h5", "model.weights.h5")

    class Mine(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.second, self.first = L.Dense(2), L.Dense(3)

        def call(self, x):
            return self.second(self.first(x))

    model = Mine()
    model(X)
    load_into(model, tmp_path / "model.keras")
    assert [layer.kernel.numpy().mean() for layer in (model.first, model.second)] == [1, 2]


def h5(path, layers):
    """Writes a file of weights as TensorFlow 1.15's Keras did: name of a layer -> its weights, name -> value."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, weights in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{name}:0".encode() for name in weights]
            for name, value in weights.items():
                group[f"{name}:0"] = value
    return path


def dense(name, number):
    """The weights of a layer Dense(4), all of them one number."""
    return {f"{name}/kernel": np.full((4, 4), number, "f"), f"{name}/bias": np.full(4, number, "f")}


def denses(*names):
    """A model of layers Dense(4); None for a name that Keras makes up."""
    return tf.keras.Sequential([L.Input((4,)), *(L.Dense(4, name=name) for name in names)])


def numbers(model):
    """Of every layer Dense the one number that its weights are."""
    return [int(layer.bias.numpy()[0]) for layer in model.layers if isinstance(layer, L.Dense)]


def as_said(message, words):
    """The arguments that a message proposes behind some words."""
    found = re.search(
        rf"{words},? (?:pass |with )?((?:scope|name_map)=.*?)(?:\.$| \d+ of | all are | it is )",
        message,
        re.MULTILINE,
    )
    return eval(f"dict({found[1]})", {"re": re})


def cell(units):
    """The weights of an LSTM that is given 3 features: name -> value."""
    shapes = {"kernel": (3, 4 * units), "recurrent_kernel": (units, 4 * units), "bias": (4 * units,)}
    return {name: np.ones(shape, "f") for name, shape in shapes.items()}


def lstm(name):
    """The weights of a layer LSTM(4), as TensorFlow 1.15's Keras named them."""
    return {f"{name}/{weight}": value for weight, value in cell(4).items()}


def recurrent(layer=None):
    """A model of a recurrent layer and two layers Dense(4)."""
    return tf.keras.Sequential([L.Input((5, 3)), layer or L.LSTM(4), L.Dense(4), L.Dense(4)])


class TestCounted:
    @pytest.mark.parametrize("build", [sequential, functional])
    def test_a_model_that_is_built_once_more(self, build, tmp_path):
        model = filled(build())
        Saver(model.variables).save(None, str(tmp_path / "model"))
        other = build()
        report = load_into(other, tmp_path / "model")
        assert report.is_complete
        np.testing.assert_array_equal(other(X), model(X))
        assert {("dense", "dense_2"), ("dense_1", "dense_3")} <= set(
            re.findall(r"'(\w+)' into '(\w+)'", report.notes[0])
        )
        assert "note" in str(report)

    def test_nothing_is_noted_where_names_fit(self, tmp_path):
        source = write_checkpoint(tmp_path / "model", dense("dense", 1))
        assert load_into(denses("dense"), source).notes == ()

    def test_numbers_that_a_person_gave_are_not_told_by_their_order(self, tmp_path):
        source = write_checkpoint(tmp_path / "model", dense("block_1", 1) | dense("block_2", 2))
        model = denses("block_3", "block_4")
        with pytest.raises(RestoreError, match="The names differ in their numbers") as caught:
            load_into(model, source)
        load_into(model, source, **as_said(str(caught.value), "the same order as the numbers"))
        assert numbers(model) == [1, 2]

    def test_numbers_on_both_sides(self, tmp_path):
        source = write_checkpoint(tmp_path / "model", dense("dense", 1) | dense("dense_1", 2))
        L.Dense(1)
        model = denses(None, None)
        assert [layer.name for layer in model.layers] == ["dense_1", "dense_2"]
        with pytest.raises(RestoreError, match="The names differ in their numbers") as caught:
            load_into(model, source)
        assert numbers(model) == [0, 0]
        load_into(model, source, **as_said(str(caught.value), "the same order as the numbers"))
        assert numbers(model) == [1, 2]

    def test_a_map_takes_nothing_from_what_is_told_by_the_order(self, tmp_path):
        inputs = L.Input((4,))
        inner = tf.keras.Sequential([L.Dense(4), L.Dense(4)])
        model = filled(tf.keras.Model(inputs, inner(L.LayerNormalization()(inputs))))
        prefix = tf.train.Checkpoint(model=model).write(tmp_path / "model")
        other = tf.keras.Sequential([L.Input((4,)), L.LayerNormalization(), L.Dense(4), L.Dense(4)])
        with pytest.raises(RestoreError, match="4 of 6 variables were not found in checkpoint") as caught:
            load_into(other, prefix)
        report = load_into(other, prefix, **as_said(str(caught.value), "the same order as the numbers"))
        assert "'layer_normalization' into 'layer_normalization_1'" in report.notes[0]
        np.testing.assert_array_equal(other(X), model(X))

    def test_a_map_gives_a_counted_name_to_another_tensor(self, tmp_path):
        source = write_checkpoint(tmp_path / "model", dense("dense", 1) | dense("dense_1", 2))
        denses(None, None)
        model = denses(None, None)
        swapped = {re.compile("^dense/"): "dense_3/", re.compile("^dense_1/"): "dense_2/"}
        load_into(model, source, name_map=swapped)
        assert numbers(model) == [2, 1]

    def test_more_layers_than_in_the_checkpoint(self, tmp_path):
        source = write_checkpoint(tmp_path / "model", dense("dense", 1) | dense("dense_1", 2))
        L.Dense(1), L.Dense(1)
        with pytest.raises(RestoreError) as caught:
            load_into(denses(None, None, None), source)
        assert "name_map={" not in str(caught.value)


class TestHdf5:
    def test_names_and_positions_disagree(self, tmp_path):
        layers = {name: dense(name, number) for number, name in enumerate(("dense", "dense_1", "dense_2"), 1)}
        source = h5(tmp_path / "three.h5", layers)
        L.Dense(1)
        model = denses(None, None)
        with pytest.raises(RestoreError, match="'dense_2/kernel' by name and 'dense_1/kernel' by position") as caught:
            load_into(model, source, strict=False)
        assert numbers(model) == [0, 0]
        load_into(model, source, **as_said(str(caught.value), "If the names are right"))
        assert numbers(model) == [2, 3]
        load_into(model, source, **as_said(str(caught.value), "If the positions are right"))
        assert numbers(model) == [1, 2]

    def test_some_names_are_at_the_wrong_position(self, tmp_path):
        source = h5(tmp_path / "abc.h5", {name: dense(name, number) for number, name in enumerate("abc", 1)})
        model = denses("b", "x", "c")
        with pytest.raises(RestoreError, match="'b/kernel' by name and 'a/kernel' by position") as caught:
            load_into(model, source)
        load_into(model, source, **as_said(str(caught.value), "If the positions are right"))
        assert numbers(model) == [1, 2, 3]
        with pytest.raises(RestoreError, match=r"'sequential/x/kernel' .* is not in the checkpoint"):
            load_into(model, source, **as_said(str(caught.value), "If the names are right"))

    def test_names_and_positions_agree(self, tmp_path):
        source = h5(tmp_path / "two.h5", {name: dense(name, 1) for name in ("dense", "dense_1")})
        assert load_into(denses(None, None), source).is_complete

    def test_a_recurrent_layer_in_two_directions(self, tmp_path):
        model = tf.keras.Sequential([L.Input((5, 3)), L.Bidirectional(L.LSTM(2))])
        values = {w.path.replace("/lstm_cell", ""): np.random.rand(*w.shape).astype("f") for w in model.weights}
        names = {name.removeprefix("sequential/"): value for name, value in values.items()}
        load_into(model, h5(tmp_path / "bi.h5", {"bidirectional": names}))
        for weight, value in zip(model.weights, values.values(), strict=True):
            np.testing.assert_array_equal(weight, value)

    @pytest.mark.parametrize("is_later", [False, True], ids=["same numbers", "later numbers"])
    def test_names_and_positions_disagree_behind_a_recurrent_layer(self, is_later, tmp_path):
        layers = {"lstm": lstm("lstm"), "dense_1": dense("dense_1", 1), "dense": dense("dense", 2)}
        source = h5(tmp_path / "rnn.h5", layers)
        if is_later:
            recurrent()
        model = recurrent()
        with pytest.raises(RestoreError, match="'dense/kernel' by name and 'dense_1/kernel' by position") as caught:
            load_into(model, source)
        load_into(model, source, **as_said(str(caught.value), "If the positions are right"))
        assert numbers(model) == [1, 2]
        load_into(model, source, **as_said(str(caught.value), "If the names are right"))
        assert numbers(model) == [2, 1]

    def test_a_recurrent_layer_is_counted_with_the_others(self, tmp_path):
        layers = {"lstm": lstm("lstm"), "dense": dense("dense", 1), "dense_1": dense("dense_1", 2)}
        source = h5(tmp_path / "rnn.h5", layers)
        recurrent()
        model = recurrent()
        note = load_into(model, source).notes[0]
        assert "'lstm' into 'lstm_1', 'dense' into 'dense_2', 'dense_1' into 'dense_3'" in note
        assert numbers(model) == [1, 2]

    def test_positions_are_known_of_some(self, tmp_path):
        both = {
            f"bidirectional/{way}_lstm/{name}": value
            for way in ("forward", "backward")
            for name, value in cell(4).items()
        }
        layers = {"bidirectional": both, "dense_1": dense("dense_1", 1), "dense": dense("dense", 2)}
        source = h5(tmp_path / "rnn.h5", layers)
        model = recurrent(L.Bidirectional(L.LSTM(4), merge_mode="sum"))
        with pytest.raises(RestoreError, match="'dense/kernel' by name and 'dense_1/kernel' by position"):
            load_into(model, source)

    def test_a_recurrent_layer_of_another_name_by_position(self, tmp_path):
        source = h5(tmp_path / "rnn.h5", {"rnn": lstm("rnn"), "a": dense("a", 1), "b": dense("b", 2)})
        model = recurrent()
        assert load_into(model, source).is_complete
        assert numbers(model) == [1, 2]

    def test_a_model_in_the_model_is_no_layer(self, tmp_path):
        inner = dense("sequential/dense", 1) | dense("sequential/dense_1", 2)
        last = dense("sequential_1/dense_3", 4) | dense("sequential_1/dense_4", 5)
        layers = {"sequential": inner, "dense_2": dense("dense_2", 3), "sequential_1": last}
        source = h5(tmp_path / "nested.h5", layers)
        with pytest.raises(RestoreError, match="4 of 6 variables were not found in checkpoint"):
            load_into(denses("a", "b", "c"), source)


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("case", ["conv", "channels_first"])
def test_kernels_of_keras_1(tmp_path, case, is_whole):
    h5py = pytest.importorskip("h5py")
    archive = GOLDEN / "keras" / "keras-1.2.2" / f"{case}.zip"
    skip_without_output_padding(tf.keras, archive)
    golden = Golden(archive, tmp_path)
    compat_saver.migrate(golden.path("hdf5"), tmp_path / "out.keras", verify=False)
    migrated, model = (tf.keras.models.load_model(tmp_path / "out.keras") for _ in range(2))
    if not is_whole:
        with h5py.File(golden.path("hdf5"), "r+") as file:
            del file.attrs["model_config"]
            for name in ("layer_names", "keras_version"):
                file.attrs[name] = file["model_weights"].attrs.get(name, "1.2.2")
            for name in list(file["model_weights"]):
                file.move(f"model_weights/{name}", name)
            del file["model_weights"]
    for variable in model.weights:
        variable.assign(tf.zeros(variable.shape))
    load_into(model, golden.path("hdf5"))
    for expected, found in zip(migrated.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(expected, found)
