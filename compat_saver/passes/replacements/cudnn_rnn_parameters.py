"""The ops that put the parameters of cuDNN's networks together and take them apart -> concatenations and splits.

The layout is that of `cudnn_rnn.py`: the matrices of all gates, layer by layer and direction by direction, then the
biases. Source: CudnnOpaqueParamsSaveable in tensorflow/contrib/cudnn_rnn/python/ops/cudnn_rnn_ops.py.
"""

from __future__ import annotations

import functools
from typing import ClassVar

from compat_saver import dtypes
from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.passes.replacements.cudnn_rnn import GATES, directions, has_known_layout

_INT32 = type_attr(dtypes.by_name("int32").number)


class CudnnCanonicalToParams(OpReplacement):
    """Joins all weights and biases to one vector.

    CudnnRNNCanonicalToParams, V2 -> Reshape, ConcatV2: what a saver does after it has restored the weights of cells.
    """

    name = "cudnn_canonical_to_params"
    ops: ClassVar = dict.fromkeys(("CudnnRNNCanonicalToParams", "CudnnRNNCanonicalToParamsV2"), "Reshape, ConcatV2")

    def applies_to(self, node: Node) -> bool:
        """Rewrites for networks whose layout is known."""
        return has_known_layout(node)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        op = functools.partial(build, T=node.attrs["T"])
        flat, axis = build.constant([-1], "int32"), build.constant(0, "int32")
        _, _, _, *parts = node.inputs
        vectors = [op("Reshape", part, flat, Tshape=_INT32) for part in parts]
        build.replace(op("ConcatV2", *vectors, axis, N=len(vectors), Tidx=_INT32))


class CudnnParamsToCanonical(OpReplacement):
    """Takes a vector of parameters apart.

    CudnnRNNParamsToCanonical, V2 -> SplitV, Reshape: what a saver does before it saves the weights of cells.
    """

    name = "cudnn_params_to_canonical"
    ops: ClassVar = dict.fromkeys(("CudnnRNNParamsToCanonical", "CudnnRNNParamsToCanonicalV2"), "SplitV, Reshape")

    def applies_to(self, node: Node) -> bool:
        """Rewrites for networks whose layout is known."""
        return has_known_layout(node)

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        op, whole = functools.partial(build, T=node.attrs["T"]), functools.partial(build, T=_INT32)
        _, units, width, params = node.inputs
        count = node.attr.int("num_params") or node.attr.int("num_params_weights")
        gates, sides = GATES[node.attr.bytes("rnn_mode", b"lstm")], directions(node)
        below = whole("Mul", units, build.constant(sides, "int32"))
        columns = [
            column
            for row in range(count // (2 * gates))
            for column in [*[width if row < sides else below] * gates, *[units] * gates]
        ]
        sizes = [*(whole("Mul", units, column) for column in columns), *[units] * count]
        splits = whole("Pack", *sizes, N=len(sizes), axis=0)
        axis = build.constant(0, "int32")
        parts = op("SplitV", params, splits, axis, num_split=len(sizes), Tlen=_INT32).node
        matrices = [
            op("Reshape", parts.output(index), whole("Pack", units, column, N=2, axis=0), Tshape=_INT32)
            for index, column in enumerate(columns)
        ]
        build.replace(*matrices, *(parts.output(index) for index in range(count, 2 * count)))
