"""Wrote what is beside it, run by Python 3.7 with TensorFlow 1.15.5: `python make.py`.

The weights of a CuDNNLSTM and a CuDNNGRU, which are built and never run, so no GPU is needed; and the outputs of the
plain layers into which Keras of TensorFlow 1.15 loads them.
"""

import h5py
import numpy as np
import tensorflow as tf
from tensorflow.python.keras.saving import hdf5_format

keras = tf.keras
noise = np.random.RandomState(0)
x = noise.randn(2, 4, 3).astype("float32")
outputs = {}
PLAIN = {
    "CuDNNLSTM": (keras.layers.LSTM, {}),
    "CuDNNGRU": (keras.layers.GRU, {"reset_after": True}),
}
for kind, (plain, config) in PLAIN.items():
    keras.backend.clear_session()
    path = kind.lower() + ".h5"
    layer = getattr(tf.compat.v1.keras.layers, kind)(2, return_sequences=True, name="memory")
    with tf.name_scope("memory/"):
        layer.build(tf.TensorShape([None, 4, 3]))
    layer.set_weights([noise.uniform(-1, 1, weight.shape) for weight in layer.weights])
    with h5py.File(path, "w") as file:
        hdf5_format.save_weights_to_hdf5_group(file, [layer])
    config.update(recurrent_activation="sigmoid", return_sequences=True, name="memory")
    model = keras.Sequential([keras.layers.InputLayer((4, 3)), plain(2, **config)])
    model.load_weights(path)
    outputs[kind] = model.predict(x)
np.savez("outputs.npz", x=x, **outputs)
