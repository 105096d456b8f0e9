"""The page of the migration of a Keras model."""

from __future__ import annotations

from collections.abc import Iterator

from compat_saver.errors import counted
from compat_saver.keras_models.report import KerasReport
from compat_saver.report.html.pages import next_steps, render
from compat_saver.report.html.verdicts import HEADLINES, Tile, Verdict, duration, result_of
from compat_saver.report.text import bytes_text


def keras_page(report: KerasReport) -> str:
    """Returns the page: what was changed in the layers, and how predictions and a training step compare."""
    return render(
        "keras.html",
        found=report.to_dict(),
        report=report,
        verdict=keras_verdict(report),
        tiles=tuple(keras_tiles(report)),
        next_steps=next_steps(report),
        graph="",
    )


def keras_verdict(report: KerasReport) -> Verdict:
    """Returns what is said first: whether the models agree."""
    return Verdict(*HEADLINES[report.status], " ".join(_sentences(report)))


def _sentences(report: KerasReport) -> Iterator[str]:
    check = report.verification
    if check is None:
        yield "This was a dry run." if report.output is None else "The verification was turned off."
        return
    yield from check.differences
    if not check.differences:
        yield result_of(list(check.outputs.values()), check.inputs)
    if check.step is not None:
        yield "One training step compared."


def keras_tiles(report: KerasReport) -> Iterator[Tile]:
    """Yields variables, changes, optimizer and times."""
    yield Tile("Variables", f"{report.kept:,}", f"{report.trainable:,} trainable, {bytes_text(report.nbytes)}")
    layers = {item.layer for item in report.changes if item.layer}
    yield Tile("Changes", f"{len(report.changes):,}", f"in {counted(len(layers), 'layer')}")
    if report.optimizer:
        steps = "" if report.iterations is None else f"after {counted(report.iterations, 'step')}"
        yield Tile("Optimizer", report.optimizer, steps)
    yield Tile("Written by", f"Keras {report.keras_version}".rstrip())
    yield from duration(report.seconds)
