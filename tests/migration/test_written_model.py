"""How verification loads a written model: faster than a user does, and with the same weights."""

import numpy as np
import pytest

import compat_saver
from compat_saver import _tensorflow
from compat_saver.migration.verification.written_model import load
from tests.golden_cases import case

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    directory = tmp_path_factory.mktemp("written") / "out"
    golden = case("1.15.5", "dense_adam")
    compat_saver.migrate(golden.prefix, directory, verify=False, **golden.arguments)
    return directory


def test_its_weights_are_those_that_a_user_sees(written):
    import tensorflow as tf

    found, expected = load(written, ["serve"]), tf.saved_model.load(str(written))
    assert [*found.weights] == [*expected.weights]
    for name, variable in expected.weights.items():
        np.testing.assert_array_equal(found.weights[name].numpy(), variable.numpy())
    for listed in ("variables", "trainable_variables"):
        values = [[item.numpy().tolist() for item in getattr(model, listed)] for model in (found, expected)]
        assert values[0] == values[1]


def watching(model):
    return [kind.__dict__["_update_snapshot"] for kind in (type(model.variables), type(model.weights))]


def test_lists_and_dicts_are_watched_again_afterwards(written):
    model = load(written, ["serve"])
    before = watching(model)
    with _tensorflow.without_snapshots():
        during = watching(model)
    assert watching(model) == before
    assert not {*before} & {*during}
