"""The first lines of a page: how it went, in a sentence and a few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from compat_saver.analysis.ops.triage import DROPPED, FINE, REWRITTEN, UNSUPPORTED
from compat_saver.errors import CannotMigrateError, counted
from compat_saver.inspection import Inspection
from compat_saver.migration import MigrationReport
from compat_saver.migration.verification.comparison import Comparison
from compat_saver.report.text import bytes_text, version_text

GOOD, BAD, UNSURE = "good", "bad", "unsure"


class Verdict(NamedTuple):
    """How it went.

    Attributes:
        kind: GOOD, BAD or UNSURE.
        headline: a few words.
        sentence: what they rest on.
    """

    kind: str
    headline: str
    sentence: str


class Tile(NamedTuple):
    """One number of the head.

    Attributes:
        name: what it counts.
        value: the number.
        detail: what it is made of; "" for nothing.
    """

    name: str
    value: str
    detail: str = ""


def verdict_on(report: MigrationReport) -> Verdict:
    """Returns the verdict on a migration."""
    kind, headline = HEADLINES[report.status]
    return Verdict(kind, headline, " ".join(_sentences(report)))


HEADLINES = {
    "passed": (GOOD, "The migrated model computes what the original does"),
    "failed": (BAD, "The migrated model differs from the original"),
    "inconclusive": (UNSURE, "Nothing could be compared"),
    "skipped": (UNSURE, "Written, but not compared with the original"),
    "planned": (UNSURE, "Can be migrated; nothing was written yet"),
}


def _sentences(report: MigrationReport) -> Iterator[str]:
    found = report.verification
    if found is None:
        yield "This was a dry run." if report.output is None else "The verification was turned off."
        return
    yield from (f"{text}." for text in found.differences)
    yield from (f"{name}: the original gave no finite value on any input." for name in found.undefined)
    if found.passed:
        yield result_of([item for outputs in found.results.values() for item in outputs.values()], found.inputs)
    for name, proof in found.training.items():
        yield f"{counted(proof.steps, 'step')} of {name} compared."


def result_of(results: Sequence[Comparison], inputs: str) -> str:
    """Returns a sentence on outputs that agree.

    Args:
        results: how each compares.
        inputs: how the inputs came about.
    """
    elements, outputs = sum(item.elements for item in results), counted(len(results), "output")
    equal = all(item.bitwise_equal for item in results)
    how = "every bit is equal" if equal else "all within the tolerance"
    return f"{outputs} with {counted(elements, 'element')} compared on the same inputs ({inputs}): {how}."


def migration_tiles(report: MigrationReport) -> Iterator[Tile]:
    """Yields the numbers of a migration."""
    if report.verification is not None:
        results = [item for outputs in report.verification.results.values() for item in outputs.values()]
        known = [item.max_abs_diff for item in results if item.max_abs_diff is not None]
        rtol, atol = report.tolerances
        tolerance = f"allowed: {atol:g} + {rtol:g} of the value"
        yield Tile("Largest difference", f"{max(known):.3g}" if known else "-", tolerance)
    kept, size = len(report.weights), bytes_text(sum(item.nbytes for item in report.weights))
    yield Tile("Variables", f"{kept:,}", f"{size}; {report.dropped:,} dropped")
    count = {verdict: sum(row.count for row in report.ops if row.verdict == verdict) for verdict in _OPS}
    yield Tile("Ops kept", f"{count[FINE]:,}", f"{count[REWRITTEN]:,} rewritten, {count[DROPPED]:,} dropped")
    yield Tile(
        "Written by", version_text(report.source.tensorflow_version), f"GraphDef version {report.source.producer}"
    )
    yield from duration(report.seconds)


def duration(seconds: Mapping[str, float]) -> Iterator[Tile]:
    """Yields how long the stages took, if that was measured."""
    if any(seconds.values()):
        stages = ", ".join(f"{name} {taken:.1f}" for name, taken in seconds.items() if taken >= 0.05)
        yield Tile("Seconds", f"{sum(seconds.values()):.1f}", stages)


def _writer(version: str, producer: int) -> Tile:
    return Tile("Written by", version_text(version), f"GraphDef version {producer}")


_OPS = (FINE, REWRITTEN, DROPPED, UNSUPPORTED)


def verdict_on_refusal(error: CannotMigrateError) -> Verdict:
    """Returns the verdict on a model that cannot be migrated."""
    obstacles = counted(len(error.obstacles), "obstacle")
    return Verdict(BAD, "Cannot be migrated as asked", f"Nothing was written, because of {obstacles}.")


def verdict_on_source(found: Inspection) -> Verdict:
    """Returns the verdict on what was inspected: whether a migration would have obstacles."""
    blocking = [row for row in found.ops if row.verdict == UNSUPPORTED]
    if found.graph is None:
        return Verdict(UNSURE, "A checkpoint without a graph", "Without the graph it can be read, but not migrated.")
    if blocking:
        ops = counted(len({row.op for row in blocking}), "op")
        return Verdict(BAD, "Cannot be migrated as it is", f"{ops} among what would be served cannot be migrated.")
    served = ", ".join(found.serving)
    if not served:
        return Verdict(UNSURE, "No output is known", "Name the outputs to migrate with --outputs.")
    sentence = f"Every op can stay or has a replacement. Without options it would serve {served}."
    return Verdict(GOOD, "Nothing in the graph prevents a migration", sentence)


def inspection_tiles(found: Inspection) -> Iterator[Tile]:
    """Yields the numbers of an inspection."""
    if found.graph is not None:
        yield Tile("Nodes", f"{found.graph.nodes:,}", counted(found.graph.functions, "function"))
        yield Tile(
            "Written by", version_text(found.graph.tensorflow_version), f"GraphDef version {found.graph.producer}"
        )
    trainable = found.of_role("trainable")
    yield Tile("Trainable", f"{len(trainable):,}", bytes_text(sum(item.nbytes for item in trainable)))
    yield Tile("Variables", f"{len(found.variables):,}", bytes_text(sum(item.nbytes for item in found.variables)))
    if found.checkpoint is not None:
        files = counted(found.checkpoint.files, "file")
        yield Tile("Checkpoint", found.checkpoint.version, f"{files}, {bytes_text(found.checkpoint.nbytes)}")
