"""Writes a written model in further formats, and compares each with the original: TensorFlow Lite and ONNX.

A signature becomes a file of its own inside the SavedModel's directory. The file is run on the inputs on which the
original ran, and compared with the original's outputs, not with those of the SavedModel.
"""

from __future__ import annotations

import functools
import importlib.util
import re
import subprocess
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import CannotMigrateError, CompatSaverError, TimeLimitError, UsageError, phrases_and_more
from compat_saver.isolation import module_command
from compat_saver.migration.options import ONNX, TFLITE, MigrationOptions
from compat_saver.migration.verification.comparison import Comparison, compare
from compat_saver.migration.verification.reference_run import ReferenceRun
from compat_saver.migration.verification.samples import Feeds
from compat_saver.migration.verification.time_limit import within
from compat_saver.model.signature import Signature

OF_LARGEST = 1e-4
"""The difference that is allowed, as a part of the largest magnitude of an output: other kernels round differently."""

_OF_LARGEST_HALF = 1e-2
_RUNS_PER_CONVERSION = 10
_OPSET = "17"
"""Of ONNX: the one that `nox -s consumers` tests; tf2onnx's default lacks newer ops."""

Run = Callable[[Feeds], Mapping[str, Any]]


@dataclass(frozen=True)
class Export:
    """One signature in one further format.

    Attributes:
        file: its name in the directory of the SavedModel.
        format: TFLITE or ONNX.
        signature: the name of the signature.
        ops: of a TensorFlow Lite file "builtin", or "select_tf" where it needs TensorFlow's kernels too; of ONNX the
            version of the operator set.
        comparison: over all outputs and batches; None where it was not verified.
        problems: a sentence for each output that differs.
    """

    file: str
    format: str
    signature: str
    ops: str
    comparison: Comparison | None = None
    problems: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """Returns "passed", "failed" or "skipped" (not verified)."""
        return "skipped" if self.comparison is None else "failed" if self.problems else "passed"

    def to_dict(self) -> dict[str, Any]:
        """Returns it in the form of `--json`."""
        return {
            "file": self.file,
            "format": self.format,
            "signature": self.signature,
            "ops": self.ops,
            "status": self.status,
            "max_abs_diff": self.comparison.max_abs_diff if self.comparison is not None else None,
        }


def require_converters(formats: Sequence[str]) -> None:
    """Raises UsageError if what writes or runs a format is not installed; imports nothing."""
    missing = [name for name in ("tf2onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if ONNX in formats and missing:
        raise UsageError(
            f"--to onnx needs {' and '.join(missing)}, not installed here: pip install 'compat-saver[onnx]'"
        )


def write_exports(directory: Path, signatures: Sequence[Signature], options: MigrationOptions) -> tuple[Export, ...]:
    """Writes every signature in every format that the options ask for.

    Args:
        directory: the written model; the files go there.
        signatures: what is served.
        options: formats, tags, time limit.

    Raises:
        CannotMigrateError: a signature has no such form; all of them are listed.
    """
    made, obstacles = [], []
    for kind in options.to:
        for signature in signatures:
            stem = "model" if len(signatures) == 1 else quote(signature.name, safe="")
            path = directory / f"{stem}.{kind}"
            try:
                ops = _WRITERS[kind](directory, signature.name, path, options)
            except _ConversionError as error:
                obstacles.append(f"{path.name}: signature {signature.name!r} {error}. Leave out --to {kind}.")
                continue
            made.append(Export(path.name, kind, signature.name, ops))
    if obstacles:
        raise CannotMigrateError(obstacles)
    return tuple(made)


def recorded_exports(report: Mapping[str, Any], directory: Path) -> tuple[Export, ...]:
    """Returns the files that a report names and that are still there, beside the model and not behind a link.

    Args:
        report: of a written model.
        directory: that model.
    """
    found = [Export(*(item[key] for key in _RECORDED)) for item in report.get("exports", ())]
    return tuple(item for item in found if item.format in _RUNNERS and _is_beside(item.file, directory))


def _is_beside(name: str, directory: Path) -> bool:
    file = directory / name
    return Path(name).name == name and file.is_file() and file.resolve().parent == directory.resolve()


_RECORDED = ("file", "format", "signature", "ops")


def verify_exports(
    directory: Path, made: Sequence[Export], references: Sequence[ReferenceRun], options: MigrationOptions
) -> tuple[Export, ...]:
    """Returns files with how their outputs compare with those of the original.

    Unchanged, and so "skipped": what has no reference, and a format that nothing installed runs.

    Args:
        directory: where they are.
        made: the files.
        references: the original's outputs for each signature; empty to verify nothing.
        options: tolerances, time limit.

    Raises:
        TimeLimitError: a run of a file took too long.
    """
    known = {item.signature.name: item for item in references}
    runnable = {item.format: importlib.util.find_spec(_LIBRARIES[item.format]) is not None for item in made}
    return tuple(
        _verified(item, directory / item.file, known[item.signature], options)
        if item.signature in known and runnable[item.format]
        else item
        for item in made
    )


_LIBRARIES = {TFLITE: "tensorflow", ONNX: "onnxruntime"}


class _ConversionError(Exception):
    """Says, as the rest of a sentence, why a signature was not converted."""


def _limit(options: MigrationOptions) -> float:
    """Returns the seconds that one conversion may take."""
    return _RUNS_PER_CONVERSION * options.timeout


def _took_too_long(path: Path, options: MigrationOptions) -> TimeLimitError:
    return TimeLimitError(
        f"The conversion into {path.name} did not finish within {_limit(options):g} seconds. Leave out "
        f"--to {path.suffix[1:]}, or give more time: a conversion may take {_RUNS_PER_CONVERSION} times what "
        "--timeout allows a run."
    )


# ---- comparing


def _verified(item: Export, path: Path, reference: ReferenceRun, options: MigrationOptions) -> Export:
    results: dict[str, Comparison] = {}
    for key, result in _compared(item, path, reference, options):
        results[key] = results[key].worse_of(result) if key in results else result
    problems = [
        f"{item.file}: {key}: {found.problem}. {_advice(item, found)}"
        for key, found in results.items()
        if found.problem
    ]
    whole = Comparison(None, True, "")
    for result in results.values():
        whole = whole.worse_of(result)
    return Export(item.file, item.format, item.signature, item.ops, whole, tuple(problems))


def _advice(item: Export, found: Comparison) -> str:
    other = "allow more with --atol" if found.max_abs_diff is not None else "write it unverified with --no-verify"
    return f"Leave out --to {item.format}, or {other}."


def _compared(
    item: Export, path: Path, reference: ReferenceRun, options: MigrationOptions
) -> Iterator[tuple[str, Comparison]]:
    """Yields the comparison of each output on each batch."""
    try:
        run = _RUNNERS[item.format](path, item.signature)
    except Exception as error:  # ONNX Runtime's have no common public base, nor have TensorFlow Lite's
        yield "the file", Comparison(None, False, f"cannot be loaded: {_tensorflow.first_line(error)}")
        return
    for feeds, expected in zip(reference.feeds, reference.outputs, strict=True):
        try:
            with _tensorflow.stderr_silenced():  # TensorFlow Lite says on which processor it runs
                found = within(options.timeout, item.file, functools.partial(run, feeds))
        except CompatSaverError:
            raise
        except Exception as error:
            yield "all outputs", Comparison(None, False, f"does not run: {_failure(error)}")
            return
        for key, array in expected.items():
            yield key, compare(array, np.asarray(found[key]), *_tolerances(array, options))


_LACKS_KERNELS = "Select TensorFlow op(s)"


def _failure(error: Exception) -> str:
    """Returns why a file does not run, a phrase."""
    line = _tensorflow.first_line(error)
    if _LACKS_KERNELS not in line:
        return line
    version = _tensorflow.tensorflow().__version__
    return f"it needs kernels of TensorFlow (SELECT_TF_OPS), which the interpreter of {version} lacks and 2.16's has"


def _tolerances(expected: np.ndarray, options: MigrationOptions) -> tuple[float, float]:
    rtol = 0.0 if options.rtol is None else options.rtol
    if options.atol is not None or expected.dtype.kind in "biuOS":
        return rtol, options.atol or 0.0
    sizes = np.abs(expected.astype(np.complex128 if expected.dtype.kind == "c" else np.float64))
    largest = float(np.max(sizes[np.isfinite(sizes)], initial=0.0))
    return rtol, largest * (_OF_LARGEST_HALF if expected.dtype.itemsize <= 2 else OF_LARGEST)


# ---- TensorFlow Lite


def _write_tflite(directory: Path, signature: str, path: Path, options: MigrationOptions) -> str:
    """Converts with TensorFlow Lite's own ops, or else with TensorFlow's kernels for what it lacks."""
    lite, tags = _tensorflow.tensorflow().lite, set(options.output_tags)
    for ops, sets in (("builtin", ()), ("select_tf", (lite.OpsSet.SELECT_TF_OPS,))):
        converter = lite.TFLiteConverter.from_saved_model(str(directory), signature_keys=[signature], tags=tags)
        converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS, *sets]
        try:
            with _tensorflow.stderr_silenced():
                path.write_bytes(within(_limit(options), f"The conversion into {path.name}", converter.convert))
        except TimeLimitError:
            raise _took_too_long(path, options) from None
        except OSError:
            raise
        except Exception as error:  # ConverterError has no public name, and others come through
            reason = _reason(error)
        else:
            return ops
    raise _ConversionError(f"has no form in TensorFlow Lite, nor with TensorFlow's kernels (SELECT_TF_OPS): {reason}")


_OP_PROBLEM = re.compile(r"'tf\.\w+' op [^\n]+")
_MOST_REASONS = 3


def _reason(error: Exception) -> str:
    """Returns what a converter says of each op that it refuses, or else the first line."""
    found = list(dict.fromkeys(_OP_PROBLEM.findall(str(error))))
    return phrases_and_more(found, _MOST_REASONS) or _tensorflow.first_line(error)


def _tflite_runner(path: Path, signature: str) -> Run:
    lite = _tensorflow.tensorflow().lite
    with warnings.catch_warnings(), _tensorflow.stderr_silenced():
        warnings.simplefilter("ignore")  # TensorFlow says that this class will move to a package of its own
        runner = lite.Interpreter(model_path=str(path)).get_signature_runner(signature)
    inputs = tuple(runner.get_input_details())  # without those that no output needs

    def run(feeds: Feeds) -> Mapping[str, Any]:
        found: Mapping[str, Any] = runner(**{key: feeds[key] for key in inputs})
        return found

    return run


# ---- ONNX


def onnx_command(directory: str, signature: str, tags: Sequence[str], output: str) -> list[str]:
    """Returns the arguments of a Python that converts a signature of a SavedModel into a file of ONNX."""
    tag = [] if tuple(tags) == ("serve",) else ["--tag", ",".join(tags)]
    model = ["--saved-model", directory, "--signature_def", signature, *tag]
    return ["-m", "tf2onnx.convert", *model, "--output", output]


def _write_onnx(directory: Path, signature: str, path: Path, options: MigrationOptions) -> str:
    """Converts in a process of its own: tf2onnx changes settings of TensorFlow, and prints as it goes."""
    _, module, *arguments = onnx_command(str(directory), signature, options.output_tags, str(path))
    command = [*module_command(module), *arguments, "--opset", _OPSET]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_limit(options))
    except subprocess.TimeoutExpired:
        raise _took_too_long(path, options) from None
    if done.returncode or not path.is_file():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise _ConversionError(f"has no form in ONNX: tf2onnx says {lines[-1][:300] if lines else 'nothing'!r}")
    return f"opset {_OPSET}"


def _onnx_runner(path: Path, signature: str) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs, outputs = ([item.name for item in items] for items in (session.get_inputs(), session.get_outputs()))

    def run(feeds: Feeds) -> Mapping[str, Any]:
        found = session.run(outputs, {key: feeds[key] for key in inputs})
        return {key: _as_bytes(value) for key, value in zip(outputs, found, strict=True)}

    return run


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """Returns strings as TensorFlow gives them; ONNX Runtime decodes them."""
    if array.dtype != object:
        return array
    encoded = [item.encode() if isinstance(item, str) else item for item in array.reshape(-1)]
    return np.array(encoded, object).reshape(array.shape)


_WRITERS = {TFLITE: _write_tflite, ONNX: _write_onnx}
_RUNNERS = {TFLITE: _tflite_runner, ONNX: _onnx_runner}
