"""The files in which Keras stores models and weights, read without Keras and TensorFlow: one type for all of them.

form          written by
hdf5          save("x.h5"), save_weights("x.h5") of Keras 1.2 to 2.15; save_weights("x.weights.h5") of Keras 2.12 to 3
keras         save("x.keras") of Keras 2.12 to 3: a ZIP archive of JSON and HDF5
saved_model   save(DIRECTORY) of Keras with TensorFlow 1.14 to 2.15

The files are not trusted: nothing in them is executed or unpickled, no other file is opened on their behalf, and sizes
are checked before anything is read.

Reading order: `contents` (the types), `configurations` (JSON and the layers in it), `hdf5` (what is read of HDF5),
`layouts` (the groups that Keras writes), then `weight_files`, `archives`, `saved_models`, and `opening`.
"""

from compat_saver.keras_files.configurations import LayerConfig, layer_configs
from compat_saver.keras_files.contents import KerasFile, Layer, Weight
from compat_saver.keras_files.opening import open_keras_file

__all__ = ["KerasFile", "Layer", "LayerConfig", "Weight", "layer_configs", "open_keras_file"]
