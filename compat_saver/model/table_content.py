"""What the lookup tables of a model hold: from which files, and from which tensors of the checkpoint."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import DecodeError

from compat_saver import dtypes
from compat_saver.analysis.serving.proposal import needed_placeholders
from compat_saver.analysis.values.tables import (
    LookupTable,
    file_initializers,
    initializer_values,
    needed_tables,
    tables_of,
)
from compat_saver.analysis.walk import needed_from
from compat_saver.bundle import Checkpoint
from compat_saver.errors import UsageError, nearest_names
from compat_saver.graph import Graph, Value
from compat_saver.proto.messages import AssetFileDef
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.sources.table_files import TableFiles, pointer_at

_FILE_NODE = "table_file/{}"
_ASSETS_COLLECTION = "saved_model_assets"
_ASSETS = "assets"


@dataclass(frozen=True)
class TableFile:
    """A text file that an initializer reads.

    Attributes:
        initializer: the node that reads it.
        recorded: its path as the graph has it.
        path: where the file is here.
    """

    initializer: str
    recorded: str
    path: Path


@dataclass(frozen=True)
class TableContent:
    """The tables that some signatures need.

    Attributes:
        tables: in the graph's order.
        files: what their initializers read.
        placeholders: initializer -> the placeholder that is to stand for the path it reads; one for each file.
        problems: why some cannot be filled, a few sentences each.
        notes: what the user should know of the others, a sentence each.
    """

    tables: tuple[LookupTable, ...] = ()
    files: tuple[TableFile, ...] = ()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def initializers(self) -> list[str]:
        """Returns the names of the nodes that fill the tables."""
        return [name for table in self.tables for name in table.initializers]

    @property
    def paths(self) -> dict[str, Path]:
        """Returns initializer -> the file it reads."""
        return {file.initializer: file.path for file in self.files}

    def unfilled(self, graph: Graph) -> Iterator[str]:
        """Yields a sentence per table that is filled from what nothing gives when a model is loaded."""
        given = {graph[name] for name in self.placeholders.values()}
        for table in self.tables:
            needed = needed_from(initializer_values(graph, [table]))
            for node in needed_placeholders(needed - given):
                yield (
                    f"The lookup table {table.name!r} is filled from the placeholder {node.name!r}. Fix it to a "
                    f"constant: --bind {node.name}:0=..."
                )


def resolve_tables(
    graph: Graph,
    meta: MetaGraph,
    checkpoint: Checkpoint | None,
    given: Mapping[str, Path],
    outputs: Iterable[Value],
    inputs: Mapping[Value, None],
) -> TableContent:
    """Returns what the tables hold that some values depend on.

    Args:
        graph: as it was read, bound inputs apart.
        meta: where it was read from.
        checkpoint: the content of mutable tables.
        given: path as the graph has it -> the file to take for it.
        outputs: the values to compute.
        inputs: the values that are given.

    Raises:
        UsageError: a file was given for a path that no table is read from, or the file given is not there.
    """
    tables = tables_of(graph, meta)
    finder = TableFiles(_directories(meta, checkpoint), carried_files(meta), given)
    _refuse_unknown(given, [file for table in tables for file in _recorded(graph, table)])
    needed = needed_tables(graph, tables, outputs, inputs)
    resolver = _Resolver(graph, checkpoint, finder)
    for table in needed:
        resolver.resolve(table)
    return TableContent(
        needed, tuple(resolver.files), resolver.placeholders, tuple(resolver.problems), tuple(resolver.notes)
    )


def _recorded(graph: Graph, table: LookupTable) -> Iterator[str]:
    for node, recorded in file_initializers(graph, table):
        yield from (recorded, node.inputs[1].name)


def _refuse_unknown(given: Mapping[str, Path], recorded: Sequence[str]) -> None:
    known = set(recorded) | {path.replace("\\", "/").rpartition("/")[2] for path in recorded}
    for name, path in given.items():
        if name not in known:
            hint = nearest_names(name, known) or "."
            raise UsageError(f"The asset {name}={path}: no lookup table of the graph is read from {name!r}{hint}")
        if not path.is_file():
            raise UsageError(f"The asset {name}={path}: there is no such file.")


def _directories(meta: MetaGraph, checkpoint: Checkpoint | None) -> list[Path]:
    beside = [] if checkpoint is None else [Path(checkpoint.prefix).parent]
    beside.append(Path(meta.path).parent)
    return list(dict.fromkeys(path for folder in beside for path in (folder, folder / _ASSETS)))


def carried_files(meta: MetaGraph) -> dict[str, Path]:
    """Returns tensor -> the file that a SavedModel has for it; older releases list them in a collection only."""
    records = list(meta.message.asset_file_def)
    collection = meta.collections.get(_ASSETS_COLLECTION)
    for item in () if collection is None else collection.any_list.value:
        with contextlib.suppress(DecodeError):  # of an unknown kind
            records.append(AssetFileDef.FromString(item.value))
    folder = Path(meta.path).parent / _ASSETS
    return {item.tensor_info.name: folder / Path(item.filename).name for item in records}


class _Resolver:
    """Resolves one table after another."""

    def __init__(self, graph: Graph, checkpoint: Checkpoint | None, finder: TableFiles) -> None:
        self._graph = graph
        self._checkpoint = checkpoint
        self._finder = finder
        self._nodes: dict[str, str] = {}
        self.files: list[TableFile] = []
        self.placeholders: dict[str, str] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []

    def resolve(self, table: LookupTable) -> None:
        """Finds what fills a table."""
        if table.stored is not None:
            self.problems += _misfits(table, table.stored, self._checkpoint)
        elif not table.initializers and table.is_mutable:
            self.notes.append(
                f"Neither a checkpoint nor an initializer fills the lookup table {table.name!r}: it is empty at first, "
                "as it was in TensorFlow 1."
            )
        elif not table.initializers:
            self.problems.append(
                f"The graph holds nothing that fills the lookup table {table.name!r}. Take what it returns as input "
                "instead (--inputs), or choose outputs that do not need it (--outputs)."
            )
        for node, recorded in file_initializers(self._graph, table):
            self._resolve_file(table, node.name, recorded, node.inputs[1].name)

    def _resolve_file(self, table: LookupTable, initializer: str, recorded: str, tensor: str) -> None:
        path = self._finder.find(recorded, tensor)
        file = recorded if path is None else str(path)
        if file not in self._nodes:
            self._nodes[file] = self._graph.unique_name(_FILE_NODE.format(len(self._nodes)))
        self.placeholders[initializer] = self._nodes[file]
        if path is None:
            self.problems.append(self._absence(table, recorded, self._finder.find_outside(recorded, tensor)))
            return
        pointer = pointer_at(path)
        if pointer:
            self.problems.append(f"{path}, from which the lookup table {table.name!r} is read, is {pointer}")
            return
        if str(path) != recorded and not self._finder.is_carried(tensor, path):
            self.notes.append(f"The lookup table {table.name!r} was read from {recorded!r}; {path} was taken for it.")
        self.files.append(TableFile(initializer, recorded, path))

    def _absence(self, table: LookupTable, recorded: str, outside: Path | None) -> str:
        what = f"The lookup table {table.name!r} is read from the file {recorded!r}"
        if outside is None:
            return (
                f"{what}, which is not beside the source. Name it: --asset {shlex.quote(f'{recorded}=FILE')} "
                f"(assets={{{recorded!r}: FILE}} in Python)"
            )
        where = outside if outside.resolve() == outside.absolute() else f"{outside} ({outside.resolve()})"
        flag = shlex.quote(f"{recorded}={outside}")
        return (
            f"{what}, found at {where}, which is outside of the source. If it may be read, and copied into the written "
            f"model: --asset {flag} (assets={{{recorded!r}: {str(outside)!r}}} in Python)"
        )


def _misfits(table: LookupTable, stored: tuple[str, str], checkpoint: Checkpoint | None) -> Iterator[str]:
    """Yields a sentence per tensor of a table that the checkpoint does not hold as it should be."""
    for key, number in zip(stored, (table.key_dtype, table.value_dtype), strict=True):
        if checkpoint is None or key not in checkpoint:
            where = "the source, which has no checkpoint" if checkpoint is None else str(checkpoint.prefix)
            yield f"The content of the lookup table {table.name!r} is not in {where}: {key!r} is missing."
        elif checkpoint.info(key).dtype.number != number:
            yield (
                f"The lookup table {table.name!r}: {key!r} is {dtypes.name_of(number)} in the graph, "
                f"{checkpoint.info(key).dtype.name} in the checkpoint. The graph and the checkpoint probably come "
                "from different training runs."
            )
