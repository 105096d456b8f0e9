"""Functions of TensorFlow that keras.ops has under no name, or with other arguments, composed of those that it has.

They run while a model is built: what the model holds are the functions of keras.ops that they call. Axes, sizes and
paddings are numbers. No Keras is imported here.
"""

from compat_saver.keras_models.composed import arithmetic, images, networks, shapes
from compat_saver.keras_models.composed.registry import COMPOSED

__all__ = ["COMPOSED", "arithmetic", "images", "networks", "shapes"]
