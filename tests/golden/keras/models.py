"""Builds small models under an old Keras, trains them for a few steps, saves them and records what they compute.

    python models.py OUT_DIRECTORY {keras,tf,tf-v2} CASE...

Runs on Python 3.7 to 3.10. Each case becomes OUT_DIRECTORY/CASE.zip: what the release can write of model.h5, saved/
and model.keras, and recorded.npz: inputs (x0, x1, ...), predictions (y0, ...), and for compiled models the labels
(t0, ...), the loss of one further train_on_batch, and every weight after it (after/LAYER/NUMBER).
"""

import os
import shutil
import sys
import tempfile

import numpy as np
import tensorflow as tf

OUT, FLAVOR = sys.argv[1], sys.argv[2]
if FLAVOR == "tf-v2":
    tf.compat.v1.enable_v2_behavior()
if FLAVOR == "keras":
    import keras as K
else:
    K = tf.keras
L = K.layers
IS_1 = tf.__version__.startswith("1.")
# In TensorFlow 1, tf.keras.layers.LSTM and GRU mean the older layers unless v2 behavior is enabled.


def floats(*shape, **seed):
    return np.random.RandomState(seed.get("seed", 1)).randn(6, *shape).astype("float32")


def numbers(limit, *shape):
    return np.random.RandomState(1).randint(0, limit, (6,) + shape).astype("int32")


def frames():
    """Models applied to each frame of a film."""
    frame = K.Sequential([L.Conv2D(2, 3, activation="relu", input_shape=(5, 5, 1)), L.Flatten(), L.Dense(3)])
    i = K.Input((5, 5, 1))
    other = K.Model(i, L.GlobalAveragePooling2D()(L.Conv2D(2, 3)(i)))
    film = K.Input((4, 5, 5, 1))
    both = L.concatenate([L.TimeDistributed(frame)(film), L.TimeDistributed(other)(film)])
    model = K.Model(film, L.Dense(2)(L.GlobalAveragePooling1D()(both)))
    model.compile(K.optimizers.Adam(0.01), "mse")
    return model, [floats(4, 5, 5, 1)], [floats(2, seed=2)]


def dense():
    model = K.Sequential([L.Dense(5, activation="relu", input_shape=(4,)), L.Dense(3, activation="softmax")])
    model.compile(K.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, [floats(4)], [numbers(3, 1)]


def dropout():
    i = K.Input((4,))
    x = L.GaussianNoise(0.1)(L.Dropout(0.3)(L.Dense(4, activation="tanh", kernel_regularizer="l2")(i)))
    x = L.LeakyReLU(0.2)(L.PReLU()(x))
    model = K.Model(i, L.Activation("hard_sigmoid")(L.ELU()(x)))
    model.compile("rmsprop", "mse")
    return model, [floats(4)], []


def conv():
    i = K.Input((8, 8, 3))
    x = L.Conv2D(4, 3, activation="relu", padding="same", dilation_rate=2)(i)
    x = L.MaxPooling2D()(L.BatchNormalization()(x))
    x = L.SeparableConv2D(4, 3, padding="same", activation="relu")(x)
    x = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x)
    x = L.Conv2DTranspose(2, 3, strides=2, padding="same")(x)
    x = L.AveragePooling2D()(L.ZeroPadding2D(1)(L.UpSampling2D(2)(x)))
    model = K.Model(i, L.Dense(2)(L.Flatten()(L.Cropping2D(1)(x))))
    model.compile(K.optimizers.SGD(0.01, momentum=0.9, nesterov=True), "mse", metrics=["mae"])
    return model, [floats(8, 8, 3)], [floats(2)]


def conv_1d_3d():
    i = K.Input((6, 4))
    x = L.Conv1D(4, 2, padding="causal", activation="relu")(i)
    x = L.MaxPooling1D(2)(L.SeparableConv1D(4, 2)(x))
    x = L.GlobalAveragePooling1D()(L.Reshape((2, 4))(L.Flatten()(L.Permute((2, 1))(x))))
    j = K.Input((3, 4, 4, 2))
    y = L.GlobalMaxPooling3D()(L.Conv3D(4, 2)(j))
    return K.Model([i, j], L.Concatenate()([x, y])), [floats(6, 4), floats(3, 4, 4, 2)], []


def embedding_lstm():
    model = K.Sequential()
    model.add(L.Embedding(20, 4, input_length=5, mask_zero=True))
    model.add(L.LSTM(3, return_sequences=True))
    model.add(L.LSTM(3))
    model.add(L.Dense(2, activation="softmax"))
    model.compile(K.optimizers.Adam(0.01), "categorical_crossentropy")
    return model, [numbers(20, 5)], [np.eye(2, dtype="float32")[numbers(2, 1)[:, 0]]]


def recurrent():
    i = K.Input((4, 3))
    x = L.SimpleRNN(3, return_sequences=True)(L.Masking()(i))
    x = L.GRU(3, reset_after=False, return_sequences=True)(x)
    x = L.GRU(3, reset_after=True, return_sequences=True)(x)
    x = L.TimeDistributed(L.Dense(3, activation="hard_sigmoid"))(x)
    x = L.RNN([L.LSTMCell(2), L.GRUCell(2)])(x)
    model = K.Model(i, L.LSTM(2, go_backwards=True, implementation=2)(L.RepeatVector(3)(x)))
    model.compile(K.optimizers.RMSprop(0.01), "mse")
    return model, [floats(4, 3)], [floats(2)]


def bidirectional():
    i = K.Input((4, 3))
    x = L.Bidirectional(L.LSTM(3, return_sequences=True))(i)
    model = K.Model(i, L.Dense(2)(L.Bidirectional(L.GRU(2), merge_mode="sum")(x)))
    model.compile(K.optimizers.Adagrad(0.05), "mse")
    return model, [floats(4, 3)], [floats(2)]


def conv_lstm():
    i = K.Input((3, 4, 4, 2))
    x = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(i)
    return (
        K.Model(i, L.TimeDistributed(L.Flatten())(L.ConvLSTM2D(2, 2, return_sequences=True)(x))),
        [floats(3, 4, 4, 2)],
        [],
    )


def attention():
    i, j = K.Input((4, 4)), K.Input((3, 4))
    x = L.Attention(use_scale=True)([i, j])
    x = L.LayerNormalization()(L.AdditiveAttention()([x, j]))
    if hasattr(L, "MultiHeadAttention"):
        x = L.MultiHeadAttention(2, 2)(x, j)
    model = K.Model([i, j], L.GlobalAveragePooling1D()(x))
    model.compile(K.optimizers.Adam(0.01), "mse")
    return model, [floats(4, 4), floats(3, 4)], [floats(4)]


def nested():
    inner = K.Sequential([L.Dense(4, activation="relu", input_shape=(4,)), L.BatchNormalization()], name="inner")
    i = K.Input((4,))
    outer = K.Model(i, L.Dense(3)(inner(i)), name="middle")
    j = K.Input((4,))
    frozen = L.Dense(4, name="frozen")
    frozen.trainable = False
    model = K.Model(j, L.Dense(2)(outer(frozen(j))))
    model.compile(K.optimizers.SGD(0.05), "mse")
    return model, [floats(4)], [floats(2)]


def shared():
    i, j = K.Input((4,), name="left"), K.Input((4,), name="right")
    twin = L.Dense(3, activation="tanh")
    a, b = twin(i), twin(j)
    x = L.Concatenate()([L.Add()([a, b]), L.Multiply()([a, b]), L.Maximum()([a, b]), L.Dot(1)([a, b])])
    x = L.Concatenate(axis=-1)([x, L.Subtract()([a, b]), L.Average()([a, b])])
    model = K.Model([i, j], [L.Dense(2, name="first")(x), L.Dense(1, activation="sigmoid", name="second")(x)])
    losses = {"first": "mse", "second": "binary_crossentropy"}
    model.compile(
        K.optimizers.Adam(0.01), losses, loss_weights={"first": 1.0, "second": 0.5}, metrics={"first": ["mae"]}
    )
    return model, [floats(4), floats(4, seed=2)], [floats(2), numbers(2, 1).astype("float32")]


def op_layers():
    i, j = K.Input((4,)), K.Input((4,))
    x = i * 2.0 + 1.0 - j / 3.0
    x = tf.concat([x, tf.nn.relu(-x)], axis=1)
    x = tf.reshape(x, [-1, 2, 4])[:, 1]
    x = tf.sqrt(tf.abs(x) + 0.5) + tf.reduce_mean(x, axis=-1, keepdims=True)
    model = K.Model([i, j], L.Dense(2)(tf.expand_dims(x, 1)))
    model.compile(K.optimizers.SGD(0.01), "mse")
    return model, [floats(4), floats(4, seed=2)], [floats(1, 2)]


class Subclassed(K.Model):
    def __init__(self):
        super(Subclassed, self).__init__()
        self.first, self.second = L.Dense(4, activation="relu"), L.Dense(2)

    def call(self, x):
        return self.second(self.first(x))


def subclassed():
    model = Subclassed()
    model.compile(K.optimizers.Adam(0.01), "mse")
    return model, [floats(4)], [floats(2)]


def mobile():
    """A small MobileNet: strided convolutions padded by hand, ReLU6, depthwise blocks, dropout, a 1x1 classifier."""
    x = i = K.Input((12, 12, 3))
    for filters, strides in ((4, 2), (8, 1), (8, 2)):
        x = L.ZeroPadding2D(((0, 1), (0, 1)))(x)
        x = L.DepthwiseConv2D(3, strides=strides, use_bias=False)(x)
        x = L.ReLU(6.0)(L.BatchNormalization()(x))
        x = L.Conv2D(filters, 1, use_bias=False)(x)
        x = L.ReLU(6.0)(L.BatchNormalization()(x))
    x = L.Reshape((1, 1, 8))(L.GlobalAveragePooling2D()(x))
    x = L.Reshape((3,))(L.Conv2D(3, 1)(L.Dropout(0.001)(x)))
    model = K.Model(i, L.Activation("softmax")(x))
    model.compile(K.optimizers.RMSprop(0.01), "categorical_crossentropy")
    return model, [floats(12, 12, 3)], [np.eye(3, dtype="float32")[numbers(3, 1)[:, 0]]]


def residual():
    i = K.Input((8, 8, 3))
    x = L.ReLU()(L.BatchNormalization(epsilon=1.001e-5)(L.Conv2D(4, 3, strides=2, padding="same")(i)))
    for _ in range(2):
        y = L.Activation("relu")(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(x)))
        x = L.Activation("relu")(L.Add()([x, L.BatchNormalization()(L.Conv2D(4, 1)(y))]))
    model = K.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.compile(K.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model, [floats(8, 8, 3)], [numbers(3, 1)]


def small(optimizer):
    model = K.Sequential([L.Dense(3, activation="tanh", input_shape=(4,)), L.Dense(2)])
    model.compile(optimizer, "mse")
    return model, [floats(4)], [floats(2)]


def nadam():
    return small(K.optimizers.Nadam(0.01))


def adamax():
    return small(K.optimizers.Adamax(0.01))


def adamw():
    return small(K.optimizers.AdamW(0.01, weight_decay=0.1))


def ftrl():
    return small(K.optimizers.Ftrl(0.05, l1_regularization_strength=0.01))


def adadelta():
    return small(K.optimizers.Adadelta(0.5))


def centered():
    return small(K.optimizers.RMSprop(0.01, momentum=0.5, centered=True))


def legacy_adam():
    return small(K.optimizers.legacy.Adam(0.01, amsgrad=True))


def legacy_rmsprop():
    return small(K.optimizers.legacy.RMSprop(0.01, centered=True))


def legacy_momentum():
    return small(K.optimizers.legacy.RMSprop(0.01, momentum=0.5, centered=True))


def as_list(values):
    return list(values) if isinstance(values, (list, tuple)) else [values]


def single(values):
    return values[0] if len(values) == 1 else values


def weights_of(layer, prefix):
    """Yields every weight, those of nested models layer by layer, as Keras gathers them."""
    for number, value in enumerate(layer.get_weights()):
        yield "%s/%d" % (prefix, number), value


def record(model, inputs, labels):
    found = {"x%d" % number: value for number, value in enumerate(inputs)}
    found.update({"y%d" % number: value for number, value in enumerate(as_list(model.predict(single(inputs))))})
    if labels:
        found.update({"t%d" % number: value for number, value in enumerate(labels)})
        found["loss"] = np.asarray(as_list(model.train_on_batch(single(inputs), single(labels)))[0])
        for layer in model.layers:
            found.update(weights_of(layer, "after/" + layer.name))
    return found


def save(model, folder, name):
    if name != "subclassed":
        model.save(os.path.join(folder, "model.h5"))
    if name in SAVED_TOO and FLAVOR != "keras":
        model.save(os.path.join(folder, "saved"), save_format="tf")
    if tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 12) and name != "subclassed":
        model.save(os.path.join(folder, "model.keras"))


SAVED_TOO = ("dense", "conv", "shared", "nested", "subclassed", "op_layers")


def make(name):
    K.backend.clear_session()
    np.random.seed(1)
    (tf.compat.v1.set_random_seed if IS_1 else tf.random.set_seed)(1)
    model, inputs, labels = globals()[name]()
    for _ in range(2 if labels else 0):
        model.train_on_batch(single(inputs), single(labels))
    model.predict(single(inputs))
    folder = tempfile.mkdtemp()
    save(model, folder, name)
    np.savez_compressed(os.path.join(folder, "recorded.npz"), **record(model, inputs, labels))
    shutil.make_archive(os.path.join(OUT, name), "zip", folder)
    shutil.rmtree(folder)


os.makedirs(OUT, exist_ok=True)
for case in sys.argv[3:]:
    make(case)
    print("made", OUT, case)
