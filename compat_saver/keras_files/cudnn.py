"""The weights of CuDNNLSTM and CuDNNGRU in the layout of LSTM and of GRU with reset_after.

cuDNN has each gate of the kernels transposed, and a bias of the inputs before one of the states. Source:
`_convert_rnn_weights` in tensorflow/python/keras/saving/hdf5_format.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compat_saver.bundle.arrays import Array

LSTM_GATES, GRU_GATES = 4, 3


def plain_kernel(kernel: Array, gates: int) -> Array:
    """Returns the kernel of a plain layer, of the same shape [inputs, gates * units]."""
    return _per_gate(kernel, gates, lambda gate: gate.T.reshape(gate.shape, order="F"))


def plain_recurrent_kernel(kernel: Array, gates: int) -> Array:
    """Returns the recurrent kernel of a plain layer, of the same shape [units, gates * units]."""
    return _per_gate(kernel, gates, np.transpose)


def plain_bias(bias: Array, gates: int) -> Array:
    """Returns the bias of a plain layer: of an LSTM the sum [4 * units], of a GRU both as [2, 3 * units]."""
    rows = bias.reshape(2, -1)
    return np.add(*rows) if gates == LSTM_GATES else rows


def _per_gate(kernel: Array, gates: int, change: Callable[[Array], Array]) -> Array:
    return np.hstack([change(gate) for gate in np.hsplit(kernel, gates)])
