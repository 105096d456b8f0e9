"""A Keras model built in learning phase 1, trained and saved without the help of Keras."""
import tensorflow as tf
from _case import mean_squared, noise
from _training import Net, main


def build(training):
    keras, layers = tf.keras, tf.keras.layers
    keras.backend.set_learning_phase(training)  # 1.4 does not take 1 for a fused batch norm
    x = layers.Input(shape=(6, 6, 2), name="x")
    hidden = layers.Conv2D(4, 3, name="conv")(x)
    hidden = layers.BatchNormalization(momentum=0.8, name="norm1")(hidden)
    hidden = layers.GlobalAveragePooling2D()(layers.Activation("relu")(hidden))
    hidden = layers.Dropout(0.3, name="dropout1")(hidden)
    hidden = layers.Dense(6, activation="tanh", name="dense")(hidden)
    hidden = layers.BatchNormalization(momentum=0.8, name="norm2")(hidden)
    hidden = layers.Dropout(0.3, name="dropout2")(hidden)
    model = keras.models.Model(x, layers.Dense(3, activation="softmax", name="scores")(hidden))
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    prediction = tf.identity(model.output, name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y), updates=model.updates)


main(
    build,
    rows=[noise(4, 6, 6, 2)],
    batch=lambda step: {
        "x:0": 2 * noise(5, 6, 6, 2, seed=step) + 1,
        "y:0": noise(5, 3, seed=step),
    },
)
