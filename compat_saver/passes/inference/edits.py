"""Small edits of a graph, named by tensors and nodes so that they hold for every copy of it.

An analysis that finds training behavior says as edits what has to change. The migrated graph and the graph of the
reference run are different copies, and each applies edits to its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import HANDLE_OPS
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.proto.messages import AttrValue, Message


@dataclass(frozen=True)
class ReadTensor:
    """Another tensor of the graph.

    Attributes:
        name: its name.
    """

    name: str


@dataclass(frozen=True)
class ReadVariable:
    """The value of a variable.

    Attributes:
        name: the variable's name.
        dtype: DT_* number of its value.
        shape: the shape that the readers expect; None if it is the variable's own.
    """

    name: str
    dtype: int
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class UseConstant:
    """A constant.

    Attributes:
        array: its value, of the dtype that the readers expect.
    """

    array: np.ndarray


@dataclass(frozen=True)
class Scaled:
    """Another tensor times a constant.

    Attributes:
        name: the tensor's name.
        factor: the constant.
        dtype: DT_* number of both.
    """

    name: str
    factor: float
    dtype: int


@dataclass(frozen=True)
class Centered:
    """The middle of what a random offset is drawn from: (limit - 1) // 2.

    Attributes:
        limit: the tensor that bounds the offset, exclusive.
        dtype: DT_* number of both.
    """

    limit: str
    dtype: int


@dataclass(frozen=True)
class MostLikely:
    """The most likely class in place of a draw: the argmax of each row, in a column.

    Attributes:
        logits: the tensor with the unnormalized log-probabilities, [batch, classes].
        logits_dtype: DT_* number of the logits.
        dtype: DT_* number of the result, int32 or int64.
    """

    logits: str
    logits_dtype: int
    dtype: int


Source = ReadTensor | ReadVariable | UseConstant | Scaled | Centered | MostLikely


@dataclass(frozen=True)
class Redirect:
    """Readers of a tensor read something else.

    Attributes:
        tensor: what they read so far.
        source: what they read instead.
        readers: (node, position of the input) of each of them.
        is_output: whether the tensor, the only output of its node, is served as well: its name is then the new value's.
    """

    tensor: str
    source: Source
    readers: tuple[tuple[str, int], ...]
    is_output: bool = False


@dataclass(frozen=True)
class SetFlag:
    """A truth value among the attributes of a node gets another value.

    Attributes:
        node: the node's name.
        attribute: the attribute's name.
        value: its new value.
    """

    node: str
    attribute: str
    value: bool


@dataclass(frozen=True)
class StopWaiting:
    """Nothing waits for a node any longer.

    Attributes:
        node: the node's name.
    """

    node: str


Edit = Redirect | SetFlag | StopWaiting


class ApplyEdits(Pass):
    """Applies edits in order; edits of nodes that are gone do nothing.

    Args:
        edits: what to change.
        in_loops: the names of nodes inside v1 while loops, where a constant has to wait for a node of the loop.
    """

    name = "training_behavior"

    def __init__(self, edits: Iterable[Edit], in_loops: Collection[str] = ()) -> None:
        self._edits = tuple(edits)
        self._in_loops = in_loops

    def apply(self, graph: Graph) -> Rewrite:
        """Makes the changes."""
        apply_edits(graph, self._edits, Sources(graph, self._in_loops, self._edits))
        return Rewrite(self.name, len(self._edits), f"{len(self._edits):,} edits")


def apply_edits(graph: Graph, edits: Sequence[Edit], sources: Sources) -> None:
    """Applies edits, with values that are made by `sources`."""
    for edit in edits:
        if isinstance(edit, Redirect):
            _redirect(graph, edit, sources)
        else:
            _change_node(graph, edit)
    for edit in edits:  # last, for it changes the names of nodes
        if isinstance(edit, Redirect) and edit.is_output:
            _take_name(graph, edit, sources)


def _redirect(graph: Graph, edit: Redirect, sources: Sources) -> None:
    for name, position in edit.readers:
        node = graph.get(name)
        if node is not None:
            node.replace_input(position, sources.value(edit, node))


def _take_name(graph: Graph, edit: Redirect, sources: Sources) -> None:
    """Makes the name of a redirected tensor that is served mean the new value."""
    node = graph.value(edit.tensor).node
    value, dtype = sources.value(edit, node), OpCatalog().output_types(node)[0]
    graph.rename(node, graph.unique_name(f"{node.name}/training"))
    graph.add("Identity", edit.tensor.partition(":")[0], [value], {"T": type_attr(dtypes.base(dtype))})


def _change_node(graph: Graph, edit: SetFlag | StopWaiting) -> None:
    node = graph.get(edit.node)
    if node is None:
        return
    if isinstance(edit, SetFlag):
        node.attrs[edit.attribute] = AttrValue(b=edit.value)
        return
    for user in node.control_uses:
        user.remove_control_input(node)


class Sources:
    """Makes the values that redirected readers read, one for all readers where that is possible.

    Args:
        graph: where to add nodes.
        in_loops: the names of nodes inside v1 while loops.
        edits: all edits: a tensor that one of them reads may be another's, with a tensor to be read instead.
    """

    def __init__(self, graph: Graph, in_loops: Collection[str], edits: Iterable[Edit]) -> None:
        self._graph = graph
        self._in_loops = in_loops
        passed = (edit for edit in edits if isinstance(edit, Redirect) and isinstance(edit.source, ReadTensor))
        self._instead = {edit.tensor: edit.source.name for edit in passed if isinstance(edit.source, ReadTensor)}
        self._made: dict[Source, Value] = {}

    def value(self, edit: Redirect, reader: Node) -> Value:
        """Returns the value that one reader reads instead."""
        source = edit.source
        if isinstance(source, ReadTensor):
            return self._graph.value(self._last(source.name))
        if reader.name in self._in_loops:
            return self.build(edit.tensor, source, _neighbor(reader, edit.tensor))
        if source not in self._made:
            self._made[source] = self.make(edit.tensor, source)
        return self._made[source]

    def make(self, tensor: str, source: Source) -> Value:
        """Adds what a source stands for outside of loops.

        Args:
            tensor: what was read so far.
            source: what is to be read.
        """
        return self.build(tensor, source, None)

    def _last(self, name: str) -> str:
        while name in self._instead:
            name = self._instead[name]
        return name

    def build(self, tensor: str, source: Source, waits_for: Node | None) -> Value:
        """Adds the nodes of a source.

        Args:
            tensor: what was read so far.
            source: what is to be read.
            waits_for: what constants wait for, to be in the frame of a loop; None outside of loops.
        """
        add = _Adder(self._graph, tensor.partition(":")[0], waits_for)
        if isinstance(source, UseConstant):
            return add.constant(source.array)
        if isinstance(source, ReadVariable):
            return self._read(source, add)
        if isinstance(source, Scaled):
            factor = add.constant(np.array(source.factor, dtypes.by_number(source.dtype).numpy))
            kept = self._graph.value(self._last(source.name))
            return add("Mul", "scaled", [kept, factor], T=type_attr(source.dtype))
        if isinstance(source, Centered):
            return self._centered(source, add)
        assert isinstance(source, MostLikely)
        return self._most_likely(source, add)

    def _read(self, source: ReadVariable, add: _Adder) -> Value:
        variable = self._graph[source.name]
        is_handle = variable.op in HANDLE_OPS
        op, kind = ("ReadVariableOp", "dtype") if is_handle else ("Identity", "T")
        read = add(op, "read", [variable.output()], **{kind: type_attr(source.dtype)})
        if source.shape is None:
            return read
        shape = add.constant(np.array(source.shape, np.int32))
        return add("Reshape", "reshape", [read, shape], T=type_attr(source.dtype))

    def _centered(self, source: Centered, add: _Adder) -> Value:
        dtype, kind = dtypes.by_number(source.dtype).numpy, type_attr(source.dtype)
        one, two = (add.constant(np.array(number, dtype)) for number in (1, 2))
        last = add("Sub", "last", [self._graph.value(source.limit), one], T=kind)
        return add("FloorDiv", "center", [last, two], T=kind)

    def _most_likely(self, source: MostLikely, add: _Adder) -> Value:
        axis, kind = add.constant(np.array(-1, np.int32)), type_attr(source.dtype)
        logits = self._graph.value(self._last(source.logits))
        types = {"T": type_attr(source.logits_dtype), "Tidx": _INT32, "output_type": kind}
        best = add("ArgMax", "mode", [logits, axis], **types)
        return add("ExpandDims", "column", [best, axis], T=kind, Tdim=_INT32)


class _Adder:
    """Adds nodes under the name of another one."""

    def __init__(self, graph: Graph, base: str, waits_for: Node | None) -> None:
        self._graph = graph
        self._base = base
        self._waiting = [] if waits_for is None else [waits_for]

    def __call__(self, op: str, name: str, inputs: Iterable[Value], **attrs: Message) -> Value:
        return self._graph.add(op, self._graph.unique_name(f"{self._base}/{name}"), inputs, attrs).output()

    def constant(self, array: np.ndarray) -> Value:
        name = self._graph.unique_name(f"{self._base}/inference")
        attrs = {"dtype": type_attr(dtypes.from_numpy(array.dtype).number), "value": tensor_attr(array)}
        return self._graph.add("Const", name, attrs=attrs, control_inputs=self._waiting).output()


_INT32 = type_attr(dtypes.by_name("int32").number)


def _neighbor(reader: Node, tensor: str) -> Node | None:
    """Returns a node in the reader's frame: what computes another of its inputs."""
    return next((value.node for value in reader.inputs if value.name != tensor), None)
