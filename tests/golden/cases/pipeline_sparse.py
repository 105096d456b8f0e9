"""Words of varying number from a dataset of sparse tensors: the iterator returns each as a variant to be unpacked."""
import numpy as np
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, requires, weights

requires(1, 8, "tf.data had no sparse tensors, or carried them as text")


def words(rows, seed):
    counts = np.random.RandomState(seed).randint(1, 4, rows)
    indices = [[row, column] for row, count in enumerate(counts) for column in range(count)]
    ids = np.random.RandomState(seed + 1).randint(0, 10, len(indices))
    return np.array(indices, np.int64), ids.astype(np.int64)


def build():
    data = {"age": noise(8, 1), "words": tf.SparseTensor(*words(8, seed=1), dense_shape=[8, 3])}, noise(8, 2, seed=2)
    examples = tf.data.Dataset.from_tensor_slices(data).repeat().batch(4)
    features, target = examples.make_one_shot_iterator().get_next()
    embedded = tf.nn.embedding_lookup_sparse(weights("v", 10, 4), features["words"], None, combiner="mean")
    hidden = tf.matmul(embedded, weights("u", 4, 2)) + tf.matmul(features["age"], weights("w", 1, 2))
    prediction = tf.tanh(hidden + bias("b", 2), name="prediction")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, target))
    parts = [features["words"].indices, features["words"].values]
    runs = [[noise(rows, 1, seed=rows)] + list(words(rows, seed=rows)) for rows in (5, 1)]
    return Model(inputs=[features["age"]] + parts, outputs=[prediction], runs=runs, train=train)


main(build)
