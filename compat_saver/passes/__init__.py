"""Rewrites graph -> graph, one idea per file; WRITING_PASSES.md shows how to add one."""

from compat_saver.passes.base import Pass, Rewrite, run
from compat_saver.passes.in_functions import run_in_functions
from compat_saver.passes.legacy_behavior.base import Restoration
from compat_saver.passes.legacy_behavior.ctc_beam_search import CtcScores
from compat_saver.passes.legacy_behavior.decode_jpeg_and_dequantize import AttributesThen
from compat_saver.passes.legacy_behavior.quantize_and_dequantize import QuantizeAndDequantizeV2
from compat_saver.passes.legacy_behavior.reduce_join import ReduceJoinAll
from compat_saver.passes.legacy_behavior.resize_nearest_neighbor import NearestNeighborThen
from compat_saver.passes.legacy_behavior.round import RoundIntegers
from compat_saver.passes.replacements.adjust_contrast import AdjustContrastV2
from compat_saver.passes.replacements.adjust_hsv_in_yiq import AdjustHsvInYiq
from compat_saver.passes.replacements.audio_summary import AudioSummaryV2
from compat_saver.passes.replacements.batch_norm_with_global_normalization import GlobalBatchNorm
from compat_saver.passes.replacements.batch_norm_with_global_normalization_grad import GlobalBatchNormGrad
from compat_saver.passes.replacements.bucketize import Bounds
from compat_saver.passes.replacements.compare_and_bitpack import CompareAndBitpack
from compat_saver.passes.replacements.conv3d_backprop import Conv3DBackpropV2
from compat_saver.passes.replacements.count_up_to import CountWithCore
from compat_saver.passes.replacements.fused_conv2d_bias_activation import FusedConv2DBiasActivation
from compat_saver.passes.replacements.gather_tree import GatherTree
from compat_saver.passes.replacements.image_projective_transform import ImageProjectiveTransformV2
from compat_saver.passes.replacements.matrix_exponential import MatrixExponential
from compat_saver.passes.replacements.mutable_dense_hash_table import DeletedKey
from compat_saver.passes.replacements.op_replacement import Successor
from compat_saver.passes.replacements.periodic_resample import PeriodicResample
from compat_saver.passes.replacements.random_crop import RandomCrop
from compat_saver.passes.replacements.random_poisson import RandomPoissonV2
from compat_saver.passes.replacements.reduce_slice import ReduceSlice
from compat_saver.passes.replacements.renamed_ops import RenamedOps
from compat_saver.passes.replacements.resampler import Resampler
from compat_saver.passes.replacements.resource_handles import ResourceHandles
from compat_saver.passes.replacements.scatter_add_ndim import ScatterNdAdd
from compat_saver.passes.replacements.self_adjoint_eig import SelfAdjointEigV2
from compat_saver.passes.replacements.sparse_feature_cross import SparseCross
from compat_saver.passes.replacements.stateful_standard_normal import StatefulStandardNormal
from compat_saver.passes.replacements.temporary_variable import TemporarySums
from compat_saver.passes.replacements.tensor_array import TensorArrayV3
from compat_saver.passes.replacements.tensor_list import TensorListInputs
from compat_saver.passes.replacements.tile_grad import Untile
from compat_saver.passes.replacements.top_k import TopKV2
from compat_saver.passes.replacements.tpu_replication import TPUReplication
from compat_saver.passes.replacements.zero_initializer import AssignZeros
from compat_saver.passes.structure.bind_inputs import BindInputs
from compat_saver.passes.structure.drop_gradient_overrides import DropGradientOverrides
from compat_saver.passes.structure.drop_placement import DropPlacement
from compat_saver.passes.structure.drop_unknown_attributes import DropUnknownAttributes
from compat_saver.passes.structure.expose import Begin, ExposeInputs, ExposeOutputs
from compat_saver.passes.structure.fold_conditionals import FoldConditionals
from compat_saver.passes.structure.function_calls import FunctionCalls
from compat_saver.passes.structure.function_names import FunctionNames
from compat_saver.passes.structure.late_reads import LateReads
from compat_saver.passes.structure.prune import Prune
from compat_saver.passes.structure.read_table_files import ReadTableFiles
from compat_saver.passes.structure.ref_to_resource import RefToResource
from compat_saver.passes.structure.shared_variables import SharedVariables

SUCCESSOR_PASSES: tuple[type[Successor], ...] = (
    AdjustContrastV2,
    AdjustHsvInYiq,
    AssignZeros,
    AudioSummaryV2,
    Bounds,
    CompareAndBitpack,
    Conv3DBackpropV2,
    FusedConv2DBiasActivation,
    GatherTree,
    GlobalBatchNorm,
    GlobalBatchNormGrad,
    ImageProjectiveTransformV2,
    MatrixExponential,
    PeriodicResample,
    RandomCrop,
    RandomPoissonV2,
    ReduceSlice,
    RenamedOps,
    Resampler,
    ResourceHandles,
    DeletedKey,  # makes whole what ResourceHandles renames
    ScatterNdAdd,
    SelfAdjointEigV2,
    SparseCross,
    StatefulStandardNormal,
    TemporarySums,
    TensorArrayV3,
    TensorListInputs,
    TopKV2,
    TPUReplication,
    Untile,
)
"""The passes that put an op's successor in its place; they need no order but where a comment says so."""

MEANING_PASSES: tuple[type[Successor], ...] = (
    AttributesThen,
    CtcScores,
    NearestNeighborThen,
    QuantizeAndDequantizeV2,
    ReduceJoinAll,
    RoundIntegers,
)
"""The passes that restore what an op computed in the release that wrote the graph, where that changed since."""

__all__ = [
    "MEANING_PASSES",
    "SUCCESSOR_PASSES",
    "AdjustContrastV2",
    "AdjustHsvInYiq",
    "AssignZeros",
    "AttributesThen",
    "AudioSummaryV2",
    "Begin",
    "BindInputs",
    "Bounds",
    "CompareAndBitpack",
    "Conv3DBackpropV2",
    "CountWithCore",
    "CtcScores",
    "DeletedKey",
    "DropGradientOverrides",
    "DropPlacement",
    "DropUnknownAttributes",
    "ExposeInputs",
    "ExposeOutputs",
    "FoldConditionals",
    "FunctionCalls",
    "FunctionNames",
    "FusedConv2DBiasActivation",
    "GatherTree",
    "GlobalBatchNorm",
    "GlobalBatchNormGrad",
    "ImageProjectiveTransformV2",
    "LateReads",
    "MatrixExponential",
    "NearestNeighborThen",
    "Pass",
    "PeriodicResample",
    "Prune",
    "QuantizeAndDequantizeV2",
    "RandomCrop",
    "RandomPoissonV2",
    "ReadTableFiles",
    "ReduceJoinAll",
    "ReduceSlice",
    "RefToResource",
    "RenamedOps",
    "Resampler",
    "ResourceHandles",
    "Restoration",
    "Rewrite",
    "RoundIntegers",
    "ScatterNdAdd",
    "SelfAdjointEigV2",
    "SharedVariables",
    "SparseCross",
    "StatefulStandardNormal",
    "TPUReplication",
    "TemporarySums",
    "TensorArrayV3",
    "TensorListInputs",
    "TopKV2",
    "Untile",
    "run",
    "run_in_functions",
]
