"""One opened legacy model: what is read of it, what is chosen to be served, and what the user should know.

Reading order: `legacy_model` (what is known of an opened model), `opening` (a path -> a model), `training_inputs` and
`folding` (the graph as it is in inference), `signature` and `choosing` (which tensors are served), `cut_points` (where
the served graph starts and ends), `table_content`, `warnings`, `runnable/` (what TensorFlow can still run of a graph).
"""

from compat_saver.model.legacy_model import LegacyModel, SourceFacts
from compat_saver.model.opening import open_model

__all__ = ["LegacyModel", "SourceFacts", "open_model"]
