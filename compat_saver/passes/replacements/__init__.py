"""Replacements of ops that current TensorFlow lacks; a file is named after the op, or the family, that it replaces."""

from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.passes.replacements.all_reduce import OneProcess, OneWorker
from compat_saver.passes.replacements.batch_norm_with_global_normalization import (
    BatchNormWithGlobalNormalization,
    BatchNormWithGlobalNormalizationGrad,
)
from compat_saver.passes.replacements.bucketize_and_bitpack import Bucketize, CompareAndBitpack
from compat_saver.passes.replacements.channels_first import ChannelsFirst
from compat_saver.passes.replacements.convolutions import Conv3DBackprop, FusedConv2DBiasActivation
from compat_saver.passes.replacements.cudnn_rnn import CudnnRNN
from compat_saver.passes.replacements.cudnn_rnn_parameters import CudnnCanonicalToParams, CudnnParamsToCanonical
from compat_saver.passes.replacements.gather_tree import GatherTree
from compat_saver.passes.replacements.image_ops import AdjustContrast, AdjustHsvInYiq, ImageProjectiveTransform
from compat_saver.passes.replacements.linear_algebra import MatrixExponential, SelfAdjointEig
from compat_saver.passes.replacements.periodic_resample import PeriodicResample
from compat_saver.passes.replacements.random_ops import RandomCrop, RandomPoisson, StatefulStandardNormal
from compat_saver.passes.replacements.reductions import ReduceSlice, TileGrad
from compat_saver.passes.replacements.renamed_ops import AudioSummary, RenamedOps, TopK, TPUReplication
from compat_saver.passes.replacements.resampler import Resampler
from compat_saver.passes.replacements.resource_handles import MutableDenseHashTable, ResourceHandles
from compat_saver.passes.replacements.sparse_feature_cross import SparseFeatureCross
from compat_saver.passes.replacements.tensor_arrays_and_lists import TensorArray, TensorList
from compat_saver.passes.replacements.variable_ops import ScatterAddNdim, TemporaryVariable, ZeroInitializer

OP_REPLACEMENTS: tuple[type[OpReplacement], ...] = (
    AdjustContrast,
    AdjustHsvInYiq,
    ZeroInitializer,
    AudioSummary,
    Bucketize,
    CompareAndBitpack,
    Conv3DBackprop,
    FusedConv2DBiasActivation,
    ChannelsFirst,  # after FusedConv2DBiasActivation: puts the channels of its Conv2D last
    CudnnRNN,
    CudnnCanonicalToParams,
    CudnnParamsToCanonical,
    GatherTree,
    BatchNormWithGlobalNormalization,
    BatchNormWithGlobalNormalizationGrad,
    ImageProjectiveTransform,
    MatrixExponential,
    OneProcess,
    OneWorker,
    PeriodicResample,
    RandomCrop,
    RandomPoisson,
    ReduceSlice,
    RenamedOps,
    Resampler,
    ResourceHandles,
    MutableDenseHashTable,  # after ResourceHandles: adds the deleted_key input that its renamed op requires
    ScatterAddNdim,
    SelfAdjointEig,
    SparseFeatureCross,
    StatefulStandardNormal,
    TemporaryVariable,
    TensorArray,
    TensorList,
    TopK,
    TPUReplication,
    TileGrad,
)
"""The passes that replace an op by its successor, in the order in which they run; the order is free unless a comment
gives a reason. `variable_ops.CountUpTo` is not one of them: it replaces an op that exists only after RefToResource."""
