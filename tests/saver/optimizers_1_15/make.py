"""Wrote what is beside it, run by Python 3.7 with TensorFlow 1.15.5: `python make.py`.

One linear model per optimizer, trained for three steps and saved; `steps.npz` holds the data and the weights after the
fourth step. Those of TensorFlow 1 are in one checkpoint, each below a scope of its own; those of Keras in a whole model
(Adam) and in the format of TensorFlow (SGD, RMSprop).
"""

import numpy as np
import tensorflow as tf

noise = np.random.RandomState(0)
x, y = noise.randn(8, 3).astype("float32"), noise.randn(8, 2).astype("float32")
steps = {"x": x, "y": y}
train = tf.train
OPTIMIZERS = {
    "adam": train.AdamOptimizer(0.1),
    "momentum": train.MomentumOptimizer(0.1, 0.9),
    "rmsprop": train.RMSPropOptimizer(0.1, momentum=0.5),
    "adagrad": train.AdagradOptimizer(0.1),
    "adadelta": train.AdadeltaOptimizer(0.1),
    "ftrl": train.FtrlOptimizer(0.1),
    "nesterov": train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "centered": train.RMSPropOptimizer(0.1, momentum=0.5, centered=True),
    "ftrl_regularized": train.FtrlOptimizer(
        0.1, learning_rate_power=-0.4, l1_regularization_strength=0.02, l2_regularization_strength=0.03
    ),
}
train_ops = {}
for name, optimizer in OPTIMIZERS.items():
    with tf.variable_scope(name):
        loss = tf.reduce_mean((tf.layers.dense(x, 2, name="dense") - y) ** 2)
        train_ops[name] = optimizer.minimize(loss, var_list=tf.trainable_variables(name + "/"))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for _ in range(3):
        session.run(train_ops)
    train.Saver().save(session, "tf1.ckpt", write_meta_graph=False, write_state=False)
    session.run(train_ops)
    for name in OPTIMIZERS:
        steps[name] = session.run(tf.trainable_variables(name + "/dense/kernel")[0])
keras = tf.keras
for name, optimizer in {
    "keras_adam": keras.optimizers.Adam(0.1),
    "keras_sgd": keras.optimizers.SGD(0.1, 0.9),
    "keras_rmsprop": keras.optimizers.RMSprop(0.1, momentum=0.5),
}.items():
    keras.backend.clear_session()
    model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,), name="dense")])
    model.compile(optimizer, "mse")
    for _ in range(3):
        model.train_on_batch(x, y)
    if name == "keras_adam":
        model.save(name + ".h5")
    else:
        model.save_weights(name)
    model.train_on_batch(x, y)
    steps[name] = model.get_weights()[0]
np.savez("steps.npz", **steps)
