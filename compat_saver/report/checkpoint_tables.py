"""What the `checkpoint` commands print: listings, statistics, differences, damage, and what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compat_saver.checkpoints import (
    Difference,
    Listing,
    Soundness,
    TensorDifference,
    TensorRow,
    TensorStats,
    Written,
)
from compat_saver.errors import counted
from compat_saver.report.text import bytes_text, columns, shape_text

# ---- ls


def render_tree(listing: Listing) -> str:
    """Returns a head, and all tensors under their scopes; those of objects under the path of their object."""
    root = _Scope()
    for row in listing.rows:
        *scopes, last = _path(row).split("/")
        scope = root
        for name in scopes:
            scope = scope.scopes.setdefault(name, _Scope())
        scope.rows.append((last, row))
    lines = [_listing_head(listing)]
    if listing.rows:
        lines.append(columns(list(_tree_rows(root, 0, listing.object_based)), right=(3,)))
    return "\n".join([*lines, *(f"Note: {note}" for note in listing.notes)])


def render_flat(listing: Listing) -> str:
    """Returns a line for each tensor: name, type, shape, bytes; object path and full name where there are such."""
    rows = []
    for row in listing.rows:
        owner = (row.owner.path, row.owner.full_name) if row.owner is not None else ("", "")
        cells = [row.name, row.dtype, shape_text(row.shape), str(row.nbytes)]
        rows.append([*cells, *owner] if listing.object_based else cells)
    return columns(rows, right=(3,)) if rows else ""


@dataclass
class _Scope:
    scopes: dict[str, _Scope] = field(default_factory=dict)
    rows: list[tuple[str, TensorRow]] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        return sum(row.nbytes for _, row in self.rows) + sum(scope.nbytes for scope in self.scopes.values())


def _listing_head(listing: Listing) -> str:
    kind = "saved by object" if listing.object_based else "saved by name"
    files, tensors = counted(len(listing.files), "file"), counted(len(listing.rows), "tensor")
    return f"{listing.prefix}: {listing.version}, {kind}, {files}, {tensors}, {bytes_text(listing.nbytes)}"


def _path(row: TensorRow) -> str:
    if row.owner is None or not row.owner.path:
        return row.name
    return row.owner.path if row.owner.attribute == "VARIABLE_VALUE" else f"{row.owner.path}/{row.owner.attribute}"


def _tree_rows(scope: _Scope, depth: int, with_names: bool) -> Iterator[Sequence[str]]:
    """Yields the rows of a scope: its own tensors first, then the scopes in it."""
    indent = "  " * depth
    for name, row in scope.rows:
        parts = f" in {row.parts} slices" if row.parts > 1 else ""
        cells = [f"{indent}{name}", row.dtype, shape_text(row.shape) + parts, bytes_text(row.nbytes)]
        yield [*cells, row.owner.full_name if row.owner is not None else ""] if with_names else cells
    for name, inner in sorted(scope.scopes.items()):
        head = [f"{indent}{name}/", "", "", bytes_text(inner.nbytes)]
        yield [*head, ""] if with_names else head
        yield from _tree_rows(inner, depth + 1, with_names)


# ---- stats

_STATISTICS_HEAD = ("name", "dtype", "shape", "min", "max", "mean", "NaN", "Inf")


def render_statistics(tensors: Sequence[TensorStats]) -> str:
    """Returns a line for each tensor; `-` where there is no number."""
    rows = [
        (
            item.name,
            item.dtype,
            shape_text(item.shape),
            _number(item.smallest),
            _number(item.largest),
            _number(item.mean),
            f"{item.nan:,}" if item.nan else "",
            f"{item.inf:,}" if item.inf else "",
        )
        for item in tensors
    ]
    return columns([_STATISTICS_HEAD, *rows], right=range(3, 8))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.6g}"


# ---- diff

_DIFFERENCE_HEAD = ("name", "differs in", "A", "B", "elements", "largest difference")


def render_difference(found: Difference) -> str:
    """Returns both sources, how much is the same, and a line for each tensor that is not."""
    total = found.same + len(found.tensors)
    head = f"A  {found.a}\nB  {found.b}\n{found.same:,} of {counted(total, 'tensor')} {_are(total)} the same."
    if not found:
        return head
    return f"{head}\n\n{columns([_DIFFERENCE_HEAD, *map(_difference_row, found.tensors)], right=(4, 5))}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _difference_row(item: TensorDifference) -> tuple[str, ...]:
    elements = "" if item.elements is None else f"{item.elements:,}"
    no_number = "-" if item.elements else ""
    largest = no_number if item.largest is None else f"{item.largest:.3g}"
    return item.name, item.kind, _signature(item.a), _signature(item.b), elements, largest


def _signature(signature: tuple[str, tuple[int, ...]] | None) -> str:
    return "-" if signature is None else f"{signature[0]} {shape_text(signature[1])}"


# ---- verify


def render_soundness(found: Soundness) -> str:
    """Returns one line for an intact checkpoint, and else one for each damage."""
    if found.is_intact:
        return f"{found.prefix}: intact, {counted(len(found.files), 'file')}, {bytes_text(found.nbytes)}"
    head = f"{found.prefix}: damaged in {counted(len(found.damage), 'place')}"
    return "\n".join([head, *(f"  - {error}" for error in found.damage)])


# ---- the commands that write


def render_summary(found: Written) -> str:
    """Returns a sentence, and a line for each note."""
    counts = [f"{counted(found.tensors, 'tensor')} ({bytes_text(found.nbytes)})"]
    counts += [f"{len(found.changed):,} changed"] if found.changed else []
    counts += [f"{len(found.dropped):,} left out"] if found.dropped else []
    done = "Nothing was written (dry run):" if found.output is None else f"Written to {found.output}:"
    return "\n".join([f"{done} {', '.join(counts)}.", *(f"Note: {note}" for note in found.notes)])


def render_changes(found: Written) -> str:
    """Returns a line for each tensor that is changed or left out; "" where none is."""
    rows = [*found.changed.items(), *((name, "left out") for name in found.dropped)]
    return columns(rows) if rows else ""
