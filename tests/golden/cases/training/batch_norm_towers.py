"""Two towers, each with half of the batch, normalize by the mean of their statistics."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main
from tensorflow.python.training.moving_averages import assign_moving_average


def kept(name, first):
    start = tf.constant_initializer(first)
    return tf.get_variable(name, [8], initializer=start, trainable=False)


def statistics(halves, averages):
    """The mean and variance of all towers together, as replicas compute them over a network."""
    means = [tf.reduce_mean(half, 0) for half in halves]
    squares = [tf.reduce_mean(tf.square(half), 0) for half in halves]
    mean = tf.add_n(means) / len(halves)
    variance = tf.add_n(squares) / len(halves) - tf.square(mean)
    for average, value in zip(averages, [mean, variance]):
        update = assign_moving_average(average, value, 0.8, zero_debias=False)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    return mean, variance


def build(training):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    w1, w2 = weights("w1", 5, 8), weights("w2", 8, 2)
    gamma = tf.get_variable("gamma", [8], initializer=tf.constant_initializer(1.0))
    averages = [kept("moving_mean", 0.0), kept("moving_variance", 1.0)]
    middle = tf.shape(x)[0] // 2
    halves = [tf.matmul(half, w1) for half in ([x[:middle], x[middle:]] if training else [x])]
    mean, variance = statistics(halves, averages) if training else averages
    outputs = []
    for number, half in enumerate(halves):
        with tf.name_scope("tower_%d" % number):
            normal = tf.nn.batch_normalization(half, mean, variance, None, gamma, 1e-3)
            outputs.append(tf.matmul(tf.nn.relu(normal), w2))
    prediction = tf.identity(tf.concat(outputs, 0), name="prediction")
    return Net([x], [prediction], mean_squared(prediction, y))


main(
    build,
    rows=[noise(4, 5)],
    batch=lambda step: {"x:0": 2 * noise(6, 5, seed=step) + 1, "y:0": noise(6, 2, seed=step)},
    notes="""A batch of one leaves tower 0 no row: its statistics are NaN in the training graph.
        The inference graph has one tower.""",
)
