"""The main job: plan -> write -> verify -> publish."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from compat_saver.errors import UsageError, VerificationError
from compat_saver.graph import without_collection
from compat_saver.graph.op_sets import RANDOM_OP
from compat_saver.isolation import Progress
from compat_saver.migration.clock import Clock
from compat_saver.migration.command_line import command_line
from compat_saver.migration.execution import Execution, Outcome, execute, open_source
from compat_saver.migration.exports import require_converters
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan
from compat_saver.migration.publish import refuse_existing, staged
from compat_saver.migration.recorded import REPORT_PATH, as_migrated
from compat_saver.migration.report import MigrationReport
from compat_saver.migration.training import make_plans
from compat_saver.migration.verification.comparison import ATOL, RTOL
from compat_saver.migration.verification.samples import read_feeds
from compat_saver.migration.verification.verify_model import Verification
from compat_saver.migration.writing.static_shapes import complete_shapes
from compat_saver.model import LegacyModel
from compat_saver.saved_model import OutputShapes


def migrate(
    source: str | Path, output: str | Path, options: MigrationOptions, progress: Progress | None = None
) -> MigrationReport:
    """Migrates a TF1 model into a TF2 SavedModel, proven equal before it is published.

    Args:
        source: a checkpoint, any file of it, its directory, a TF1 SavedModel, or a frozen graph.
        output: the SavedModel directory to make; it appears complete or not at all.
        options: everything else.
        progress: called with the name of each stage.

    Raises:
        ArtifactError: the source cannot be read.
        UsageError: options that contradict the graph.
        NameNotFoundError: a name that is not in the graph.
        CannotMigrateError: obstacles, all of them; or a format of `to` that a signature has no form in.
        OutputExistsError: the output is there and `overwrite` is not set.
        TensorFlowMissingError: the model is to be verified, or initial values to be computed, and it is not installed.
        VerificationError: the outputs of the written model differ; nothing was published. Its `report` attribute holds
            the report.
        TimeLimitError: a run of a model took too long.
        MemoryLimitError: the process that runs the models used more memory than it may.
        CrashError: it died.
    """
    target, clock = Path(output), Clock(progress)
    require_converters(options.to)
    if not options.dry_run:
        refuse_existing(target, overwrite=options.overwrite)
    with clock.stage("read"):
        model = open_source(Path(source), options)
    with clock.stage("rewrite"), without_collection():
        plan = make_plans(model, options)
    if options.verify_data is not None:
        signatures = tuple(item for part in plan.all for item in part.signatures)
        read_feeds(options.verify_data, signatures)  # what does not fit is reported before anything is written
    if options.dry_run:
        return _report(model, None, plan, {}, Outcome(None, ()), options, clock)
    _refuse_to_replace(target, model)
    with staged(target, overwrite=options.overwrite) as directory:
        outcome = execute(Execution(Path(source), directory, options, (model, plan)), clock)
        verification = outcome.verification
        shapes = complete_shapes(directory, verification.output_shapes) if verification is not None else {}
        report = _report(model, str(target), plan, shapes, outcome, options, clock)
        if verification is not None and report.status != "passed":
            reasons = _reasons(report, verification)
            if not verification.passed and any(RANDOM_OP.search(node.op) for node in plan.graph):
                command = command_line(source, output, options, "--no-verify")
                reasons.append(f"A model that draws random numbers on purpose can be published unverified: {command}")
            raise VerificationError(reasons, report, ", nothing was published", _VERDICTS[report.status])
        _write_report(directory, report)
    return report


def _refuse_to_replace(target: Path, model: LegacyModel) -> None:
    for path in (model.path, model.meta.path):
        if Path(path).resolve().is_relative_to(target.resolve()):
            raise UsageError(f"{target} holds the source {path}, which would be gone with it. Name another output.")


def verify(
    source: str | Path, saved_model: str | Path, options: MigrationOptions, progress: Progress | None = None
) -> MigrationReport:
    """Compares an already written model with its source, once more.

    Args:
        source: the checkpoint that the model was migrated from.
        saved_model: the migrated model; its signatures and bound values are recorded in its report.
        options: where to find the .meta, inputs and tolerances.
        progress: called with the name of each stage.

    Raises:
        VerificationError: their outputs differ.
        CompatSaverError: as for `migrate`.
    """
    clock = Clock(progress)
    options, exports = as_migrated(Path(source), Path(saved_model), options)
    with clock.stage("read"):
        model = open_source(Path(source), options)
    with clock.stage("rewrite"), without_collection():
        plan = make_plans(model, options)
    execution = Execution(Path(source), Path(saved_model), options, (model, plan), writes=False, exports=exports)
    outcome = execute(execution, clock)
    verification = outcome.verification
    assert verification is not None, "a verification was requested"
    report = _report(model, str(saved_model), plan, {}, outcome, options, clock)
    if report.status != "passed":
        raise VerificationError(_reasons(report, verification), report, what=_VERDICTS[report.status])
    return report


_VERDICTS = {"failed": "failed", "inconclusive": "was inconclusive"}


def _reasons(report: MigrationReport, verification: Verification) -> list[str]:
    """Returns what is wrong, a sentence each, and every doubt."""
    undefined = [
        f"{name}: the original gave no finite value on any input, so nothing could be compared. Give real inputs with "
        "--verify-data FILE.npz, or migrate with --no-verify."
        for name in verification.undefined
    ]
    return [*report.problems, *undefined, *verification.notes]


def _report(
    model: LegacyModel,
    output: str | None,
    plan: Plan,
    shapes: OutputShapes,
    outcome: Outcome,
    options: MigrationOptions,
    clock: Clock,
) -> MigrationReport:
    verification = outcome.verification
    return MigrationReport(
        source=model.facts,
        output=output,
        signatures=plan.signatures,
        output_shapes=shapes,
        bound=plan.bound,
        modes=plan.modes,
        weights=plan.all_weights,
        content=dataclasses.replace(plan.content, tables=plan.all_tables, files=plan.all_files),
        averaged=plan.averaged,
        untrained=plan.untrained,
        made=plan.made,
        variables=options.variables,
        dropped=plan.dropped,
        behavior=plan.behavior,
        rewrites=plan.rewrites,
        warnings=(*plan.all_warnings, *(verification.notes if verification is not None else ())),
        verification=verification,
        tag_set=options.output_tags,
        tolerances=(
            RTOL if options.rtol is None else options.rtol,
            ATOL if options.atol is None else options.atol,
        ),
        effects=plan.effects,
        seconds=clock.seconds,
        ops=plan.ops,
        training=plan.training,
        exports=outcome.exports,
        change=plan.change,
    )


def _write_report(directory: Path, report: MigrationReport) -> None:
    path = directory / REPORT_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")
