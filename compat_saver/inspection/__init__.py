"""Describes a legacy artifact, without TensorFlow."""

from compat_saver.inspection.facts import Inspection
from compat_saver.inspection.inspect_model import inspect

__all__ = ["Inspection", "inspect"]
