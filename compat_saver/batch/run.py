"""Migrates the models of a batch: starts them as memory allows, records each outcome as it ends, stops at none."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compat_saver.batch.jobs import Job, Sources, make_jobs
from compat_saver.batch.outcome import FAILED, BatchReport, ModelOutcome, of_error, of_report
from compat_saver.batch.record import RECORD, add_to_record, read_record
from compat_saver.batch.workers import Workers
from compat_saver.errors import UsageError
from compat_saver.keras_models import KerasOptions, KerasReport, migrate_keras
from compat_saver.keras_models.routing import is_keras_model
from compat_saver.migration import MigrationReport, migrate
from compat_saver.migration.options import MigrationOptions, make_options
from compat_saver.migration.staging import remove_abandoned

MEMORY_OF_A_WORKER = 600_000_000
"""Bytes that a process has after it has migrated small models; most of it is TensorFlow."""

_COPIES = 2
"""How often weights are in memory while they are verified: in the session, and in the written model."""

_SHARE = 0.8
"""Of the memory that is available when a batch starts: what its workers may take."""

AfterModel = Callable[[str, MigrationReport | KerasReport], object]
"""Called in the worker with the name and the report of a model; it has to be picklable."""


@dataclass(frozen=True)
class Step:
    """One event of a batch: a model is started, or done.

    Attributes:
        name: of the model.
        outcome: None when it starts.
        done: how many are done.
        total: how many there are.
    """

    name: str
    outcome: ModelOutcome | None
    done: int
    total: int


Progress = Callable[[Step], None]


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is run; what is done to each model is not among it.

    Attributes:
        executor: any executor of concurrent.futures, or what has a `get_executor()`, as a Dask client; None for
            processes of this machine.
        jobs: how many of these; None for one per processor.
        memory: bytes that they may have together; None for most of what is available.
        time_per_model: seconds that one model may take in all; then its process is ended. None for no limit.
        resume: leave out what an earlier run did, if nothing has changed.
        every_checkpoint: all checkpoints of a training directory rather than the latest.
        dry_run: plan only.
        overwrite: replace outputs.
        after: called in the worker after each migration that came to a report.
        progress: called when a model is started, and when it is done.

    Raises:
        UsageError: they contradict each other.
    """

    executor: Any = None
    jobs: int | None = None
    memory: int | None = None
    time_per_model: float | None = None
    resume: bool = False
    every_checkpoint: bool = False
    dry_run: bool = False
    overwrite: bool = False
    after: AfterModel | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.executor is not None and (self.jobs, self.memory, self.time_per_model) != (None, None, None):
            raise UsageError(
                "jobs, memory and time_per_model are of the processes of this machine; an executor has its own."
            )
        if self.memory is not None and self.memory < MEMORY_OF_A_WORKER:
            least = f"{MEMORY_OF_A_WORKER:,}"
            raise UsageError(f"--memory: expected at least {least} bytes, one worker, found {self.memory:,}.")


def migrate_many(sources: Sources, output: Path, common: Mapping[str, Any], options: BatchOptions) -> BatchReport:
    """Migrates many models; what goes wrong with one is its outcome, and the others go on.

    Args:
        sources: a directory to search, a list file, or models.
        output: the directory of the outputs and of the record.
        common: arguments of `compat_saver.migrate` for all models.
        options: everything else.

    Raises:
        UsageError: there is no model, or arguments contradict each other.
    """
    start = time.perf_counter()
    jobs = make_jobs(sources, output, common, every_checkpoint=options.every_checkpoint)
    batch = _Batch(jobs, output.absolute(), options)
    with _executor(options, len(batch.waiting)) as executor:
        batch.run(executor)
    record = None if options.dry_run else str(output / RECORD)
    outcomes = tuple(batch.outcomes[job.name] for job in jobs)
    return BatchReport(str(output), record, outcomes, time.perf_counter() - start)


def migrate_one(job: Job, target: Path, options: Mapping[str, Any], after: AfterModel | None) -> ModelOutcome:
    """Migrates a model in a worker; raises nothing that a model, or a bug, may cause.

    In a process one model is migrated at a time, also if its executor has threads: verification changes settings of
    TensorFlow that hold for the whole process.
    """
    with _ONE_AT_A_TIME:
        start = time.perf_counter()
        report: MigrationReport | KerasReport | None
        try:
            report = _migrate(job, target, make_options(**{**job.options, **options}, isolate=False))
            found = of_report(report)
        except Exception as error:
            found = of_error(error)
            report = getattr(error, "report", None)  # of a verification
        try:
            if after is not None and report is not None:
                after(job.name, report)
        except Exception as error:
            found = of_error(error)
        return _outcome(job, time.perf_counter() - start, found)


def _migrate(job: Job, target: Path, options: MigrationOptions) -> MigrationReport | KerasReport:
    """Cases: a file of Keras, to which the options apply that every migration has, and its own; a graph."""
    if not is_keras_model(job.source, target, job.keras.get("architecture")):
        return migrate(job.source, target, options)
    return migrate_keras(Path(job.source), target, KerasOptions.of(options, **job.keras))


_ONE_AT_A_TIME = threading.Lock()


def _outcome(job: Job, seconds: float, found: Mapping[str, Any]) -> ModelOutcome:
    return ModelOutcome(
        **{"name": job.name, "source": job.source, "output": None, "fingerprint": job.fingerprint, **found},
        seconds=seconds,
    )


class _Batch:
    """The state of a run: what waits, what is running, what is done."""

    def __init__(self, jobs: Sequence[Job], output: Path, options: BatchOptions) -> None:
        self._output, self._options, self._total = output, options, len(jobs)
        done = read_record(output) if options.resume else {}
        kept = [job.name for job in jobs if _is_done(job, done.get(job.name), output)]
        self.outcomes = {name: dataclasses.replace(done[name], resumed=True) for name in kept}
        self.waiting = sorted((job for job in jobs if job.name not in self.outcomes), key=lambda job: -job.nbytes)
        self._running: dict[Future[ModelOutcome], Job] = {}
        self._memory = _memory(options) if options.executor is None else None

    def run(self, executor: Executor) -> None:
        """Migrates all that waits."""
        try:
            while self.waiting or self._running:
                self._start(executor)
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._end(future)
        except BaseException:
            for future in self._running:
                future.cancel()
            raise

    def _start(self, executor: Executor) -> None:
        """Starts what fits into the memory that is not taken; a model that never fits is started when it is alone."""
        for job in list(self.waiting):
            if self._running and not self._fits(job):
                continue
            self.waiting.remove(job)
            options = {"dry_run": self._options.dry_run, "overwrite": self._options.overwrite or self._options.resume}
            call = executor.submit(migrate_one, job, self._target(job), options, self._options.after)
            self._running[call] = job
            self._show(job.name, None)

    def _fits(self, job: Job) -> bool:
        if self._memory is None:
            return True
        if len(self._running) >= _count(self._options):
            return False
        return sum(map(_needs, (job, *self._running.values()))) <= self._memory

    def _end(self, future: Future[ModelOutcome]) -> None:
        job = self._running.pop(future)
        try:
            outcome = future.result()
        except Exception as error:  # the worker is lost, or the executor
            outcome = _outcome(job, 0.0, of_error(error) | {"status": FAILED})
            with contextlib.suppress(OSError):
                remove_abandoned(self._target(job))
        self.outcomes[job.name] = outcome
        if not self._options.dry_run:
            add_to_record(self._output, outcome)
        self._show(job.name, outcome)

    def _target(self, job: Job) -> Path:
        return self._output / job.name

    def _show(self, name: str, outcome: ModelOutcome | None) -> None:
        if self._options.progress is not None:
            self._options.progress(Step(name, outcome, len(self.outcomes), self._total))


def _is_done(job: Job, earlier: ModelOutcome | None, output: Path) -> bool:
    """Whether an earlier run did a model, and nothing has changed since."""
    if earlier is None or not earlier.is_final or earlier.fingerprint != job.fingerprint:
        return False
    written = output / job.name
    return earlier.output is None or written.is_file() or (written / "saved_model.pb").is_file()


def _needs(job: Job) -> int:
    return MEMORY_OF_A_WORKER + _COPIES * job.nbytes


@contextlib.contextmanager
def _executor(options: BatchOptions, most: int) -> Iterator[Executor]:
    """Gives the requested executor, or processes of this machine, which end with the block."""
    if options.executor is not None:
        make = getattr(options.executor, "get_executor", None)
        yield options.executor if make is None else make()
        return
    workers = Workers(max(1, min(_count(options), most)), _memory(options), options.time_per_model)
    try:
        yield workers
    finally:
        workers.shutdown(wait=False)


def _count(options: BatchOptions) -> int:
    return options.jobs or len(os.sched_getaffinity(0))


def _memory(options: BatchOptions) -> int:
    return options.memory or int(_SHARE * _available())


def _available() -> int:
    """Returns how many bytes of memory this machine has to spare."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
