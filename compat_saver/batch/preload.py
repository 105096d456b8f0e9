"""What the process that workers are forked from imports, once for all of them: TensorFlow, if it is there."""

import contextlib

from compat_saver import _tensorflow, migration  # noqa: F401
from compat_saver.errors import TensorFlowMissingError

_tensorflow.be_quiet()
with contextlib.suppress(TensorFlowMissingError):  # each model that needs it says so
    _tensorflow.tensorflow()
