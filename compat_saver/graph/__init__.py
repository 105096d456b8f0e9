"""The graph IR: nodes, values and their uses; GraphDef <-> IR; op facts; a readable text form."""

from compat_saver.graph.convert import from_graph_def, to_graph_def
from compat_saver.graph.ir import Graph, Node, Use, Value, without_collection
from compat_saver.graph.ops import OpCatalog
from compat_saver.graph.text import format_graph, parse_graph

__all__ = [
    "Graph",
    "Node",
    "OpCatalog",
    "Use",
    "Value",
    "format_graph",
    "from_graph_def",
    "parse_graph",
    "to_graph_def",
    "without_collection",
]
