"""What of a legacy graph TensorFlow can still run, and in which form.

Four policies, from the strictest to the most permissive. They differ on purpose, and share the judgment of single ops
(`analysis.ops.lost_ops`):

| policy                | its question                                            | what is not supported              |
|-----------------------|---------------------------------------------------------|------------------------------------|
| `analysis.ops.triage` | can a TensorFlow 2 function hold the op?                | is an obstacle of the migration    |
| `replacements`        | what must be replaced to run in a Session as it did?    | is left to the two that follow     |
| `as_read`             | can a Session run the graph as read, as the reference?  | is cut away, or else replaced      |
| `whole_graph`         | can a Session hold all of it, with all names?           | is left out, with its dependents   |

`dangling` removes what a meta graph says of nodes that are not in its graph.
"""
