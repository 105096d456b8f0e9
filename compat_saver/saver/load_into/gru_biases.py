"""Says what the bias of a GRU in another shape means: its layer resets its state at another place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from compat_saver.graph.attributes import Shape
from compat_saver.saver.matching.conflicts import fit_without_conflicts
from compat_saver.saver.matching.fit import Fit, Tensors, Wanted
from compat_saver.saver.matching.report import Mismatched


def find(wanted: Sequence[Wanted], tensors: Tensors, names: Mapping[str, str]) -> Fit:
    """Finds variables as `fit_without_conflicts`; a mismatched bias of a GRU says which layer the tensor is for."""
    found = fit_without_conflicts(wanted, tensors, names)
    expected, stored = {item.name: item.shape for item in wanted}, tensors.shapes()
    rows = tuple(_explained(row, expected.get(row.name), stored.get(row.key)) for row in found.report.mismatched)
    return replace(found, report=replace(found.report, mismatched=rows))


def _explained(row: Mismatched, expected: Shape, stored: tuple[int, ...] | None) -> Mismatched:
    if not row.name.endswith("bias") or expected is None or stored is None:
        return row
    for reset_after, one, other in ((False, stored, expected), (True, expected, stored)):
        if len(one) == 1 and tuple(other) == (2, *one) and (one[0] or 0) % 3 == 0:
            what = f"{row.found}, of a GRU with reset_after={reset_after} (make the layer so)"
            return replace(row, found=what)
    return row
