"""What a SavedModel is made from, as plain data: a graph, and which nodes are inputs, variables, tables and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compat_saver.graph import Graph
from compat_saver.graph.attributes import Shape
from compat_saver.proto.messages import Message


@dataclass(frozen=True)
class Endpoint:
    """One input or output of a signature.

    Attributes:
        node: the node of the graph whose first output it is.
        dtype: DT_* number.
        shape: its static shape.
    """

    node: str
    dtype: int
    shape: Shape


@dataclass(frozen=True)
class SavedSignature:
    """A signature.

    Attributes:
        name: its name in the SavedModel.
        inputs: key -> the node that is cut off from what computes it, and fed.
        outputs: key -> the node that computes it.
        graph: the graph of these nodes, where it is not that of the model; variables and tables have the same names in
            both, functions of one name are the same.
    """

    name: str
    inputs: Mapping[str, Endpoint]
    outputs: Mapping[str, Endpoint]
    graph: Graph | None = None


@dataclass(frozen=True)
class Variable:
    """A variable: a VarHandleOp of the graph.

    Attributes:
        name: the name of the node, under which the model lists it.
        dtype: DT_* number of its value.
        shape: the shape of its value.
        trainable: whether it is among the trainable variables.
    """

    name: str
    dtype: int
    shape: tuple[int, ...]
    trainable: bool

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that stand for its handle."""
        return (self.name,)


@dataclass(frozen=True)
class Table:
    """A lookup table.

    Attributes:
        name: the node that makes it, under whose name the model lists it.
        nodes: all nodes that stand for its handle, that one among them.
        key_dtype: DT_* number.
        value_dtype: DT_* number.
        initializers: the nodes that fill it when the model is loaded.
        is_stored: whether the checkpoint holds its content.
    """

    name: str
    nodes: tuple[str, ...]
    key_dtype: int
    value_dtype: int
    initializers: tuple[str, ...] = ()
    is_stored: bool = False


@dataclass(frozen=True)
class Asset:
    """A file that travels with the model.

    Attributes:
        name: the placeholder that stands for its path.
        filename: its name in `assets/`.
    """

    name: str
    filename: str

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that stand for its path."""
        return (self.name,)


Resource = Variable | Table | Asset
"""What a function captures: an object of the model."""


@dataclass(frozen=True)
class Contents:
    """All of a model but the values of its variables.

    Attributes:
        graph: the graph, with resource variables and ops that current TensorFlow has.
        signatures: what is served.
        variables: the variables that the signatures need.
        tables: the lookup tables, in the order in which they are filled.
        assets: the files that fill them.
        tags: the tags of the MetaGraphDef.
    """

    graph: Graph
    signatures: tuple[SavedSignature, ...]
    variables: tuple[Variable, ...] = ()
    tables: tuple[Table, ...] = ()
    assets: tuple[Asset, ...] = ()
    tags: tuple[str, ...] = ("serve",)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """Returns the graph, and those that signatures have of their own."""
        return (self.graph, *(item.graph for item in self.signatures if item.graph is not None))

    @property
    def library(self) -> dict[str, Message]:
        """Returns the functions of all graphs by name."""
        return {name: function for graph in self.graphs for name, function in graph.functions.items()}

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Returns all that functions may capture."""
        return (*self.variables, *self.tables, *self.assets)
