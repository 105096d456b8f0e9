"""What rearranges at the end: a part of the output, or of the loss."""

import tensorflow as tf

from _choices import cross_entropy, main, minimize, real, serve, squared, whole


def embedding_flattened():
    """A siamese network whose embedding is flat; the loss compares twins."""
    left, right, same = real(8, 8, 1, name="left"), real(8, 8, 1, name="right"), real(1, name="label")

    def net(image, reuse):
        with tf.variable_scope("net", reuse=reuse):
            pooled = tf.layers.max_pooling2d(tf.layers.conv2d(image, 2, 1, name="c"), 8, 8)
            return tf.reshape(pooled, [-1, 2])

    a, b = net(left, None), net(right, True)
    distance = tf.sqrt(tf.reduce_sum(tf.square(a - b), 1, keep_dims=True) + 1e-6)
    minimize(tf.reduce_mean(same * distance**2 + (1 - same) * tf.maximum(0.5 - distance, 0) ** 2))
    return serve([left], a)


def logits_squeezed():
    """A fully convolutional classifier; a library's loss."""
    x, y = real(8, 8, 1, name="x"), whole(name="y")
    pooled = tf.layers.max_pooling2d(tf.layers.conv2d(x, 4, 1, name="c1"), 8, 8)
    logits = tf.squeeze(tf.layers.conv2d(pooled, 2, 1, name="c2"), [1, 2])
    minimize(tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits))
    return serve([x], logits)


def series_restored():
    """All steps go through one layer as rows, and become steps again."""
    x, y = real(5, 1), real(5, 1)
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32)
    steps = tf.reshape(tf.layers.dense(tf.reshape(outputs, [-1, 3]), 1), [-1, 5, 1])
    minimize(squared(steps, y))
    return serve([x], steps)


def flattened_for_the_loss():
    """Logits of every pixel; the loss wants rows, of them and of the labels."""
    image, mask = real(4, 4, 3), whole(4, 4)
    logits = tf.layers.conv2d(image, 2, 1)
    minimize(cross_entropy(tf.reshape(logits, [-1, 2]), tf.reshape(mask, [-1])))
    return serve([image], logits)


def squeezed_by_the_author():
    """A regression without the axis of one."""
    x, y = real(4), real()
    price = tf.squeeze(tf.layers.dense(x, 1), axis=1)
    minimize(squared(price, y))
    return serve([x], price)


def squeezed_by_a_library():
    """A metric makes shapes alike on its own, and so does the loss, in a scope of its name."""
    x, y = real(4), real()
    price = tf.layers.dense(x, 1)
    with tf.name_scope("loss"):
        minimize(squared(tf.squeeze(price, 1), y))
    tf.metrics.mean_absolute_error(y, price)
    return serve([x], price)


def reshaped_and_named():
    """The last op only gives a shape and a name."""
    x, y = real(6), real(2, 3)
    table = tf.reshape(tf.layers.dense(x, 6), [-1, 2, 3], name="table")
    minimize(squared(table, y))
    return serve([x], table)


def transposed_to_batches():
    """A time-major network, whose result is made batch-major."""
    x, y = real(5, 2), real(5, 3)
    outputs, _ = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.BasicRNNCell(3), tf.transpose(x, [1, 0, 2]), dtype=tf.float32, time_major=True
    )
    result = tf.transpose(outputs, [1, 0, 2])
    minimize(squared(result, y))
    return serve([x], result)


def confusion_matrix():
    """A metric takes the classes through asserts."""
    x, y = real(6, name="fingerprint_input"), tf.placeholder(tf.int64, [None], name="groundtruth_input")
    logits = tf.layers.dense(x, 4, name="logits")
    minimize(tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits))
    classes = tf.argmax(logits, 1)
    tf.confusion_matrix(y, classes, num_classes=4)
    tf.reduce_mean(tf.cast(tf.equal(classes, y), tf.float32))
    return serve([x], [classes, logits])


def identity_named():
    """An Identity gives the name under which the program asks."""
    x, y = real(6), whole()
    logits = tf.layers.dense(x, 4)
    scores = tf.identity(tf.nn.softmax(logits), name="answer_of_all")
    minimize(cross_entropy(logits, y))
    return serve([x], [scores, "Softmax:0", logits])


if __name__ == "__main__":
    main(
        *(embedding_flattened, logits_squeezed, series_restored, flattened_for_the_loss, squeezed_by_the_author),
        *(squeezed_by_a_library, reshaped_and_named, transposed_to_batches, confusion_matrix, identity_named),
    )
