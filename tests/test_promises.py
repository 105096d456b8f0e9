"""What a written SavedModel promises, promise by promise."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import compat_saver
from compat_saver import dtypes
from compat_saver.proto.messages import SavedModel
from tests import c_loader
from tests.golden_cases import case

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CASES = ("dense_adam", "conv_batch_norm", "dropout", "embedding", "cond", "resource_variables", "partitioned")
"""Of both kinds of variables, with and without control flow."""


@pytest.fixture(scope="module", params=CASES)
def migrated(request, tmp_path_factory):
    chosen = case("1.12.3", request.param)
    directory = tmp_path_factory.mktemp(request.param) / "out"
    report = compat_saver.migrate(chosen.prefix, directory, **chosen.arguments)
    (signature,) = report.signatures
    inputs, _ = next(chosen.runs())
    fed = {key: _typed(inputs[tensor.name], tensor.dtype) for key, tensor in signature.inputs.items()}
    return chosen, directory, report, fed


def _typed(array: np.ndarray, number: int) -> np.ndarray:
    return array.astype(dtypes.by_number(number).numpy)


def _answers(model, fed) -> dict[str, np.ndarray]:
    import tensorflow as tf

    serve = model.signatures["serving_default"]
    return {key: value.numpy() for key, value in serve(**{k: tf.constant(v) for k, v in fed.items()}).items()}


def _assert_same(found, expected) -> None:
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_allclose(found[key], array, rtol=1e-6, atol=1e-7)


def test_variables_are_visible_under_their_names_and_trainable_where_tf1_said_so(migrated):
    import tensorflow as tf

    chosen, directory, report, _ = migrated
    model = tf.saved_model.load(str(directory))
    needed, trainable = set(chosen.facts["variables_needed"]), set(chosen.facts["trainable"])
    assert set(model.weights) == needed == {variable.name.removesuffix(":0") for variable in model.variables}
    assert {variable.name.removesuffix(":0") for variable in model.trainable_variables} == needed & trainable
    assert all(variable.trainable for variable in model.trainable_variables)
    with compat_saver.open_checkpoint(chosen.prefix) as checkpoint:
        for weight in report.weights:
            part = weight.location.part
            stored = checkpoint.read_slice(weight.location.key, () if part is None else part.box)
            np.testing.assert_array_equal(model.weights[weight.name].numpy(), stored)


def test_gradients_reach_every_trainable_variable(migrated):
    import tensorflow as tf

    _, directory, report, fed = migrated
    if any("TF1 cond" in warning for warning in report.warnings):
        pytest.skip("TensorFlow 2 has no gradients through a v1 cond, and the report says so")
    model = tf.saved_model.load(str(directory))
    with tf.GradientTape() as tape:
        outputs = model.signatures["serving_default"](**{key: tf.constant(array) for key, array in fed.items()})
        loss = tf.add_n([tf.reduce_sum(tf.square(value)) for value in outputs.values() if value.dtype.is_floating])
    gradients = tape.gradient(loss, list(model.trainable_variables))
    assert gradients
    assert all(gradient is not None for gradient in gradients)


def test_saving_the_loaded_model_again_keeps_weights_and_answers(migrated, tmp_path):
    import tensorflow as tf

    _, directory, _, fed = migrated
    model = tf.saved_model.load(str(directory))
    tf.saved_model.save(model, str(tmp_path / "again"), signatures=model.signatures)
    again = tf.saved_model.load(str(tmp_path / "again"))
    _assert_same(_answers(again, fed), _answers(model, fed))
    assert set(again.weights) == set(model.weights)
    for name, variable in model.weights.items():
        np.testing.assert_array_equal(again.weights[name].numpy(), variable.numpy())


def test_a_changed_weight_survives_saving_again(migrated, tmp_path):
    import tensorflow as tf

    _, directory, _, fed = migrated
    model = tf.saved_model.load(str(directory))
    for variable in model.trainable_variables:
        variable.assign(variable * 0.5)
    tf.saved_model.save(model, str(tmp_path / "again"), signatures=model.signatures)
    _assert_same(_answers(tf.saved_model.load(str(tmp_path / "again")), fed), _answers(model, fed))


def test_the_session_loader_takes_it(migrated):
    import tensorflow as tf

    _, directory, _, fed = migrated
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(directory))
        signature = meta.signature_def["serving_default"]
        feeds = {signature.inputs[key].name: array for key, array in fed.items()}
        found = session.run({key: info.name for key, info in signature.outputs.items()}, feeds)
    _assert_same(found, _answers(tf.saved_model.load(str(directory)), fed))


def test_the_loader_in_cpp_takes_it(migrated):
    import tensorflow as tf

    _, directory, _, fed = migrated
    _assert_same(
        c_loader.Loaded(directory).run("serving_default", fed), _answers(tf.saved_model.load(str(directory)), fed)
    )


@pytest.mark.parametrize("migrated", ["dense_adam", "partitioned"], indirect=True)
def test_saved_model_cli_runs_it(migrated, tmp_path):
    import tensorflow as tf

    _, directory, _, fed = migrated
    np.savez(tmp_path / "in.npz", **fed)
    inputs = ";".join(f"{key}={tmp_path / 'in.npz'}[{key}]" for key in fed)
    arguments = ["run", "--dir", directory, "--tag_set", "serve", "--signature_def", "serving_default"]
    code = "from tensorflow.python.tools.saved_model_cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--inputs", inputs, "--outdir", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    expected = _answers(tf.saved_model.load(str(directory)), fed)
    _assert_same({key: np.load(tmp_path / f"{key}.npy") for key in expected}, expected)


def test_keras_takes_it_as_a_layer(migrated):
    import tensorflow as tf

    _, directory, _, fed = migrated
    layer = tf.keras.layers.TFSMLayer(str(directory), call_endpoint="serving_default")
    tensors = {key: tf.constant(array) for key, array in fed.items()}
    # Keras hands a layer's one argument on as it is, and signatures of several inputs take keywords only.
    found = layer(*tensors.values()) if len(tensors) == 1 else layer.call_endpoint_fn(**tensors)
    model = tf.saved_model.load(str(directory))
    _assert_same({key: value.numpy() for key, value in found.items()}, _answers(model, fed))
    assert len(layer.trainable_weights) == len(model.trainable_variables)


def test_the_lite_converter_takes_it(migrated):
    import tensorflow as tf

    _, directory, _, fed = migrated
    model = tf.saved_model.load(str(directory))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(directory))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    content = converter.convert()
    if b"Flex" in content:  # ops that only an interpreter with TensorFlow linked in can run
        return
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner("serving_default")
    found = runner(**fed)
    for key, expected in _answers(model, fed).items():
        np.testing.assert_allclose(found[key], expected, rtol=1e-4, atol=1e-5)


def test_the_compiler_takes_it(migrated):
    """XLA has no v1 control flow."""
    import tensorflow as tf

    _, directory, _, fed = migrated
    model = tf.saved_model.load(str(directory))
    serve = model.signatures["serving_default"]
    if _has_v1_control_flow(serve.graph):
        pytest.skip("the graph has v1 control flow")
    compiled = tf.function(lambda **tensors: serve(**tensors), jit_compile=True)  # noqa: PLW0108  compiled already otherwise
    found = compiled(**{key: tf.constant(array) for key, array in fed.items()})
    for key, expected in _answers(model, fed).items():
        np.testing.assert_allclose(found[key], expected, rtol=1e-4, atol=1e-5)


def test_its_variables_become_constants_without_a_function_call(migrated):
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    _, directory, _, _ = migrated
    model = tf.saved_model.load(str(directory))
    frozen = convert_variables_to_constants_v2(model.signatures["serving_default"]).graph.as_graph_def()
    assert not [node.name for node in frozen.node if "Call" in node.op or "Variable" in node.op]
    assert not frozen.library.function


def _has_v1_control_flow(graph) -> bool:
    return any(operation.type in ("Enter", "Switch") for operation in graph.get_operations())


def test_only_what_the_signature_needs_is_in_it(migrated):
    _, directory, _, _ = migrated
    model = SavedModel.FromString((directory / "saved_model.pb").read_bytes()).meta_graphs[0]
    functions = [node for function in model.graph_def.library.function for node in function.node_def]
    nodes = [*model.graph_def.node, *functions]
    assert not [node.name for node in nodes if "Apply" in node.op or "Queue" in node.op or "Summary" in node.op]
    assert not [node.name for node in functions if node.device]
    assert not [node.name for node in functions if "_class" in node.attr]
    with compat_saver.open_checkpoint(directory / "variables" / "variables") as checkpoint:
        assert not [name for name in checkpoint if "Adam" in name or "Adagrad" in name]


def test_the_report_travels_with_it(migrated):
    chosen, directory, report, _ = migrated
    found = json.loads((directory / "assets.extra" / "compat_saver" / "report.json").read_text())
    assert found == json.loads(json.dumps(report.to_dict()))
    assert found["verification"]["status"] == "passed"
    assert Path(found["source"]["path"]) == chosen.prefix
