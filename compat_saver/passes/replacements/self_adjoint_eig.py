"""SelfAdjointEig, BatchSelfAdjointEig -> SelfAdjointEigV2: eigenvalues and eigenvectors came in one tensor.

The old output of shape [..., M + 1, M] holds the eigenvalues in its first row and the eigenvectors below.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_INT32 = type_attr(3)


class SelfAdjointEigV2(Successor):
    """Puts the two outputs of SelfAdjointEigV2 on top of each other."""

    name = "self_adjoint_eig_v2"
    ops: ClassVar = dict.fromkeys(("SelfAdjointEig", "BatchSelfAdjointEig"), "SelfAdjointEigV2, ConcatV2")

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        dtype = node.attrs["T"]
        values = build("SelfAdjointEigV2", node.inputs[0], T=dtype, compute_v=True)
        vectors = values.node.output(1)
        row = build.constant(-2, "int32")
        first = build("ExpandDims", values, row, T=dtype, Tdim=_INT32)
        build.replace(build("ConcatV2", first, vectors, row, N=2, T=dtype, Tidx=_INT32))
