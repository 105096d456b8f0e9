"""Deprecated ops whose successor takes the same inputs and computes the same outputs.

A graph of their day still runs in a session, where its own GraphDef version counts; in a function, where today's
counts, TensorFlow refuses them. Source: the deprecation notes of the op definitions.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_COMPLEX64, _INT64 = 8, 9

# old op -> its successor, and attributes that the successor wants besides
_SUCCESSORS = {
    **{f"Batch{op}": (op, {}) for op in ("Cholesky", "CholeskyGrad", "Svd", "SelfAdjointEigV2")},
    **{
        f"BatchMatrix{op}": (f"Matrix{op}", {})
        for op in ("Determinant", "Diag", "DiagPart", "Inverse", "SetDiag", "Solve", "SolveLs", "TriangularSolve")
    },
    "BatchMatrixBandPart": ("MatrixBandPart", {"Tindex": _INT64}),
    **{f"Batch{op}": (op, {"Tcomplex": _COMPLEX64}) for op in ("FFT", "FFT2D", "FFT3D", "IFFT", "IFFT2D", "IFFT3D")},
    "PlaceholderV2": ("Placeholder", {}),
    # Not deprecated, but without a kernel: TensorFlow rewrites it in a session's graph, and not in a nested function.
    "AccumulateNV2": ("AddN", {}),
}
_DROPPED = {"AccumulateNV2": ("shape",)}


class RenamedOps(Successor):
    """Gives each such op its successor's name."""

    name = "renamed_ops"
    ops: ClassVar = {old: new for old, (new, _) in _SUCCESSORS.items()}

    def rewrite(self, node: Node, build: Build) -> None:
        """Renames one node."""
        del build
        for name in _DROPPED.get(node.op, ()):
            node.attrs.pop(name, None)
        node.op, types = _SUCCESSORS[node.op]
        for name, number in types.items():
            node.attrs.setdefault(name, type_attr(number))
