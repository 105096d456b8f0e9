"""The model_dir of a DNNClassifier with dropout; expected is Estimator.predict."""
import tensorflow as tf
from _estimator import main


def make(config):
    return tf.estimator.DNNClassifier(
        hidden_units=[8, 6],
        feature_columns=[tf.feature_column.numeric_column("x", shape=[5])],
        n_classes=3,
        optimizer=tf.train.GradientDescentOptimizer(0.1),
        dropout=0.4,
        config=config,
    )


main(
    make,
    "dnn/head/predictions/probabilities:0",
    "probabilities",
    notes="The Estimator seeds its graph. The features come out of a dataset, with the labels.",
)
