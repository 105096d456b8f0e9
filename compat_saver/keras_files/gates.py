"""The gates of recurrent layers: Keras 1 stored each as a weight of its own, Keras 2 stores them joined."""

from __future__ import annotations

from collections.abc import Container


def gate_order(gates: Container[str]) -> str:
    """Returns the gates of an LSTM or a GRU of Keras 1, a letter each, in the order in which Keras 2 joins them.

    Args:
        gates: those of the layer; only an LSTM has a forget gate, `f`.
    """
    return "ifco" if "f" in gates else "zrh"
