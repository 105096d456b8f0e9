"""Which lookup tables a graph has, what fills each, and where in the checkpoint the content of each is stored.

A table is filled in one of three ways, and by what its nodes say:

1. By initializers, from tensors (`InitializeTable`) or from a text file (`InitializeTableFromTextFile`). TF1 lists them
   in a collection, which may be missing; the ops themselves say what they fill.
2. By inserting or importing into a mutable table, where the collection of initializers lists that.
3. From the checkpoint: a saver keeps a mutable table as two tensors, its keys and its values, and imports them.

Nodes of one shared name mean one table. Handles reach their users through Identity, Switch, Enter and the like.
Source: tensorflow/core/kernels/lookup_table_init_op.cc, lookup_table_op.cc, tensorflow/python/ops/lookup_ops.py.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.ops.unsupported_ops import is_table
from compat_saver.analysis.values.weights import restored_from
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.bundle import Checkpoint
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import HANDLE_CARRIERS, MUTABLE_TABLE_OPS
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.proto.tensors import as_bytes

_INITIALIZERS = "table_initializer"

_FROM_TENSORS = ("InitializeTable", "InitializeTableV2")
_FROM_FILE = ("InitializeTableFromTextFile", "InitializeTableFromTextFileV2")
_IMPORTS = ("LookupTableImport", "LookupTableImportV2")
_CHANGES = ("LookupTableInsert", "LookupTableInsertV2", *_IMPORTS)
_WHOLE_LINE, _LINE_NUMBER = -2, -1
_STRING = dtypes.by_name("string").number


@dataclass(frozen=True)
class LookupTable:
    """A lookup table of a graph.

    Attributes:
        name: of the first node that means it.
        nodes: the names of all nodes that mean it.
        is_mutable: whether what it holds may change as the graph runs.
        key_dtype: DT_* number.
        value_dtype: DT_* number.
        initializers: the names of the nodes that fill it when a session starts; none where a checkpoint holds it.
        stored: the names of its keys and its values in the checkpoint; None where no saver has it.
    """

    name: str
    nodes: tuple[str, ...]
    is_mutable: bool
    key_dtype: int
    value_dtype: int
    initializers: tuple[str, ...] = ()
    stored: tuple[str, str] | None = None


def tables_of(graph: Graph, meta: MetaGraph) -> list[LookupTable]:
    """Returns all tables of a graph, by what is in its file beside it."""
    collection = meta.collections.get(_INITIALIZERS)
    listed = () if collection is None else collection.node_list.value
    return find_tables(graph, listed, "" if meta.saver_def is None else meta.saver_def.restore_op_name)


def find_tables(graph: Graph, listed: Iterable[str] = (), restore_op: str = "") -> list[LookupTable]:
    """Returns all tables of a graph, in its order.

    Args:
        graph: the whole graph.
        listed: the names in the collection of table initializers.
        restore_op: the saver's restore op; without one every import of restored tensors counts.
    """
    nodes: dict[tuple[bytes, ...], list[Node]] = defaultdict(list)
    for node in graph:
        if is_table(node):
            nodes[_identity(node)].append(node)
    if not nodes:
        return []
    initializers, stored = _initializers(graph, listed), _stored(graph, restore_op)
    return [_table(same, initializers, stored) for same in nodes.values()]


def _identity(node: Node) -> tuple[bytes, ...]:
    """What nodes of one table have in common; a node without a shared name is a table of its own."""
    shared, container = node.attr.bytes("shared_name"), node.attr.bytes("container")
    return (container, shared) if shared else (container, b"", node.name.encode())


def _table(
    nodes: Sequence[Node], initializers: Mapping[Node, Sequence[str]], stored: Mapping[Node, tuple[str, str]]
) -> LookupTable:
    first = nodes[0]
    table = LookupTable(
        name=first.name,
        nodes=tuple(node.name for node in nodes),
        is_mutable=first.op in MUTABLE_TABLE_OPS,
        key_dtype=first.attr.type("key_dtype"),
        value_dtype=first.attr.type("value_dtype"),
    )
    for node in nodes:
        if table.is_mutable and node in stored:  # case 3: an import replaces all that was there
            return dataclasses.replace(table, stored=stored[node])
    found = [initializers.get(node, ()) for node in nodes]
    # Cases 1 and 2. Of two nodes that mean one static table each may have an initializer, and one does for both.
    chosen = itertools.chain(*found) if table.is_mutable else next(filter(None, found), ())
    return dataclasses.replace(table, initializers=tuple(chosen))


def _initializers(graph: Graph, listed: Iterable[str]) -> dict[Node, list[str]]:
    """Returns table node -> the nodes that fill it when a session starts."""
    roots = [node for node in (graph.get(name.lstrip("^").partition(":")[0]) for name in listed) if node is not None]
    run_at_first = graph.ancestors(roots)
    found: dict[Node, list[str]] = defaultdict(list)
    for node in graph:
        if node.op in _FROM_TENSORS or node.op in _FROM_FILE or (node.op in _CHANGES and node in run_at_first):
            found[_filled(node)].append(node.name)
    return found


def _stored(graph: Graph, restore_op: str) -> dict[Node, tuple[str, str]]:
    """Returns table node -> the names of the tensors that the saver imports into it."""
    root = graph.get(restore_op.partition(":")[0]) if restore_op else None
    needed = None if root is None else graph.ancestors([root])
    found: dict[Node, tuple[str, str]] = {}
    for node in graph:
        if node.op in _IMPORTS and len(node.inputs) == 3 and (needed is None or node in needed):
            keys, values = (restored_from(value) for value in node.inputs[1:])
            if keys is not None and values is not None:
                found.setdefault(_filled(node), (keys.key, values.key))
    return found


def _filled(node: Node) -> Node:
    return table_of(node.inputs[0]) if node.inputs else node


def table_of(handle: Value) -> Node:
    """Returns the node that a table's handle comes from."""
    return origin(handle, tuple(HANDLE_CARRIERS)).node


def needed_tables(
    graph: Graph, tables: Iterable[LookupTable], outputs: Iterable[Value], inputs: Mapping[Value, None]
) -> tuple[LookupTable, ...]:
    """Returns the tables that some values depend on; filling one may need another.

    Args:
        graph: the whole graph.
        tables: its tables.
        outputs: the values to start at; none means that all tables are needed.
        inputs: the values to stop at.
    """
    tables, roots = tuple(tables), list(outputs)
    if not roots:
        return tables
    found: dict[str, LookupTable] = {}
    is_settled = False
    while not is_settled:
        needed = needed_from(roots, inputs)
        new = [item for item in tables if item.name not in found and any(graph[name] in needed for name in item.nodes)]
        found.update((item.name, item) for item in new)
        roots += [value for item in new for value in initializer_values(graph, [item])]
        is_settled = not new
    return tuple(item for item in tables if item.name in found)


def initializer_values(graph: Graph, tables: Iterable[LookupTable]) -> list[Value]:
    """Returns the initializers of some tables as values from which a walk through the graph can start."""
    return [graph[name].output() for item in tables for name in item.initializers]


def file_initializers(graph: Graph, table: LookupTable) -> Iterator[tuple[Node, str]]:
    """Yields the initializers that read a text file, with the path as it was written down.

    Where the path is fed or computed the name of the tensor stands for it.
    """
    for name in table.initializers:
        node = graph[name]
        if node.op in _FROM_FILE and len(node.inputs) == 2:
            path = node.inputs[1]
            value = constant_value(origin(path, ("Identity", "PlaceholderWithDefault")))
            yield node, path.name if value is None or value.size != 1 else _text(value)


def _text(value: np.ndarray) -> str:
    return as_bytes(value.reshape(-1)[0]).decode("utf-8", "surrogateescape")


def vocabulary(
    table: LookupTable, graph: Graph, files: Mapping[str, Path], checkpoint: Checkpoint | None = None, most: int = 1000
) -> list[object]:
    """Returns keys that a table holds: bytes or numbers, as the keys' dtype has it.

    Args:
        table: the table.
        graph: the graph it is in, before or after the rewrites.
        files: initializer -> the text file that it reads.
        checkpoint: where the content of mutable tables is stored.
        most: how many keys to return at most; of a file no more is read than that takes.
    """
    if table.stored is not None:
        keys = table.stored[0]
        return checkpoint[keys].reshape(-1)[:most].tolist() if checkpoint is not None and keys in checkpoint else []
    for node in (graph[name] for name in table.initializers if name in graph):
        if node.op in _FROM_FILE:
            return _keys_in_file(node, files[node.name], table.key_dtype, most) if node.name in files else []
        value = constant_value(node.inputs[1])
        if value is not None:
            return list(value.reshape(-1)[:most].tolist())
    return []


def _keys_in_file(node: Node, path: Path, dtype: int, most: int) -> list[object]:
    index, size = node.attr.int("key_index"), node.attr.int("vocab_size", -1)
    with path.open("rb") as file:
        lines = [line.rstrip(b"\r\n") for line in itertools.islice(file, min(most, size) if size > 0 else most)]
    if index == _LINE_NUMBER:
        first = node.attr.int("offset")
        return list(range(first, first + len(lines)))
    if index != _WHOLE_LINE:
        columns = [line.split(node.attr.bytes("delimiter", b"\t")) for line in lines]
        lines = [line[index] for line in columns if index < len(line)]
    return list(lines) if dtype == _STRING else [int(line) for line in lines if line.strip().isdigit()]
