"""What became of each model of a batch: frozen results that the record, the tables and the API share."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver.errors import (
    ArtifactError,
    CannotMigrateError,
    CompatSaverError,
    FormatError,
    NameNotFoundError,
    NotALegacyArtifactError,
    OutputExistsError,
    SideEffectError,
    UsageError,
    VerificationError,
)
from compat_saver.keras_models.report import KerasReport
from compat_saver.migration.report import MigrationReport

VERIFIED, UNVERIFIED, PLANNED, REFUSED, FAILED = "verified", "unverified", "planned", "refused", "failed"
"""What can become of a model: refused is what its files cannot do, failed what went wrong."""

STATUSES = (VERIFIED, UNVERIFIED, PLANNED, REFUSED, FAILED)
_GOOD = (VERIFIED, UNVERIFIED, PLANNED)
_OF_REPORT = {"passed": VERIFIED, "skipped": UNVERIFIED, "planned": PLANNED}
_REFUSALS = (CannotMigrateError, SideEffectError, UsageError, NameNotFoundError, ArtifactError, OutputExistsError)
_FINAL = (
    CannotMigrateError,
    SideEffectError,
    NameNotFoundError,
    FormatError,
    NotALegacyArtifactError,
    VerificationError,
)
"""What the same files and options would raise again; other refusals may be a matter of permissions or of the disk."""


@dataclass(frozen=True)
class ModelOutcome:
    """What became of one model.

    Attributes:
        name: the name of its output in the directory of the batch.
        source: where it was read from.
        output: the written SavedModel, or file of Keras 3; None if nothing was written.
        status: one of STATUSES.
        problems: why it is refused or failed, a sentence each; empty if it is neither.
        seconds: how long it took.
        fingerprint: of the content of the source, the options and the version.
        is_final: whether the same files and options would give the same again; a crash or a full disk is not final.
        resumed: whether an earlier run did it.
    """

    name: str
    source: str
    output: str | None
    status: str
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    fingerprint: str = ""
    is_final: bool = True
    resumed: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it was migrated, or planned, without a problem."""
        return self.status in _GOOD

    def to_dict(self) -> dict[str, Any]:
        """Returns it as a line of the record has it; keys may be added to it, none is ever removed."""
        found = dataclasses.asdict(self)
        return found | {"problems": list(self.problems), "seconds": round(self.seconds, 3)}

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ModelOutcome:
        """Returns what a line of the record says.

        Raises:
            KeyError, TypeError: it is no such line.
        """
        known = {field.name: found[field.name] for field in dataclasses.fields(cls)}
        return cls(**known | {"problems": tuple(known["problems"])})


def of_report(report: MigrationReport | KerasReport) -> dict[str, Any]:
    """Returns the part of an outcome that a report of a migration decides."""
    return {"status": _OF_REPORT[report.status], "output": report.output}


def of_error(error: BaseException) -> dict[str, Any]:
    """Returns the part of an outcome that an exception decides.

    Cases: obstacles; a difference in outputs; another refusal or failure of ours; a bug.
    """
    if isinstance(error, CannotMigrateError):
        problems = error.obstacles
    elif isinstance(error, VerificationError):
        problems = error.differences
    elif isinstance(error, CompatSaverError | OSError):
        problems = (str(error),)
    else:
        problems = (f"{type(error).__name__}: {str(error).strip()}",)
    status = REFUSED if isinstance(error, _REFUSALS) else FAILED
    return {"status": status, "problems": problems, "is_final": isinstance(error, _FINAL)}


@dataclass(frozen=True)
class BatchReport:
    """What became of all models of a batch.

    Attributes:
        output: the directory of the outputs.
        record: the JSON Lines file with an outcome per line; None after a dry run.
        outcomes: in the order of the sources.
        seconds: how long the whole batch took.
    """

    output: str
    record: str | None
    outcomes: tuple[ModelOutcome, ...]
    seconds: float

    def __iter__(self) -> Iterator[ModelOutcome]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def counts(self) -> dict[str, int]:
        """How many models there are of each status that occurs."""
        found = Counter(item.status for item in self.outcomes)
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def all_good(self) -> bool:
        """Whether every model was migrated, or planned, without a problem."""
        return all(item.is_good for item in self.outcomes)

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        from compat_saver.report.html.notebook import batch_html

        return batch_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns it in the form of `--json`; keys may be added to it, none is ever removed."""
        return {
            "output": self.output,
            "record": self.record,
            "counts": self.counts,
            "seconds": round(self.seconds, 3),
            "models": [item.to_dict() for item in self.outcomes],
        }
