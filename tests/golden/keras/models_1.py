"""Builds small models under Keras 1.2, trains them for a few steps, saves them and records what they compute.

    KERAS_BACKEND=tensorflow|theano python models_1.py OUT_DIRECTORY CASE...

Runs on Python 3.6. Each case becomes OUT_DIRECTORY/CASE.zip with model.h5 and recorded.npz: inputs (x0, x1, ...), the
predictions (y0), the labels (t0), and the loss of one further train_on_batch.
"""

import os
import shutil
import sys
import tempfile

import numpy as np
from keras import layers as L
from keras.models import Model, Sequential


def floats(*shape, **seed):
    return np.random.RandomState(seed.get("seed", 1)).randn(6, *shape).astype("float32")


def numbers(limit, *shape):
    return np.random.RandomState(1).randint(0, limit, (6, *shape)).astype("int32")


def dense():
    model = Sequential()
    model.add(L.Dense(5, input_dim=4, activation="relu", W_regularizer="l2", b_constraint="nonneg", init="uniform"))
    model.add(L.BatchNormalization())
    model.add(L.Dense(3, activation="softmax", bias=False))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model, [floats(4)], np.eye(3, dtype="float32")[numbers(3, 1)[:, 0]]


def conv():
    model = Sequential()
    model.add(L.Convolution2D(4, 3, 2, activation="relu", border_mode="same", input_shape=(8, 9, 3), dim_ordering="tf"))
    model.add(L.MaxPooling2D(dim_ordering="tf"))
    model.add(L.AtrousConvolution2D(3, 2, 2, atrous_rate=(2, 2), dim_ordering="tf"))
    model.add(L.Deconvolution2D(2, 3, 3, output_shape=(None, 6, 6, 2), subsample=(2, 2), dim_ordering="tf"))
    model.add(L.SeparableConvolution2D(3, 2, 2, dim_ordering="tf"))
    model.add(L.Flatten())
    model.add(L.Dense(2))
    model.compile("sgd", "mse")
    return model, [floats(8, 9, 3)], floats(2)


def channels_first():
    model = Sequential()
    model.add(L.Convolution2D(4, 3, 2, activation="relu", input_shape=(3, 6, 7), dim_ordering="th"))
    model.add(L.AveragePooling2D(dim_ordering="th"))
    model.add(L.Convolution2D(3, 2, 2, dim_ordering="th"))
    model.add(L.Flatten())
    model.add(L.Dense(2))
    model.compile("sgd", "mse")
    return model, [floats(3, 6, 7)], floats(2)


def conv_1d():
    model = Sequential()
    model.add(L.Embedding(20, 4, input_length=7))
    model.add(L.Convolution1D(5, 3, border_mode="same", activation="relu"))
    model.add(L.MaxPooling1D(2))
    model.add(L.Convolution1D(4, 2, subsample_length=2))
    model.add(L.GlobalMaxPooling1D())
    model.compile("adam", "mse")
    return model, [numbers(20, 7)], floats(4)


def recurrent():
    i = L.Input((4, 3))
    x = L.LSTM(3, return_sequences=True)(L.Masking()(i))
    x = L.GRU(3, return_sequences=True, consume_less="gpu")(x)
    x = L.Bidirectional(L.LSTM(2, return_sequences=True, consume_less="mem"))(x)
    x = L.TimeDistributed(L.Dense(3, activation="tanh"))(x)
    model = Model(i, L.GRU(2)(L.SimpleRNN(3, return_sequences=True)(x)))
    model.compile("adam", "mse")
    return model, [floats(4, 3)], floats(2)


def conv_lstm():
    model = Sequential()
    model.add(
        L.ConvLSTM2D(2, 3, 3, border_mode="same", dim_ordering="tf", input_shape=(3, 4, 4, 2), return_sequences=True)
    )
    model.add(L.Flatten())
    model.compile("sgd", "mse")
    return model, [floats(3, 4, 4, 2)], floats(96)


def merged():
    """A Sequential that starts with a Merge: what it holds of its branches is flat."""
    left, right = Sequential(), Sequential()
    left.add(L.Dense(3, input_dim=4))
    left.add(L.Activation("tanh"))
    right.add(L.Embedding(5, 3, input_length=1))
    right.add(L.Flatten())
    model = Sequential()
    model.add(L.Merge([left, right], mode="concat"))
    model.add(L.Dense(2))
    model.compile("adam", "mse")
    return model, [floats(4), numbers(5, 1)], floats(2)


def functional():
    i, j = L.Input((4,)), L.Input((4,))
    twin = L.Dense(3)
    b = twin(j)
    inner = Sequential([L.Dense(3, input_dim=3, activation="relu"), L.Dense(3)])
    a = Sequential([inner, L.Dense(3)])(twin(i))
    pairs = [L.merge([a, b], mode=mode) for mode in ("sum", "mul", "ave", "max")]
    x = L.merge([L.merge([a, b], mode="dot", dot_axes=1), *pairs], mode="concat")
    model = Model([i, j], L.Dense(2)(L.LeakyReLU(0.2)(L.PReLU()(x))))
    model.compile("adam", "mse")
    return model, [floats(4), floats(4, seed=2)], floats(2)


def cosine():
    i, j = L.Input((4,)), L.Input((4,))
    x = L.Flatten()(L.merge([L.Dense(3)(i), L.Dense(3)(j)], mode="cos", dot_axes=1))
    model = Model([i, j], L.Dense(2)(x))
    model.compile("adam", "mse")
    return model, [floats(4), floats(4, seed=2)], floats(2)


def single(values):
    return values[0] if len(values) == 1 else values


def make(name, out):
    np.random.seed(1)
    model, inputs, labels = globals()[name]()
    for _ in range(3):
        model.train_on_batch(single(inputs), labels)
    folder = tempfile.mkdtemp()
    model.save(os.path.join(folder, "model.h5"))
    found = {f"x{number}": value for number, value in enumerate(inputs)}
    found.update(y0=model.predict(single(inputs)), t0=labels)
    found["loss"] = np.ravel(model.train_on_batch(single(inputs), labels))[0]
    np.savez_compressed(os.path.join(folder, "recorded.npz"), **found)
    shutil.make_archive(os.path.join(out, name), "zip", folder)
    shutil.rmtree(folder)


os.makedirs(sys.argv[1], exist_ok=True)
for case in sys.argv[2:]:
    make(case, sys.argv[1])
    print("made", sys.argv[1], case)
