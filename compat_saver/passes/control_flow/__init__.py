"""v1 control flow -> functional control flow; CONTROL_FLOW.md tells how."""

from compat_saver.passes.control_flow.functional import FunctionalControlFlow
from compat_saver.passes.control_flow.loop_gradients import SeparateLoopGradients
from compat_saver.passes.control_flow.parts import Kept
from compat_saver.passes.control_flow.recorded_shapes import RecordedShapes
from compat_saver.passes.control_flow.tensor_lists import TensorLists

__all__ = ["FunctionalControlFlow", "Kept", "RecordedShapes", "SeparateLoopGradients", "TensorLists"]
