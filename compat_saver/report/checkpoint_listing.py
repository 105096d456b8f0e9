"""The tensors of a checkpoint: as a tree of scopes with their sizes, or a line for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compat_saver.checkpoints import Listing, TensorRow
from compat_saver.report.columns import columns
from compat_saver.report.words import bytes_text, shape_text


def render_tree(listing: Listing) -> str:
    """Returns a head, and all tensors under their scopes; those of objects under the path of their object."""
    root = _Scope()
    for row in listing.rows:
        *scopes, last = _path(row).split("/")
        scope = root
        for name in scopes:
            scope = scope.scopes.setdefault(name, _Scope())
        scope.rows.append((last, row))
    lines = [_head(listing)]
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


def _head(listing: Listing) -> str:
    kind = "saved by object" if listing.object_based else "saved by name"
    count = len(listing.rows)
    return (
        f"{listing.prefix}: {listing.version}, {kind}, {len(listing.files)} file{'s' * (len(listing.files) != 1)}, "
        f"{count:,} tensor{'s' * (count != 1)}, {bytes_text(listing.nbytes)}"
    )


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
