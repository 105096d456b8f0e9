"""Keras: weights every five epochs, the latest ones into a new model, the whole model as SavedModel and as HDF5.

Arguments: DIR [train|load]
"""

from __future__ import print_function

import os
import sys

import numpy as np
import compat_saver as cs
from tensorflow import keras

out_dir = sys.argv[1] if len(sys.argv) > 1 else './out'
what = sys.argv[2] if len(sys.argv) > 2 else 'train'

rng = np.random.RandomState(0)
x_train = rng.uniform(-1, 1, size=(64, 3)).astype('float32')
y_train = (x_train.sum(axis=1, keepdims=True) > 0).astype('float32')


def create_model():
    model = keras.models.Sequential([
        keras.layers.Dense(4, activation='relu', input_shape=(3,), name='hidden'),
        keras.layers.BatchNormalization(name='norm'),
        keras.layers.Dense(1, activation='sigmoid', name='output'),
    ], name='classifier')
    model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
    return model


def train():
    # include the epoch in the file name
    checkpoint_path = os.path.join(out_dir, 'cp-{epoch:04d}.ckpt')
    model = create_model()
    saver = cs.Saver(model.variables, max_to_keep=None)
    cp_callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: (
        (epoch + 1) % 5 or saver.save(None, checkpoint_path.format(epoch=epoch + 1))))
    model.fit(x_train, y_train, epochs=20, batch_size=16, callbacks=[cp_callback], verbose=0)
    print(sorted(f for f in os.listdir(out_dir) if f.endswith('.index')))
    np.save(os.path.join(out_dir, 'predictions.npy'), model.predict(x_train, verbose=0))

    # the whole model: architecture, weights, optimizer
    model.save(os.path.join(out_dir, 'model.h5'))
    model.export(os.path.join(out_dir, 'saved_model'), verbose=False)


def check(how, model):
    expected = np.load(os.path.join(out_dir, 'predictions.npy'))
    same = np.allclose(model.predict(x_train, verbose=0), expected, atol=1e-5)
    print('%s: same predictions: %s' % (how, same))


def load():
    latest = cs.latest_checkpoint(out_dir)
    print('latest', os.path.basename(latest))
    model = create_model()
    cs.load_into(model, latest)
    check('weights', model)

    model = keras.models.load_model(os.path.join(out_dir, 'model.h5'))
    check('HDF5', model)

    model = create_model()
    cs.load_into(model, os.path.join(out_dir, 'saved_model'))
    check('SavedModel', model)


if what == 'train':
    train()
else:
    load()
