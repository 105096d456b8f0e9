"""The signatures that a file has, of models by real TensorFlow 1, with what it computed for them."""

import numpy as np
import pytest

import compat_saver
from tests.golden_cases import GOLDEN

CASES = sorted(path.parent for path in (GOLDEN / "signatures").glob("*/*/io.npz"))


def _runs(directory):
    """Returns signature -> (inputs by key, outputs by key)."""
    runs = {}
    with np.load(directory / "io.npz") as arrays:
        for name in arrays.files:
            signature, kind, key = name.split("/")
            runs.setdefault(signature, ({}, {}))[kind == "out"][key] = arrays[name]
    return runs


@pytest.mark.tensorflow
@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_signatures_of_the_file_have_the_keys_of_tensorflows_loader(directory, tmp_path):
    import tensorflow as tf

    source = directory / "model"
    bundle = source / "00000001"
    report = compat_saver.migrate(bundle if bundle.is_dir() else source, tmp_path / "out")
    assert report.status == "passed"
    runs = _runs(directory)
    served = tf.saved_model.load(str(tmp_path / "out")).signatures
    assert set(served) == set(runs)
    for name, (inputs, outputs) in runs.items():
        found = served[name](
            **{key: tf.constant(array.tolist() if array.dtype.kind == "S" else array) for key, array in inputs.items()}
        )
        assert set(found) == set(outputs)
        for key, array in outputs.items():
            is_text = array.dtype.kind == "S"
            compare = np.testing.assert_array_equal if is_text else np.testing.assert_allclose
            compare(found[key].numpy().astype(array.dtype), array, **({} if is_text else {"rtol": 1e-5, "atol": 1e-6}))
