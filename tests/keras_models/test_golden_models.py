"""Models of real Keras 1 and 2 become files of Keras 3 that predict and train as recorded."""

import numpy as np
import pytest

import compat_saver
from tests.keras_models.models import MODELS, Golden, predict, single, skip_without_output_padding

h5py = pytest.importorskip("h5py")
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

pytestmark = pytest.mark.tensorflow

OTHERWISE = ("moving_variance", "embeddings")
"""What Keras 3 trains in another way."""
FLAT = 1e-6
"""Elements with a gradient below this part of the steepest one are not compared: the gradient of a bias before a batch
normalization is a rounding error, and an adaptive optimizer makes a whole step of it."""


def found(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.fixture(params=[path for path in MODELS if path.stem != "subclassed"], ids=found)
def archive(request):
    return request.param


def test_a_model(archive, tmp_path):
    skip_without_output_padding(keras, archive)
    golden = Golden(archive, tmp_path)
    # No release stores the state of a legacy optimizer in a .keras file.
    is_whole = archive.stem != "conv_lstm" and "legacy" not in archive.stem
    form = "keras" if golden.path("keras").exists() and is_whole else "hdf5"
    if archive.parent.name.endswith("theano"):
        with h5py.File(golden.path(form), "r+") as file:  # Keras 1 does not record its backend
            file.attrs["backend"] = "theano"
    out = tmp_path / "out.keras"
    report = compat_saver.migrate(golden.path(form), out, verify=False)
    assert report.status == "skipped"
    is_trained = "loss" in golden.recorded and archive.parts[-2:] != ("tf-2.8.4", "nadam.zip")
    assert bool(report.optimizer) == is_trained or (form == "keras" and not report.iterations)  # compiled, not trained
    # Two models have a dropout of 0.001, which dropped nothing when their steps were recorded, and with this seed.
    keras.utils.set_random_seed(1)
    model = keras.models.load_model(out)
    for written, original in zip(predict(model, golden.listed("x")), golden.listed("y"), strict=True):
        np.testing.assert_allclose(written, original, rtol=1e-5, atol=1e-6)
    if "loss" in golden.recorded and report.optimizer:
        # Keras with its own graph, of the standalone package, updates variables while gradients still read them; Nadam
        # of Keras 2.15 multiplies its momentums once more for some variables.
        has_weights = not archive.parent.name.startswith("keras-") and archive.stem != "nadam"
        trains_as_recorded(model, golden, steep(out, golden) if has_weights else {})


SAVED = [path for path in MODELS if "-1.15" in path.parent.name or path.parent.name == "tf-2.8.4"]


@pytest.mark.parametrize("archive", [path for path in SAVED if path.stem in ("nested", "dense", "shared")], ids=found)
def test_a_saved_model(archive, tmp_path):
    golden = Golden(archive, tmp_path)
    report = compat_saver.migrate(golden.path("saved_model"), tmp_path / "out.keras", verify=False)
    assert report.iterations == 2
    model = keras.models.load_model(tmp_path / "out.keras")
    for written, original in zip(predict(model, golden.listed("x")), golden.listed("y"), strict=True):
        np.testing.assert_allclose(written, original, rtol=1e-5, atol=1e-6)


def steep(path, golden):
    """Returns path of a variable -> which of its elements have a gradient."""
    model = keras.models.load_model(path)
    x, labels = (single([tf.constant(item) for item in golden.listed(letter)]) for letter in "xt")
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, labels, model(x, training=True))
    variables = model.trainable_variables
    found = [tf.convert_to_tensor(item).numpy() for item in tape.gradient(loss, [item.value for item in variables])]
    steepest = max(np.abs(item).max() for item in found)
    return {item.path: np.abs(slope) > FLAT * steepest for item, slope in zip(variables, found, strict=True)}


def trains_as_recorded(model, golden, where):
    model.run_eagerly = True
    atol = 1e-2 if type(model.optimizer).__name__ == "RMSprop" else 1e-5  # it adds epsilon elsewhere
    loss = model.train_on_batch(single(golden.listed("x")), single(golden.listed("t")))
    np.testing.assert_allclose(np.ravel(loss)[0], golden.recorded["loss"], rtol=1e-5)
    for layer in model.layers if where else ():
        for number, variable in enumerate(layer.weights):
            original = golden.recorded.get(f"after/{layer.name}/{number}")
            if variable.name not in OTHERWISE and original is not None:
                compared = where.get(variable.path, np.ones(variable.shape, bool))
                pair = (np.where(compared, item, 0) for item in (variable.numpy(), original))
                np.testing.assert_allclose(*pair, rtol=1e-4, atol=atol, err_msg=variable.path)
