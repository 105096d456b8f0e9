"""The same with the batch norms folded into the convolutions, as graph_transforms does before a model is deployed."""

from _case import enter_directory, requires, seeded_graph, write_case
from _norms import run

requires(1, 4, "graph_transforms was no part of the package")


def folded(graph):
    from tensorflow.tools.graph_transforms import TransformGraph

    steps = ["strip_unused_nodes", "fold_constants", "fold_batch_norms", "fold_old_batch_norms"]
    return TransformGraph(graph, ["image"], ["score"], steps)


enter_directory()
with seeded_graph():
    write_case(*run(folded))
