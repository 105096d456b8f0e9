"""Feature columns that are bucketized and crossed; the features come out of a dataset, without names of their own."""
import numpy as np
import tensorflow as tf

from _case import Model, main, mean_squared, noise, requires

requires(1, 8, "feature columns as Estimators use them")


def build():
    columns, data = tf.feature_column, {
        "age": np.array([[17.0], [25.0], [40.0], [70.0]], np.float32),
        "town": np.array([[b"ulm"], [b"rom"], [b""], [b"ulm"]]),
        "work": np.array([[b"cook"], [b"none"], [b"none"], [b"smith"]]),
    }
    both = {"features": data, "target": noise(4, 1)}
    examples = tf.data.Dataset.from_tensor_slices(both).repeat().batch(2).make_one_shot_iterator().get_next()
    features = examples["features"]
    age = columns.bucketized_column(columns.numeric_column("age"), [18.0, 30.0, 65.0])
    town = columns.categorical_column_with_hash_bucket("town", 6)
    listed = [
        age,
        town,
        columns.crossed_column([age, "town", "work"], 8),
        columns.crossed_column(["town", "work"], 5),
    ]
    score = tf.identity(columns.linear_model(features, listed), name="score")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(score, examples["target"]))
    fed = [features["age"], features["town"], features["work"]]
    rows = [data[name] for name in ("age", "town", "work")]
    return Model(fed, [score], [rows, [array[1:2] for array in rows]], train=train)


main(build)
