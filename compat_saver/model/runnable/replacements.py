"""What has to be replaced of a graph for today's TensorFlow to run it in a session, as it ran then.

A session takes much that a function does not: references, and deprecated ops in a graph of their day. Only ops that
today's TensorFlow lacks, and ops that would compute something else than they did, have to give way.
"""

from __future__ import annotations

from collections.abc import Collection

from compat_saver.analysis.ops.unsupported_ops import runs_in_a_session
from compat_saver.graph import Graph, Node, OpCatalog
from compat_saver.graph.functions import function_bodies
from compat_saver.passes import Pass, run_in_functions, run_passes
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.channels_first import is_channels_first
from compat_saver.passes.structure.removals import DropPlacement


def replacements(graph: Graph, nodes: Collection[Node], *, keeps_tensors: bool = False) -> list[Pass]:
    """Returns the passes without which today's TensorFlow cannot run some nodes, or runs them otherwise.

    Args:
        graph: the whole graph; all its functions count as needed.
        nodes: what is to run.
        keeps_tensors: whether every tensor must keep its name, so that it can still be fetched and fed.
    """
    nodes = {*nodes, *(node for _, body in function_bodies(graph, OpCatalog.of(graph)) for node in body)}
    restoring = [item(keeps_tensors=keeps_tensors) for item in LEGACY_BEHAVIOR_PASSES]
    replaceable = {op for item in OP_REPLACEMENTS for op in item.ops}
    lost = {node.op for node in nodes if node.op in replaceable and not _runs(node)}
    # What one pass puts in its place may be left for another to make whole.
    lost |= {made for item in OP_REPLACEMENTS for op in lost if op in item.ops for made in item.ops[op].split(", ")}
    return [
        *(item for item in restoring if any(item.takes(graph, node) for node in nodes)),
        *(item(keeps_tensors=keeps_tensors) for item in OP_REPLACEMENTS if not lost.isdisjoint(item.ops)),
    ]


def _runs(node: Node) -> bool:
    """Whether today's TensorFlow can run a node in a session on a CPU, and the op takes as many inputs as it did."""
    if is_channels_first(node) or not runs_in_a_session(node.op):
        return False
    return len(OpCatalog().input_types(node)) == len(node.inputs)


def drop_placement(graph: Graph, catalog: OpCatalog) -> None:
    """Takes devices and the like out of a graph and its functions."""
    run_passes([DropPlacement()], graph)
    run_in_functions([DropPlacement()], graph, catalog)
