"""Says what a legacy artifact is and holds, without TensorFlow."""

from compat_saver.inspection.look import inspect
from compat_saver.inspection.outcome import Inspection

__all__ = ["Inspection", "inspect"]
