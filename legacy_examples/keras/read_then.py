"""Loads what then.py wrote in TensorFlow 1.15.5 into a model of Keras 3.

    python read_then.py DIR
"""

import os
import sys

import numpy as np
from tensorflow import keras

import compat_saver as cs

directory = sys.argv[1]
x = np.random.RandomState(0).uniform(-1, 1, size=(64, 3)).astype("float32")
expected = np.load(os.path.join(directory, "predictions.npy"))


def create_model():
    return keras.Sequential([
        keras.layers.Input((3,)),
        keras.layers.Dense(4, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(1, activation="sigmoid"),
    ])


for source in (cs.latest_checkpoint(directory), "model.h5", "saved_model"):
    model = create_model()
    cs.load_into(model, os.path.join(directory, os.path.basename(source)))
    same = np.allclose(model.predict(x, verbose=0), expected, atol=1e-5)
    print("%s: same predictions: %s" % (os.path.basename(source), same))
