"""How two checkpoints differ, as a table."""

from __future__ import annotations

from compat_saver.checkpoints import Difference, TensorDifference
from compat_saver.report.columns import columns
from compat_saver.report.words import shape_text

_HEAD = ("name", "differs in", "A", "B", "elements", "largest difference")


def render_difference(found: Difference) -> str:
    """Returns both sources, how much is the same, and a line for each tensor that is not."""
    total = found.same + len(found.tensors)
    head = f"A  {found.a}\nB  {found.b}\n{found.same:,} of {total:,} tensors are the same."
    if not found:
        return head
    return f"{head}\n\n{columns([_HEAD, *map(_row, found.tensors)], right=(4, 5))}"


def _row(item: TensorDifference) -> tuple[str, ...]:
    elements = "" if item.elements is None else f"{item.elements:,}"
    no_number = "-" if item.elements else ""
    largest = no_number if item.largest is None else f"{item.largest:.3g}"
    return item.name, item.kind, _signature(item.a), _signature(item.b), elements, largest


def _signature(signature: tuple[str, tuple[int, ...]] | None) -> str:
    return "-" if signature is None else f"{signature[0]} {shape_text(signature[1])}"
