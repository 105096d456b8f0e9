"""TensorFlow's checkpoint files, both formats, without TensorFlow: bytes to named arrays and back.

FORMAT.md beside this file describes the bytes.
"""

from __future__ import annotations

from compat_saver.bundle.checkpoint import Checkpoint, open_bundle
from compat_saver.bundle.entries import TensorInfo
from compat_saver.bundle.slices import SliceSpec, format_shape_and_slice, parse_shape_and_slice
from compat_saver.bundle.writer import BundleWriter

__all__ = [
    "BundleWriter",
    "Checkpoint",
    "SliceSpec",
    "TensorInfo",
    "format_shape_and_slice",
    "open_bundle",
    "parse_shape_and_slice",
]
