"""Training goes on with the state of an optimizer of another release: the next step is the one it made."""

from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import compat_saver  # noqa: E402
from compat_saver.errors import RestoreError, UsageError  # noqa: E402
from compat_saver.saver.load_into.load_into import load_into  # noqa: E402
from tests.golden_cases import GOLDEN  # noqa: E402
from tests.keras_models.models import Golden  # noqa: E402

pytestmark = pytest.mark.tensorflow
HERE = Path(__file__).with_name("optimizers_1_15")
STEPS = np.load(HERE / "steps.npz")
O = tf.keras.optimizers  # noqa: E741


def compiled(optimizer):
    model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(2, name="dense")])
    model.compile(optimizer, "mse")
    return model


def require_next_step(model, expected):
    model.train_on_batch(STEPS["x"], STEPS["y"])
    np.testing.assert_allclose(model.get_weights()[0], expected, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("adam", lambda: O.Adam(0.1, epsilon=1e-8)),
        ("momentum", lambda: O.SGD(0.1, 0.9)),
        ("rmsprop", lambda: O.RMSprop(0.1, 0.9, momentum=0.5, epsilon=1e-10)),
        ("adagrad", lambda: O.Adagrad(0.1, epsilon=0.0)),
        ("adadelta", lambda: O.Adadelta(0.1, epsilon=1e-8)),
        ("ftrl", lambda: O.Ftrl(0.1)),
        ("nesterov", lambda: O.SGD(0.1, 0.9, nesterov=True)),
        ("centered", lambda: O.RMSprop(0.1, 0.9, momentum=0.5, epsilon=1e-10, centered=True)),
        (
            "ftrl_regularized",
            lambda: O.Ftrl(
                0.1, learning_rate_power=-0.4, l1_regularization_strength=0.02, l2_regularization_strength=0.03
            ),
        ),
    ],
)
def test_of_tensorflow_1(name, optimizer):
    model = compiled(optimizer())
    load_into(model, HERE / "tf1.ckpt", scope=name, optimizer=True)
    if name == "adam":
        assert int(model.optimizer.iterations) == 3
    require_next_step(model, STEPS[name])


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("keras_adam.h5", lambda: O.Adam(0.1)),
        ("keras_sgd", lambda: O.SGD(0.1, 0.9)),
        ("keras_rmsprop", lambda: O.RMSprop(0.1, 0.9, momentum=0.5)),
    ],
)
def test_of_keras(name, optimizer):
    pytest.importorskip("h5py")
    model = compiled(optimizer())
    report = load_into(model, HERE / name, optimizer=True)
    assert int(model.optimizer.iterations) == 3
    assert "dense_kernel" in str([row.name for row in report.restored])
    require_next_step(model, STEPS[name.removesuffix(".h5")])


@pytest.mark.parametrize(
    ("release", "case", "optimizer"),
    [
        ("tf-2.8.4", "adamax", lambda: O.Adamax(0.01)),
        ("tf-2.8.4", "ftrl", lambda: O.Ftrl(0.05, l1_regularization_strength=0.01)),
        ("tf-2.8.4", "adadelta", lambda: O.Adadelta(0.5)),
        ("tf-2.8.4", "centered", lambda: O.RMSprop(0.01, momentum=0.5, centered=True)),
        ("tf-2.13.1", "centered", lambda: O.RMSprop(0.01, momentum=0.5, centered=True)),
        ("tf-2.15.1", "adamax", lambda: O.Adamax(0.01)),
        ("tf-2.15.1", "adamw", lambda: O.AdamW(0.01, weight_decay=0.1)),
        ("tf-2.15.1", "ftrl", lambda: O.Ftrl(0.05, l1_regularization_strength=0.01)),
        ("tf-2.15.1", "adadelta", lambda: O.Adadelta(0.5)),
        ("tf-2.15.1", "legacy_adam", lambda: O.Adam(0.01, amsgrad=True)),
        ("tf-2.15.1", "legacy_rmsprop", lambda: O.RMSprop(0.01, centered=True, epsilon=1e-14)),
        ("tf-2.15.1", "legacy_momentum", lambda: O.RMSprop(0.01, momentum=0.5, centered=True)),
    ],
)
def test_golden_optimizers(tmp_path, release, case, optimizer):
    pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / release / f"{case}.zip", tmp_path)
    # No release stores the state of a legacy optimizer in a .keras file.
    forms = ["hdf5", "keras"] if golden.path("keras").exists() and "legacy" not in case else ["hdf5"]
    for form in forms:
        model = two_layers(optimizer())
        load_into(model, golden.path(form), optimizer=True)
        assert int(model.optimizer.iterations) == 2
        loss = model.train_on_batch(golden.listed("x")[0], golden.listed("t")[0])
        np.testing.assert_allclose(loss, golden.recorded["loss"], 1e-5)
        for layer in model.layers:
            for number, weight in enumerate(layer.get_weights()):
                np.testing.assert_allclose(weight, golden.recorded[f"after/{layer.name}/{number}"], 1e-5, 1e-6)


@pytest.mark.parametrize("case", ["conv_1d", "recurrent", "dense"])
def test_the_slots_of_keras_1(tmp_path, case):
    """A migrated model has them too; filled once more, the model is the same, optimizer and all."""
    pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / "keras-1.2.2" / f"{case}.zip", tmp_path)
    assert compat_saver.migrate(golden.path("hdf5"), tmp_path / "out.keras", verify=False).iterations == 3
    migrated, model = (tf.keras.models.load_model(tmp_path / "out.keras") for _ in range(2))
    for variable in (*model.weights, *model.optimizer.variables[2:]):
        variable.assign(tf.zeros(variable.shape, variable.dtype))
    load_into(model, golden.path("hdf5"), optimizer=True)
    pairs = zip(
        (*migrated.weights, *migrated.optimizer.variables), (*model.weights, *model.optimizer.variables), strict=True
    )
    for expected, found in pairs:
        np.testing.assert_array_equal(expected.numpy(), found.numpy(), err_msg=found.path)


def two_layers(optimizer):
    layers = [tf.keras.layers.Dense(3, "tanh", name="dense"), tf.keras.layers.Dense(2, name="dense_1")]
    model = tf.keras.Sequential([tf.keras.layers.Input((4,)), *layers])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("form", ["hdf5", "keras"])
def test_nadam_of_keras_2_15(tmp_path, form):
    pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / "tf-2.15.1" / "nadam.zip", tmp_path)
    model = two_layers(O.Nadam(0.01))
    report = load_into(model, golden.path(form), optimizer=True)
    assert "The product of Nadam's momentums is not in the file" in str(report)
    momentums = [0.9 * (1 - 0.5 * 0.96**step) for step in (1, 2)]
    np.testing.assert_allclose(model.optimizer._u_product.numpy(), momentums[0] * momentums[1], 1e-6)


def test_variables_that_keras_2_2_numbered():
    # Its next step is no measure: it reads the number of steps before or after the increment, as it happens.
    h5py = pytest.importorskip("h5py")
    model = compiled(O.Adam(0.1))
    load_into(model, HERE / "keras_2_2.h5", optimizer=True)
    with h5py.File(HERE / "keras_2_2.h5") as file:
        stored = file["optimizer_weights"]["training"]["Adam"]
        np.testing.assert_array_equal(model.optimizer._momentums[1].numpy(), stored["Variable_1:0"][()])
        np.testing.assert_array_equal(model.optimizer._velocities[0].numpy(), stored["Variable_2:0"][()])
    assert int(model.optimizer.iterations) == 3


def test_an_optimizer_as_the_target():
    model = compiled(O.SGD(0.1, 0.9))
    load_into(model, HERE / "keras_sgd")
    model.optimizer.build(model.trainable_variables)
    report = load_into(model.optimizer, HERE / "keras_sgd")
    assert [row.name for row in report.restored if row.name.endswith("kernel")] == []
    require_next_step(model, STEPS["keras_sgd"])


class TestRefusals:
    def test_another_optimizer(self):
        pytest.importorskip("h5py")
        model = compiled(O.SGD(0.1, 0.9))
        before = model.get_weights()
        with pytest.raises(RestoreError, match=r"the file has the state of Adam\. Compile the model with it"):
            load_into(model, HERE / "keras_adam.h5", optimizer=True)
        assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))

    def test_another_learning_rate(self):
        pytest.importorskip("h5py")
        with pytest.raises(RestoreError, match=r"learning_rate is 0.1\d* in the file and 0.5 here"):
            load_into(compiled(O.Adam(0.5)), HERE / "keras_adam.h5", optimizer=True)

    def test_nadam_before_2_11(self, tmp_path):
        pytest.importorskip("h5py")
        golden = Golden(GOLDEN / "keras" / "tf-2.8.4" / "nadam.zip", tmp_path)
        with pytest.raises(RestoreError, match=r"Nadam of Keras before 2\.11 raises its momentum with"):
            load_into(two_layers(O.Nadam(0.01)), golden.path("hdf5"), optimizer=True)

    def test_an_epsilon_that_was_added_to_the_root(self, tmp_path):
        pytest.importorskip("h5py")
        golden = Golden(GOLDEN / "keras" / "tf-2.15.1" / "legacy_rmsprop.zip", tmp_path)
        with pytest.raises(RestoreError, match=r"below the root, not to it\. Write epsilon=1e-14"):
            load_into(two_layers(O.RMSprop(0.01, centered=True)), golden.path("hdf5"), optimizer=True)

    def test_no_state(self):
        with pytest.raises(RestoreError, match="does not fit the optimizer"):
            load_into(compiled(O.Adam(0.1)), HERE / "tf1.ckpt", scope="momentum", optimizer=True)

    def test_it_is_missing_in_the_report(self):
        model = compiled(O.Adam(0.1))
        report = load_into(model, HERE / "tf1.ckpt", scope="momentum", optimizer=True, strict=False)
        assert len(report.missing) == 4

    def test_a_model_that_is_not_compiled(self):
        model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(2)])
        with pytest.raises(UsageError, match=r"call model\.compile"):
            load_into(model, HERE / "tf1.ckpt", optimizer=True)
