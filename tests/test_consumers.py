"""Migrated loops and conditionals in what reads SavedModels: tf2onnx with ONNX Runtime, TensorFlow Lite.

`nox -s consumers` runs it, in an environment with versions that go together; elsewhere it is skipped.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

import compat_saver
from compat_saver import dtypes
from tests.golden_cases import case

pytest.importorskip("tf2onnx", reason="nox -s consumers")

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]

ONNX = (
    *("flow_attention", "flow_bidirectional", "flow_case", "flow_classifier", "flow_lstm", "flow_multi_layer"),
    *("flow_shape_invariants", "gru_while", "lstm_dynamic_rnn"),
)
LITE = ("flow_bidirectional", "flow_case", "flow_map_scan", "flow_nested", "flow_shape_invariants", "gru_while")
"""With builtin ops alone. The others have a list of elements with an open dimension, as of TensorFlow 2's own loops."""


@pytest.mark.parametrize("name", ONNX)
def test_onnx_runtime_agrees(name: str, tmp_path: Path):
    _compare(name, tmp_path, _onnx)


@pytest.mark.parametrize("name", LITE)
def test_tensorflow_lite_agrees(name: str, tmp_path: Path):
    _compare(name, tmp_path, _lite)


def _compare(name: str, directory: Path, convert: Callable[[Path], Run]) -> None:
    """Compares what the consumer computes with the outputs that TensorFlow 1 computed."""
    chosen = case("1.15.5", name)
    report = compat_saver.migrate(chosen.prefix, directory / "out", verify=False, **chosen.arguments)
    (signature,) = report.signatures
    run = convert(directory / "out")
    for inputs, expected in chosen.runs():
        fed = {
            key: inputs[tensor.name].astype(dtypes.by_number(tensor.dtype).numpy)
            for key, tensor in signature.inputs.items()
        }
        found = run(fed)
        for key, tensor in signature.outputs.items():
            np.testing.assert_allclose(found[key], expected[tensor.name], rtol=1e-4, atol=1e-5)


def _onnx(directory: Path) -> Run:
    import onnxruntime

    path = directory.with_name("model.onnx")
    arguments = ["--saved-model", str(directory), "--output", str(path), "--opset", "17"]
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", *arguments], check=True, capture_output=True)
    session = onnxruntime.InferenceSession(str(path))
    inputs, outputs = ([item.name for item in items] for items in (session.get_inputs(), session.get_outputs()))

    def run(fed: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        found = session.run(outputs, {key: fed[key] for key in inputs})
        return dict(zip(outputs, found, strict=True))

    return run


def _lite(directory: Path) -> Run:
    import tensorflow as tf

    content = tf.lite.TFLiteConverter.from_saved_model(str(directory)).convert()
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")
    return lambda fed: runner(**fed)
