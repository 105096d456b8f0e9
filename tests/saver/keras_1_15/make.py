"""Wrote what lies beside it, run by Python 3.7 with TensorFlow 1.15.5: `python make.py`.

One Keras model as the programs of its day kept it: `whole.h5` (with its optimizer), `weights.h5`, `objects` (in the
format of TensorFlow) and `model.ckpt` (tf.train.Saver, by name); `io.npz` holds an input `x` and the
model's answer `y`.
"""

import numpy as np
import tensorflow as tf

noise = np.random.RandomState(0)
layers = tf.keras.layers
model = tf.keras.Sequential(
    [
        layers.Dense(4, activation="relu", input_shape=(3,)),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.Dense(2),
    ]
)
model.set_weights([noise.rand(*weight.shape).astype("float32") for weight in model.get_weights()])
model.compile("adam", "mse")
model.fit(noise.rand(8, 3), noise.rand(8, 2), verbose=0)
x = noise.rand(8, 3).astype("float32")
np.savez("io.npz", x=x, y=model.predict(x))
model.save("whole.h5")
model.save_weights("weights.h5")
model.save_weights("objects")
tf.train.Saver().save(tf.keras.backend.get_session(), "model.ckpt", write_meta_graph=False, write_state=False)
