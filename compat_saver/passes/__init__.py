"""Rewrites graph -> graph, one idea per class; WRITING_PASSES.md shows how to add one.

base.py            what a pass is, and the runners
build.py           adds the nodes that replace an old node
retype.py          follows a value through the ops that forward it
structure/         passes that change what the graph consists of: inputs, outputs, variables, functions
replacements/      passes that replace ops that current TensorFlow lacks
legacy_behavior/   passes that preserve what an op computed in the release that wrote the graph
"""

from compat_saver.passes.base import Pass, Rewrite, run_in_functions, run_passes

__all__ = ["Pass", "Rewrite", "run_in_functions", "run_passes"]
