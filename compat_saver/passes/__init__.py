"""Rewrites graph -> graph, one idea per file; WRITING_PASSES.md shows how to add one."""

from compat_saver.passes.base import Pass, Rewrite, run
from compat_saver.passes.bind_inputs import BindInputs
from compat_saver.passes.drop_placement import DropPlacement
from compat_saver.passes.drop_unknown_attributes import DropUnknownAttributes
from compat_saver.passes.expose import ExposeInputs, ExposeOutputs
from compat_saver.passes.fold_conditionals import FoldConditionals
from compat_saver.passes.prune import Prune
from compat_saver.passes.ref_to_resource import RefToResource
from compat_saver.passes.tensor_array_v3 import TensorArrayV3

__all__ = [
    "BindInputs",
    "DropPlacement",
    "DropUnknownAttributes",
    "ExposeInputs",
    "ExposeOutputs",
    "FoldConditionals",
    "Pass",
    "Prune",
    "RefToResource",
    "Rewrite",
    "TensorArrayV3",
    "run",
]
