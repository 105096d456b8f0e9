"""What to do with a written model: the lines of Python and of a shell, with the names of its own signature."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from compat_saver import dtypes
from compat_saver.keras_models.report import KerasReport
from compat_saver.migration.report import MigrationReport
from compat_saver.model.signature import DEFAULT_SIGNATURE, Signature
from compat_saver.report.text import columns

_SERVE = ("serve",)


def render_next_steps(report: MigrationReport | KerasReport) -> str:
    """Returns the lines that load, fine-tune and convert a written model, to be copied; "" if none was written."""
    if report.output is None:
        return ""
    if isinstance(report, KerasReport):
        rows = list(_keras_steps(report, report.output))
    else:
        rows = list(_steps(report, report.output)) if report.signatures else []
    return f"Next steps\n{columns([('', *row) for row in rows])}" if rows else ""


def _keras_steps(report: KerasReport, output: str) -> Iterator[tuple[str, str]]:
    path = json.dumps(output)
    if not output.endswith(".keras"):
        yield "load", f"model = tf.saved_model.load({path}); serve = model.signatures[{json.dumps(DEFAULT_SIGNATURE)}]"
        yield "to TFLite", f"tf.lite.TFLiteConverter.from_saved_model({path}).convert()"
        return
    yield "load", f"model = keras.models.load_model({path})"
    yield "fine-tune", "model.fit(x, y)" if report.optimizer else "model.compile(optimizer, loss); model.fit(x, y)"
    yield "to TFLite", "tf.lite.TFLiteConverter.from_keras_model(model).convert()"
    yield "to ONNX", f"model.export({json.dumps(output.removesuffix('.keras') + '.onnx')}, format='onnx')"


def _steps(report: MigrationReport, output: str) -> Iterator[tuple[str, str]]:
    signature = next((item for item in report.signatures if item.name == DEFAULT_SIGNATURE), report.signatures[0])
    tags = "" if report.tag_set == _SERVE else f", tags={list(report.tag_set)}"
    name = json.dumps(signature.name)
    yield "load", f"model = tf.saved_model.load({json.dumps(output)}{tags}); serve = model.signatures[{name}]"
    if any(weight.trainable for weight in report.weights):
        yield "fine-tune", f"with tf.GradientTape() as tape: loss = loss_of({_call(signature)})"
        weights = "model.trainable_variables"
        yield "", f"optimizer.apply_gradients(zip(tape.gradient(loss, {weights}), {weights}))"
    arguments = f"{json.dumps(output)}, signature_keys=[{name}]{tags}"
    yield "to TFLite", f"tf.lite.TFLiteConverter.from_saved_model({arguments}).convert()"
    yield "to ONNX", shlex.join(_onnx(report, output, signature))


def _call(signature: Signature) -> str:
    numbers = [key for key, item in signature.outputs.items() if dtypes.by_number(item.dtype).is_floating]
    key = next(iter([*numbers, *signature.outputs]))
    return f"serve({', '.join(f'{item}={item}' for item in signature.inputs)})[{json.dumps(key)}]"


def _onnx(report: MigrationReport, output: str, signature: Signature) -> list[str]:
    tag = [] if report.tag_set == _SERVE else ["--tag", ",".join(report.tag_set)]
    model = ["--saved-model", output, "--signature_def", signature.name, *tag]
    return ["python", "-m", "tf2onnx.convert", *model, "--output", f"{output.rstrip('/')}.onnx"]
