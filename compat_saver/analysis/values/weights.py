"""Which variables a graph has, and where in the checkpoint the value of each is stored."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.values.initializers import Initializer
from compat_saver.analysis.walk import origin
from compat_saver.bundle import Checkpoint, SliceSpec, format_shape_and_slice, parse_shape_and_slice
from compat_saver.errors import nearest_names
from compat_saver.graph.attributes import Shape
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import ANY_VARIABLE_OPS, ASSIGN_OPS, RESTORE_OPS
from compat_saver.graph.text import format_shape

# Before this op existed (`VariableV2`), a variable of unknown shape was written as a scalar.
_SCALAR_MEANT_UNKNOWN = "Variable"
# Comparing a name with all others takes time: a checkpoint of another model would make an error message take hours.
_MOST_HINTS = 10


@dataclass(frozen=True)
class Part:
    """Which part of a tensor a partitioned variable's part is.

    Attributes:
        full_shape: the shape of the whole.
        spec: start and length per dimension.
    """

    full_shape: tuple[int, ...]
    spec: SliceSpec

    @property
    def box(self) -> tuple[slice, ...]:
        """The part as array indices."""
        return self.spec.box(self.full_shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The part's own shape."""
        return tuple(item.stop - item.start for item in self.box)

    def __str__(self) -> str:
        return format_shape_and_slice(self.full_shape, self.spec)


@dataclass(frozen=True)
class Location:
    """Where a saver finds the value of a variable.

    Attributes:
        key: the tensor's name in the checkpoint.
        part: the part of that tensor which is this variable's, for a partitioned variable; None for the whole.
    """

    key: str
    part: Part | None = None


@dataclass(frozen=True)
class Weight:
    """A variable of the graph together with its value's place.

    Attributes:
        name: the variable's name in TF1.
        dtype: DT_* number.
        shape: the shape of the value in the checkpoint, or of the variable's part of it.
        trainable: whether TF1 said so.
        location: where its value is stored in the checkpoint.
        initializer: its initial value, for a variable that no checkpoint holds; None where the checkpoint has it.
        initial: the value that the initializer gave, or that was assembled from several tensors of the checkpoint; None
            where the checkpoint has it, or before it is computed.
    """

    name: str
    dtype: int
    shape: tuple[int, ...]
    trainable: bool
    location: Location
    initializer: Initializer | None = None
    initial: np.ndarray | None = None

    @property
    def computed_by(self) -> Initializer | None:
        """Returns what has yet to compute its value; None where that is known or in the checkpoint."""
        return self.initializer if self.initial is None else None

    @property
    def nbytes(self) -> int:
        """Size of the value in bytes; 0 for strings, whose size the dtype does not tell."""
        size = dtypes.by_number(self.dtype).itemsize
        for length in self.shape:
            size *= length
        return size


def variable_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yields the nodes that make a variable, reference or resource."""
    return (node for node in nodes if node.op in ANY_VARIABLE_OPS)


def saver_locations(graph: Graph, restore_op: str = "") -> dict[str, Location]:
    """Reads out of the saver's own nodes which tensor of the checkpoint each variable is filled from.

    A saver made with a dict, for moving averages say, restores variables from other names than their own; one of
    partitioned variables restores each part from a slice. Only the graph knows.

    Args:
        graph: the whole graph.
        restore_op: the saver's restore op; without one every assignment of a restored value counts.
    """
    root = graph.get(restore_op.partition(":")[0]) if restore_op else None
    needed = graph.ancestors([root]) if root is not None else None
    locations: dict[str, Location] = {}
    texts = functools.cache(_texts)  # one restore op may name every variable there is
    for node in graph:
        if node.op in ASSIGN_OPS and len(node.inputs) == 2 and (needed is None or node in needed):
            location = restored_from(node.inputs[1], texts)
            if location is not None:
                locations.setdefault(node.inputs[0].node.name, location)
    return locations


def restored_from(value: Value, texts: Callable[[Value], list[str]] | None = None) -> Location | None:
    """Returns where in a checkpoint a value is restored from; None if it comes from elsewhere.

    Args:
        value: any value of the graph.
        texts: reads the texts of a constant, for a caller that remembers what was read.
    """
    texts = texts or _texts
    value = origin(value, ("Identity", "Reshape"))
    node, port = value.node, value.index
    if node.op not in RESTORE_OPS or len(node.inputs) < 2:
        return None
    names = texts(node.inputs[1])
    if port >= len(names):
        return None
    specs = texts(node.inputs[2]) if len(node.inputs) > 2 else []
    spec = specs[port] if port < len(specs) else ""
    return Location(names[port], Part(*parse_shape_and_slice(spec)) if spec else None)


def _texts(value: Value) -> list[str]:
    """Returns the texts of a constant; none if the value is computed some other way, or holds numbers."""
    found = constant_value(value)
    return [] if found is None or found.dtype.kind not in "OSU" else [_text(item) for item in found.reshape(-1)]


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


class WeightFinder:
    """Finds each variable's value in one checkpoint.

    Args:
        checkpoint: the opened checkpoint; None if there is none.
        locations: variable name -> location, from the graph's saver; others are looked for under their own names.
        trainable: the names of trainable variables.
        first: the initial values of variables that need not be in the checkpoint: local ones, which savers leave out,
            and others if the user wants it so.
        assembled: the values that the graph's saver assembles from several tensors of the checkpoint.

    Attributes:
        absent: the variables that were looked for and are not there.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        locations: Mapping[str, Location],
        trainable: Iterable[str],
        first: Mapping[str, Initializer],
        assembled: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._checkpoint = checkpoint
        self._locations = locations
        self._trainable = frozenset(trainable)
        self._first = first
        self._assembled = assembled or {}
        self.absent: list[str] = []

    def find(self, node: Node) -> Weight | str:
        """Returns the weight of a variable node, or a sentence on why the checkpoint does not fit."""
        location = self._locations.get(node.name, Location(node.name))
        key = location.key
        dtype = dtypes.base(node.attr.type("dtype"))
        if node.name in self._assembled:
            array = self._assembled[node.name]
            return Weight(node.name, dtype, array.shape, node.name in self._trainable, location, initial=array)
        is_stored = self._checkpoint is not None and key in self._checkpoint
        if not is_stored and node.name in self._first:
            return self._initialized(node, dtype, location, self._first[node.name])
        if not is_stored:
            self.absent.append(node.name)
        if self._checkpoint is None:
            return f"Variable {node.name!r} has no value: the source is a graph without a checkpoint."
        if not is_stored:
            as_key = "" if key == node.name else f" under {key!r}, where the graph's saver looks for it"
            return f"Variable {node.name!r} is not in {self._checkpoint.prefix}{as_key}{self._hint(key) or '.'}"
        info = self._checkpoint.info(key)
        part = location.part
        if part is not None and part.full_shape != info.shape:
            whole = f"{key!r}, of which it is a part,"
            return _mismatch(node.name, f"shape {_show(part.full_shape)}", f"shape {_show(info.shape)}", whole)
        found = info.shape if part is None else part.shape
        wanted = declared_shape(node)
        if not fits(found, wanted):
            return _mismatch(node.name, f"shape {_show(wanted)}", f"shape {_show(found)}")
        if info.dtype.number != dtype:
            return _mismatch(node.name, f"dtype {dtypes.name_of(dtype)}", f"dtype {info.dtype.name}")
        return Weight(node.name, dtype, found, node.name in self._trainable, location)

    def _initialized(self, node: Node, dtype: int, location: Location, first: Initializer) -> Weight | str:
        """Returns the weight of a variable with its initial value."""
        declared = declared_shape(node)
        shape = first.shape if declared is None or None in declared else declared
        if first.obstacle:
            return f"Variable {node.name!r} is in no checkpoint, and its initializer needs {first.obstacle}."
        if shape is None or None in shape:
            return f"Variable {node.name!r} is in no checkpoint, and its initializer does not tell its shape."
        sizes = tuple(size or 0 for size in shape)
        is_trainable = node.name in self._trainable
        return Weight(node.name, dtype, sizes, is_trainable, location, first, first.constant)

    def _hint(self, key: str) -> str:
        """Returns the names nearest to one that is missing; after the first few the pattern is clear."""
        return nearest_names(key, self._checkpoint or ()) if len(self.absent) <= _MOST_HINTS else ""


def _mismatch(name: str, in_graph: str, in_checkpoint: str, whole: str = "it") -> str:
    return (
        f"Variable {name!r}: in the graph {whole} has {in_graph}, in the checkpoint {in_checkpoint}. "
        "The graph and the checkpoint probably come from different training runs."
    )


def declared_shape(node: Node) -> Shape:
    """Returns the static shape that a variable node declares; None for an unknown rank."""
    shape = node.attr.shape("shape")
    return None if shape == () and node.op == _SCALAR_MEANT_UNKNOWN else shape


def fits(found: tuple[int, ...], wanted: Shape) -> bool:
    """Whether a tensor's shape is one that a variable declares."""
    if wanted is None:
        return True
    return len(found) == len(wanted) and all(w is None or w == f for f, w in zip(found, wanted, strict=True))


def _show(shape: Shape) -> str:
    return "unknown" if shape is None else format_shape(shape)
