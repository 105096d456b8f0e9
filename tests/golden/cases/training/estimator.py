"""The model_dir of an Estimator: batch norm and dropout by mode; expected is Estimator.predict."""
import tensorflow as tf
from _estimator import main


def model_fn(features, labels, mode):
    training = mode == tf.estimator.ModeKeys.TRAIN
    hidden = tf.layers.dense(features["x"], 8, name="hidden")
    hidden = tf.layers.batch_normalization(hidden, momentum=0.7, training=training)
    hidden = tf.layers.dropout(tf.nn.relu(hidden), 0.4, training=training)
    logits = tf.layers.dense(hidden, 3, name="logits")
    prediction = tf.nn.softmax(logits, name="prediction")
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"scores": prediction})
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        train = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train)


main(
    lambda config: tf.estimator.Estimator(model_fn, config=config),
    "prediction:0",
    "scores",
    notes="The Estimator seeds its graph. The features come out of a dataset, with the labels.",
)
