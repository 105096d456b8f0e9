"""Ops whose successor computes the same from the same inputs: they are renamed, or lack one input or attribute."""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.op_replacement import OpReplacement

_COMPLEX64, _INT64 = 8, 9

# old op -> its successor, and additional attributes of the successor
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


class RenamedOps(OpReplacement):
    """Gives each such op its successor's name.

    Deprecated ops whose successor takes the same inputs and computes the same outputs.

    A graph of their release still runs in a session, where its own GraphDef version counts; in a function, where the
    current one counts, TensorFlow rejects them. Source: the deprecation notes of the op definitions.
    """

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


class AudioSummary(OpReplacement):
    """Gives each AudioSummary its sample rate as a constant input.

    AudioSummary -> AudioSummaryV2: the sample rate was an attribute and is an input.
    """

    name = "audio_summary_v2"
    ops: ClassVar = {"AudioSummary": "AudioSummaryV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one AudioSummary."""
        rate = build.constant(node.attrs.pop("sample_rate").f, "float32")
        node.set_inputs([*node.inputs, rate])
        node.op = "AudioSummaryV2"


class TopK(OpReplacement):
    """Gives each TopK its k as a constant input.

    TopK -> TopKV2: `k` was an attribute and is an input.
    """

    name = "top_k_v2"
    ops: ClassVar = {"TopK": "TopKV2"}

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one TopK."""
        node.set_inputs([*node.inputs, build.constant(node.attr.int("k"), "int32")])
        node.op = "TopKV2"
        del node.attrs["k"]


_REPLICAS = {"TPUReplicateMetadata": "num_replicas", "TPUReplicatedInput": "N", "TPUReplicatedOutput": "num_replicas"}


class TPUReplication(OpReplacement):
    """Forwards the inputs and outputs of a computation of one replica.

    TPUReplicateMetadata, TPUReplicatedInput, TPUReplicatedOutput -> nothing: what tpu.rewrite and a TPUEstimator wrap
    around a model.

    They mark where a computation on TPUs starts and ends; on a TPU TensorFlow replaces all ops between them by one,
    elsewhere they have no kernel. With one replica the computation reads its input directly.
    With more, each replica reads another input and computes another output, and the graph holds their computation once;
    those stay. Source: tensorflow/python/tpu/tpu.py.
    """

    name = "tpu_replication"
    ops: ClassVar = {op: "NoOp" if op == "TPUReplicateMetadata" else "Identity" for op in _REPLICAS}

    def applies_to(self, node: Node) -> bool:
        """Whether there is one replica."""
        return node.attr.int(_REPLICAS[node.op]) == 1

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        del build
        node.attrs = {key: value for key, value in node.attrs.items() if key == "T" and node.inputs}
        node.op = self.ops[node.op]
