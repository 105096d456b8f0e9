"""What of a migration needs TensorFlow, in a process of its own: initial values, and the comparison.

The written model is made there as well: it is written between the two, and TensorFlow is imported once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from compat_saver import _tensorflow
from compat_saver.graph import without_collection
from compat_saver.isolation import Progress, has_tensorflow, is_supported, run_in_child
from compat_saver.migration.clock import Clock
from compat_saver.migration.exports import Export, verify_exports, write_exports
from compat_saver.migration.initial_values import with_initial_values
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan
from compat_saver.migration.training import make_plans
from compat_saver.migration.verification.verify_model import OriginalRuns, Verification, run_original, verify_model
from compat_saver.migration.writing.saved_model import write_saved_model
from compat_saver.model import LegacyModel, open_model

_ADVICE = (
    "Choose other outputs (--outputs) or inputs to verify with (--verify-data FILE.npz), or migrate without running "
    "the model, with --no-verify."
)


def open_source(source: Path, options: MigrationOptions) -> LegacyModel:
    """Opens the source; a dry run reads no value of a variable."""
    return open_model(source, meta_graph=options.meta_graph, tag_set=options.tag_set, needs_values=not options.dry_run)


class Outcome(NamedTuple):
    """What came of an execution.

    Attributes:
        verification: what the comparison found; None without one.
        exports: the files in further formats.
    """

    verification: Verification | None
    exports: tuple[Export, ...]


@dataclass(frozen=True)
class Execution:
    """What is to be executed.

    Attributes:
        source: of the model.
        directory: the written model.
        options: of the migration.
        opened: the opened model and the plan. They are not pickled: a fresh interpreter makes them again.
        writes: whether the model is yet to be written.
        exports: its files in further formats, where it is written.
    """

    source: Path
    directory: Path
    options: MigrationOptions
    opened: tuple[LegacyModel, Plan]
    writes: bool = True
    exports: tuple[Export, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_again, (self.source, self.directory, self.options, self.writes, self.exports)

    @property
    def needs_tensorflow(self) -> bool:
        """Whether anything is to be run."""
        return self.options.verify or bool(self.options.to) or any(plan.filling for plan in self.opened[1].all)

    def __call__(self, progress: Progress) -> tuple[Outcome, Mapping[str, float]]:
        """Returns what came of it, and the seconds of each stage."""
        clock, (model, plan) = Clock(progress), self.opened
        if self.needs_tensorflow:
            _tensorflow.tensorflow()  # where it is missing, that is reported before anything is written
        with clock.stage("write") if self.writes else contextlib.nullcontext(), without_collection():
            plan = with_initial_values(plan, model, self.options.timeout)
            if self.writes:
                wrote = clock.bytes_of("write", sum(weight.nbytes for weight in plan.all_weights))
                write_saved_model(plan, model, self.directory, self.options.output_tags, wrote)
        original, verification = OriginalRuns((), ()), None
        if self.options.verify:
            with clock.stage("verify"):
                original = run_original(model, plan, self.options)
                verification = verify_model(model, plan, self.directory, original, self.options)
        exports = self.exports
        if (exports or self.options.to) and (verification is None or verification.passed):
            with clock.stage("export"):
                exports = exports or write_exports(self.directory, plan.signatures, self.options)
                exports = verify_exports(self.directory, exports, original.references, self.options)
        return Outcome(verification, exports), clock.seconds


def _opened_again(
    source: Path, directory: Path, options: MigrationOptions, writes: bool, exports: tuple[Export, ...]
) -> Execution:
    model = open_source(source, options)
    return Execution(source, directory, options, (model, make_plans(model, options)), writes, exports)


def execute(execution: Execution, clock: Clock) -> Outcome:
    """Executes it, in a child process where `isolate` of the options says so; returns what came of it.

    Raises:
        CrashError: the child died.
        MemoryLimitError: the child used more memory than the options allow.
        CompatSaverError: as for `migrate`.
    """
    if execution.needs_tensorflow and _is_isolated(execution.options):
        outcome, seconds = run_in_child(
            execution,
            clock.progress,
            memory=execution.options.memory,
            advice=_ADVICE,
            # In the staging directory: what a kill of both processes leaves there goes with the next run.
            folder=execution.directory.parent if execution.writes else None,
        )
    else:
        outcome, seconds = execution(clock.progress)
    clock.add(seconds)
    return outcome


def _is_isolated(options: MigrationOptions) -> bool:
    """Whether a child process runs the model: by default where this one can stay without TensorFlow."""
    if options.isolate is not None:
        return options.isolate
    return options.memory is not None or (is_supported() and not has_tensorflow())
