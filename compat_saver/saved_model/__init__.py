"""SavedModels of TensorFlow 2, made as messages without TensorFlow.

The reading order: `contents` (what a model is made from), `bodies` and `functions` (the function library), `objects`
(what `tf.saved_model.load` makes), `main_graph` (what a session runs), `saved_model` (all of it in one message),
`output_shapes` (what is completed once TensorFlow has loaded it).
"""

from compat_saver.saved_model.contents import Asset, Contents, Endpoint, SavedSignature, Table, Variable
from compat_saver.saved_model.objects import is_storable, table_keys, variable_key
from compat_saver.saved_model.output_shapes import OutputShapes, refine_output_shapes
from compat_saver.saved_model.saved_model import SavedModelParts, make_saved_model

__all__ = [
    "Asset",
    "Contents",
    "Endpoint",
    "OutputShapes",
    "SavedModelParts",
    "SavedSignature",
    "Table",
    "Variable",
    "is_storable",
    "make_saved_model",
    "refine_output_shapes",
    "table_keys",
    "variable_key",
]
