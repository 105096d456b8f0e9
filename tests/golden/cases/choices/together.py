"""Outputs that mean something only together: parameters of one distribution, sequences with their scores."""

import tensorflow as tf

from _choices import main, minimize, real, serve, squared, whole


def mixture():
    """A mixture of three normal distributions: weights, widths and means are cut out of one layer."""
    x, y = real(1), real(1)
    layer = tf.layers.dense(tf.layers.dense(x, 5, tf.tanh), 9)
    weights, widths, means = tf.split(layer, 3, 1)
    weights = tf.exp(weights - tf.reduce_max(weights, 1, keep_dims=True))
    weights = weights / tf.reduce_sum(weights, 1, keep_dims=True)
    widths = tf.exp(widths)
    density = tf.exp(-tf.square((y - means) / widths) / 2) / widths * 0.4
    minimize(tf.reduce_mean(-tf.log(tf.reduce_sum(density * weights, 1))))
    return serve([x], weights, widths, means)


def mixture_by_slices():
    """Likewise with slices, weights by a softmax, and a likelihood that is computed by its logarithm."""
    x, y = real(6, 2), real(1)
    state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), x, dtype=tf.float32)[1]
    layer = tf.layers.dense(state, 6)
    weights = tf.nn.softmax(layer[:, :2])
    widths = tf.nn.softplus(layer[:, 2:4]) + 0.01
    means = layer[:, 4:]
    exponents = tf.log(weights) - 0.5 * tf.square((y - means) / widths) - tf.log(widths)
    minimize(-tf.reduce_mean(tf.reduce_logsumexp(exponents, 1)))
    return serve([x], [weights, "strided_slice:0"], widths, means)


def mixture_of_layers():
    """Each of the three has a layer of its own."""
    x, y = real(2, name="x"), real(1, name="y")
    hidden = tf.layers.dense(x, 5, tf.tanh)
    logits, means = tf.layers.dense(hidden, 3), tf.layers.dense(hidden, 3)
    weights, widths = tf.nn.softmax(logits), tf.exp(tf.layers.dense(hidden, 3))
    density = tf.exp(-tf.square((y - means) / widths) / 2) / widths * 0.4
    minimize(-tf.reduce_mean(tf.log(tf.reduce_sum(density * weights, 1) + 1e-8)))
    return serve([x], [weights, logits], widths, means)


def mixture_without_loss():
    """The graph that only serves: nothing reads the means."""
    x = real(3, name="x")
    layer = tf.layers.dense(tf.layers.dense(x, 5, tf.tanh), 6)
    weights, widths, means = tf.split(layer, 3, 1)
    return serve([x], [tf.nn.softmax(weights), weights], tf.exp(widths), means)


def pen():
    """Strokes of a pen: where it goes, as a mixture of two, and whether it is lifted."""
    x, y = real(4, 3, name="strokes"), real(4, 3, name="following")
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(6), x, dtype=tf.float32)
    layer = tf.layers.dense(tf.reshape(outputs, [-1, 6]), 11)
    lifted, rest = layer[:, :1], layer[:, 1:]
    weights, one, two, wide, high = tf.split(rest, 5, 1)
    lifted, weights = tf.sigmoid(lifted), tf.nn.softmax(weights)
    wide, high = tf.exp(wide), tf.exp(high)
    target = tf.reshape(y, [-1, 3])
    a, b, end = tf.split(target, 3, 1)
    density = tf.exp(-tf.square((a - one) / wide) - tf.square((b - two) / high)) / (wide * high)
    loss = -tf.log(tf.reduce_sum(weights * density, 1) + 1e-8)
    loss -= tf.squeeze(tf.log(lifted * end + (1 - lifted) * (1 - end)), 1)
    minimize(tf.reduce_mean(loss))
    return serve([x], [lifted, "strided_slice:0"], [weights, "split:0"], one, two, wide, high)


def uncertain():
    """A mean and the logarithm of its variance, two units of one layer."""
    x, y = real(4), real()
    layer = tf.layers.dense(tf.layers.dense(x, 5, tf.nn.relu), 2)
    mean, log_variance = layer[:, 0], layer[:, 1]
    minimize(tf.reduce_mean(tf.exp(-log_variance) * tf.square(y - mean) + log_variance))
    return serve([x], mean, log_variance)


def drawn_action():
    """A normal distribution from which actions are drawn: mean and width, and the value of the state."""
    state, action, gain = real(3, name="state"), real(1, name="action"), real(1, name="gain")
    hidden = tf.layers.dense(state, 5, tf.nn.relu)
    mean, width = tf.layers.dense(hidden, 1, tf.tanh) * 2, tf.layers.dense(hidden, 1, tf.nn.softplus)
    value = tf.layers.dense(tf.layers.dense(state, 5, tf.nn.relu), 1)
    normal = tf.contrib.distributions.Normal(mean, width)
    tf.squeeze(normal.sample(1), 0)
    minimize(-tf.reduce_mean(normal.log_prob(action) * (gain - tf.stop_gradient(value))) + squared(value, gain))
    return serve([state], [mean, "Normal/loc:0"], [width, "Normal/scale:0"], value)


def whole_output():
    """Only the loss cuts the output into parts."""
    x, boxes, classes = real(4, 4, 1, name="x"), real(4), real(3)
    output = tf.layers.dense(tf.layers.flatten(tf.layers.conv2d(x, 2, 2)), 7)
    output = tf.identity(output, name="output")
    loss = squared(output[:, :4], boxes) + squared(tf.sigmoid(output[:, 4:]), classes)
    minimize(loss)
    return serve([x], [output, output.op.inputs[0]])


def _recognizer():
    x, lengths = real(None, 3, name="x"), whole(name="lengths")
    labels = tf.sparse_placeholder(tf.int32)
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(5), x, lengths, dtype=tf.float32)
    logits = tf.layers.dense(outputs, 4)
    by_time = tf.transpose(logits, [1, 0, 2])
    minimize(tf.reduce_mean(tf.nn.ctc_loss(labels, by_time, lengths)))
    return x, lengths, labels, logits, by_time


def best_paths():
    """The decoder is there for the rate of errors; its result is a sparse tensor."""
    x, lengths, labels, logits, by_time = _recognizer()
    decoded, score = tf.nn.ctc_beam_search_decoder(by_time, lengths)
    tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), labels))
    best = decoded[0]
    return serve([x, lengths], best.indices, best.values, best.dense_shape, score, [logits, by_time])


def greedy_words():
    """The program makes a dense tensor of the sequences itself."""
    x, lengths, labels, logits, by_time = _recognizer()
    decoded, score = tf.nn.ctc_greedy_decoder(by_time, lengths)
    dense = tf.sparse_tensor_to_dense(decoded[0], default_value=-1, name="words")
    tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), labels))
    return serve([x, lengths], dense, score, [logits, by_time])


def decoded_elsewhere():
    """Only the loss of such a network is in the graph."""
    x, lengths, _, logits, by_time = _recognizer()
    return serve([x, lengths], [logits, by_time])


main(
    *(mixture, mixture_by_slices, mixture_of_layers, mixture_without_loss, pen, uncertain, drawn_action, whole_output),
    *(best_paths, greedy_words, decoded_elsewhere),
)
