"""Wrote `keras_2_2.h5`, run by Python 3.7 with Keras 2.2.4 and TensorFlow 1.15.5: `python make_keras_2_2.py`.

The same as in make.py with the Adam of standalone Keras, which numbers its variables.
"""

import keras
import numpy as np

noise = np.random.RandomState(0)
x, y = noise.randn(8, 3).astype("float32"), noise.randn(8, 2).astype("float32")
model = keras.models.Sequential([keras.layers.Dense(2, input_shape=(3,), name="dense")])
model.compile(keras.optimizers.Adam(0.1), "mse")
for _ in range(3):
    model.train_on_batch(x, y)
model.save("keras_2_2.h5")
