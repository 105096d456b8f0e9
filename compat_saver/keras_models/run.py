"""The main job for Keras models: read -> upgrade and build -> write -> verify -> publish."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.errors import UsageError, VerificationError
from compat_saver.isolation import Progress
from compat_saver.keras_models.building import Builder, BuiltModel, require_vectors
from compat_saver.keras_models.changes import Change
from compat_saver.keras_models.compiled import compile_model
from compat_saver.keras_models.options import KerasOptions, load_custom, places_of, require_reference
from compat_saver.keras_models.original import Original, open_original
from compat_saver.keras_models.outline import count_trained, planned_inputs, planned_outputs
from compat_saver.keras_models.proof import Proof
from compat_saver.keras_models.report import EndPoint, KerasReport
from compat_saver.keras_models.routing import SUFFIX
from compat_saver.keras_models.slots import OptimizerState, assign_state, read_state
from compat_saver.keras_models.verification import KerasVerification
from compat_saver.keras_models.weights import Pair, assign_weights
from compat_saver.migration.clock import Clock
from compat_saver.migration.publish import refuse_existing, staged

_OLD_SUFFIXES = (".h5", ".hdf5")


@dataclass
class _Run:
    """What is known so far of a migration.

    Attributes:
        original: the model as it was read.
        options: all options.
        given: the custom objects.
        changes: of the upgrade, and of compiling.
        warnings: what the user should know.
        seconds: stage -> how long it took.
    """

    original: Original
    options: KerasOptions
    given: Mapping[str, Any]
    changes: list[Change]
    warnings: list[str] = field(default_factory=list)
    iterations: int | None = None
    is_compiled: bool = False


def migrate_keras(source: Path, output: Path, options: KerasOptions, progress: Progress | None = None) -> KerasReport:
    """Migrates a model of Keras 1 or 2 into a `.keras` file of Keras 3, or a SavedModel, proven equal first.

    Args:
        source: an HDF5 file, a `.keras` file, a SavedModel of Keras, or weights with `options.architecture`.
        output: a path that ends in `.keras`, or the directory to make; it appears complete or not at all.
        options: everything else.
        progress: called with the name of each stage.

    Raises:
        ArtifactError: the source cannot be read.
        UsageError: options that contradict each other or the file, or OUT.h5.
        CannotMigrateError: what prevents it, all of it.
        OutputExistsError: the output is there and `overwrite` is not set.
        VerificationError: the written model differs; nothing was published.
        TensorFlowMissingError: TensorFlow, or tf-keras to verify with, is not installed.
    """
    clock = Clock(progress)
    if not options.dry_run:
        refuse_existing(output, overwrite=options.overwrite)
    if output.resolve() == source.resolve():
        raise UsageError(f"{output} is the source itself. Name another output.")
    if output.suffix in _OLD_SUFFIXES:
        raise UsageError(
            f"{output}: a model of Keras 3 is a .keras file. Name {output.with_suffix(SUFFIX)}, or a directory for a "
            "SavedModel."
        )
    with contextlib.ExitStack() as stack:
        with clock.stage("read"):
            original = stack.enter_context(open_original(source, options))
        if options.dry_run:
            return _planned(original, clock.seconds)
        keras = _tensorflow.keras()
        run = _Run(original, options, load_custom(options.custom_objects), list(original.changes))
        if options.verify and original.form != "saved_model":
            require_reference(original.path, options, "verify the new model", " with --no-verify")
        built, pairs, state = _rewrite(run, keras, clock)
        with staged(output, overwrite=options.overwrite) as path:
            with clock.stage("write"):
                _write(built.model, path, output)
            verification = None
            if options.verify:
                with clock.stage("verify"):
                    verification = _proof(run, keras).of(path, built.model, pairs, state)
            report = _report(run, str(output), built.model, verification, clock.seconds)
            if verification is not None and verification.status != "passed":
                raise VerificationError(_reasons(verification), report, ", nothing was published", report.status)
    return report


def verify_keras(source: Path, written: Path, options: KerasOptions, progress: Progress | None = None) -> KerasReport:
    """Compares an already written model of Keras 3 with its source, once more.

    Args:
        source: as for `migrate_keras`.
        written: what `migrate_keras` wrote.
        options: inputs, tolerances, and what the source needs to be read.
        progress: called with the name of each stage.

    Raises:
        VerificationError: it differs.
        UsageError: it was made of another source.
        CompatSaverError: as for `migrate_keras`.
    """
    clock = Clock(progress)
    with contextlib.ExitStack() as stack:
        with clock.stage("read"):
            original = stack.enter_context(open_original(source, options))
        keras = _tensorflow.keras()
        run = _Run(original, options, load_custom(options.custom_objects), list(original.changes))
        if original.form != "saved_model":
            require_reference(original.path, options, "verify")
        built, pairs, state = _rewrite(run, keras, clock)
        with clock.stage("verify"):
            verification = _proof(run, keras).of(written, built.model, pairs, state)
        report = _report(run, str(written), built.model, verification, clock.seconds)
    if report.status != "passed":
        what = "was inconclusive" if report.status == "inconclusive" else report.status
        raise VerificationError(_reasons(verification), report, what=what)
    return report


def _rewrite(run: _Run, keras: Any, clock: Clock) -> tuple[BuiltModel, list[Pair], OptimizerState | None]:
    """Returns the new model, its variables with the weights of the file, and the state of its optimizer."""
    with clock.stage("rewrite"):
        built = Builder(keras, run.given).build(run.original.plan)
        if run.original.is_keras_1:
            require_vectors(layer for layer in built.layers.values() if type(layer).__name__ == "Dot")
        pairs = _fill(run, built)
        return built, pairs, _compile(run, keras, built, pairs)


def _proof(run: _Run, keras: Any) -> Proof:
    return Proof(keras, run.original, run.options, run.given, places_of(run.options.custom_objects) or {})


def _reasons(verification: KerasVerification) -> Sequence[str]:
    undefined = "The original gave no finite value on any input. Give real ones with --verify-data FILE.npz."
    return [*(verification.differences or [undefined]), *verification.notes]


def _fill(run: _Run, built: BuiltModel) -> list[Pair]:
    """Gives the model its weights; returns the pairs, none for a checkpoint."""
    if run.original.file is not None:
        return assign_weights(run.original.file, run.original.plan, built)
    from compat_saver.saver.load_into.load_into import load_into

    load_into(built.model, run.original.path)
    return []


def _compile(run: _Run, keras: Any, built: BuiltModel, pairs: Sequence[Pair]) -> OptimizerState | None:
    """Compiles the model, with the state of the optimizer where the file has one that fits."""
    plan, file = run.original.compilation, run.original.file
    if plan is None or file is None:
        return None
    try:
        compile_model(keras, built.model, plan, run.given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what_to_do = "Give custom losses and metrics with --custom-objects, or call model.compile before training."
        run.warnings.append(f"Not compiled: {_tensorflow.first_line(error).rstrip('.')}. {what_to_do}")
        return None
    run.is_compiled = True
    trained = [pair for pair in pairs if pair.variable.trainable]
    state = read_state(file.optimizer_weights, plan, trained, is_keras_1=run.original.is_keras_1)
    if state is None:
        if file.optimizer_weights:
            run.warnings.append("The state of the optimizer does not fit the variables; training starts a new one.")
        elif file.form == "keras" and not plan.is_new:
            run.warnings.append("A .keras file holds no state of a legacy optimizer; training starts a new one.")
        return None
    assign_state(built.model, state, [pair.variable for pair in trained])
    run.iterations = state.iterations
    return state


def _write(model: Any, path: Path, output: Path) -> None:
    if output.suffix != SUFFIX:
        model.export(str(path), verbose=False)
        return
    file = path.with_name(path.name + SUFFIX)  # Keras insists on the suffix
    model.save(str(file))
    os.rename(file, path)


def _planned(original: Original, seconds: Mapping[str, float]) -> KerasReport:
    """Returns the report of a dry run, which needs neither Keras nor TensorFlow."""
    weights = [] if original.file is None else [w for layer in original.file.layers for w in layer.weights]
    return KerasReport(
        source=str(original.path),
        form=original.form,
        keras_version=original.file.keras_version if original.file is not None else "",
        output=None,
        inputs=planned_inputs(original.plan),
        outputs=planned_outputs(original.plan),
        kept=len(weights),
        trainable=0 if original.file is None else count_trained(original.file),
        nbytes=sum(weight.nbytes for weight in weights),
        optimizer=original.compilation.optimizer if original.compilation is not None else "",
        iterations=None,
        changes=original.changes,
        warnings=(),
        verification=None,
        tolerances=(None, None),
        seconds=seconds,
    )


def _report(
    run: _Run, output: str, model: Any, verification: KerasVerification | None, seconds: Mapping[str, float]
) -> KerasReport:
    variables = model.weights
    return dataclasses.replace(
        _planned(run.original, seconds),
        output=output,
        inputs=[_end(item.name, item) for item in model.inputs],
        outputs=[_end(name, item) for name, item in zip(run.original.plan.output_names, model.outputs, strict=True)],
        kept=len(variables),
        trainable=len(model.trainable_weights),
        nbytes=sum(_nbytes(item) for item in variables),
        optimizer=type(model.optimizer).__name__ if run.is_compiled else "",
        iterations=run.iterations,
        changes=run.changes,
        warnings=run.warnings,
        verification=verification,
        tolerances=(run.options.rtol, run.options.atol),
    )


def _end(name: str, tensor: Any) -> EndPoint:
    return EndPoint(name, str(tensor.dtype), tuple(tensor.shape))


def _nbytes(variable: Any) -> int:
    array: Array = variable.numpy()
    return int(array.nbytes)
