"""ScatterAddNdim -> ScatterNdAdd: what tf.contrib.tensor_forest had before core could add at indices of any depth.

Source: tensorflow/contrib/tensor_forest/kernels/scatter_add_ndim_op.cc. The old op took float32 and int32 alone and
returned nothing; what waited for it waits for its successor.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_TYPES = {name: type_attr(dtypes.by_name(dtype).number) for name, dtype in (("T", "float32"), ("Tindices", "int32"))}


class ScatterNdAdd(Successor):
    """Gives each such op its successor's name and types."""

    name = "scatter_nd_add"
    ops: ClassVar = {"ScatterAddNdim": "ScatterNdAdd"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.op = "ScatterNdAdd"
        node.attrs |= _TYPES
