"""Graphs that hold a network more than once, for training, validation and use, and losses of several kinds."""

import tensorflow as tf

from _choices import cross_entropy, main, minimize, real, serve, squared, whole


def _layers(x, drop=None):
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        hidden = tf.layers.dense(x, 6, tf.nn.relu, name="hidden")
        if drop is not None:
            hidden = tf.layers.dropout(hidden, 0.5, training=drop)
        return tf.layers.dense(hidden, 3, name="out")


def trained_and_tested():
    """The same input through a network with dropout and one without, as the tutorials have it."""
    x, y = real(4), whole()
    trained, tested = _layers(x, True), _layers(x, False)
    classes = tf.argmax(tested, 1)
    minimize(cross_entropy(trained, y))
    tf.reduce_mean(tf.cast(tf.equal(tf.cast(classes, tf.int32), y), tf.float32))
    return serve([x], [tested, classes])


def queue_for_training():
    """Training reads a queue, use a placeholder."""
    rows = tf.train.batch([tf.random_uniform([4]), tf.constant(1)], 5)
    trained = _layers(rows[0], True)
    minimize(cross_entropy(trained, rows[1]))
    x = real(4, name="x")
    scores = tf.nn.softmax(_layers(x))
    return serve([x], [scores, scores.op.inputs[0]])


def deep_q():
    """Double deep Q learning: three copies and a target network."""
    now, before, after = real(4, name="observation"), real(4, name="obs_t"), real(4, name="obs_tp1")
    action, reward = whole(), real()
    q, q_before, q_after = _layers(now), _layers(before), _layers(after)
    with tf.variable_scope("target"):
        target = tf.layers.dense(tf.layers.dense(after, 6, tf.nn.relu, trainable=False), 3, trainable=False)
    best = tf.reduce_sum(target * tf.one_hot(tf.argmax(q_after, 1), 3), 1)
    chosen = tf.reduce_sum(q_before * tf.one_hot(action, 3), 1)
    minimize(squared(chosen, tf.stop_gradient(reward + 0.9 * best)))
    wise = tf.argmax(q, 1)
    return serve([now], [wise, q])


def q_of_actions():
    """Deep Q learning in its simplest form."""
    state, action, target = real(4), real(3), real()
    q = _layers(state)
    minimize(squared(tf.reduce_sum(q * action, 1), target))
    return serve([state], q)


def perceptual():
    """A network that is not trained compares what another makes with what it should have made."""
    source, target = real(6, name="source"), real(6, name="target")
    with tf.variable_scope("maker"):
        made = tf.layers.dense(tf.layers.dense(source, 5, tf.nn.relu), 6, tf.nn.sigmoid)

    def features(x):
        with tf.variable_scope("fixed", reuse=tf.AUTO_REUSE):
            return tf.layers.dense(x, 4, tf.nn.relu, trainable=False, name="f")

    minimize(squared(features(made), features(target)) + 0.1 * squared(made, target))
    return serve([source], [made, made.op.inputs[0]])


def two_rates():
    """One loss, two optimizers: the upper layer is trained faster and is no judge."""
    x, y = real(4), whole()
    logits = _layers(x)
    loss = cross_entropy(logits, y)
    minimize(loss, *tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "net/hidden"))
    minimize(loss, *tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, "net/out"))
    return serve([x], logits)


def two_towers_of_retrieval():
    """Users and items through networks of their own; the loss reads their product."""
    user, item, liked = real(4, name="user"), real(5, name="item"), real(name="liked")
    with tf.variable_scope("u"):
        one = tf.layers.dense(user, 3)
    with tf.variable_scope("i"):
        two = tf.layers.dense(item, 3)
    logit = tf.reduce_sum(one * two, 1)
    score = tf.sigmoid(logit, name="score")
    minimize(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logit, labels=liked)))
    return serve([user, item], [score, logit])


def cycle():
    """Two generators, each with a discriminator, and what comes back through both."""
    a, b = real(5, name="real_a"), real(5, name="real_b")

    def network(x, scope, size=5, activation=tf.nn.tanh):
        with tf.variable_scope(scope, reuse=tf.AUTO_REUSE):
            return tf.layers.dense(tf.layers.dense(x, 6, tf.nn.relu, name="a"), size, activation, name="b")

    fake_b, fake_a = network(a, "g_ab"), network(b, "g_ba")
    back = squared(network(fake_b, "g_ba"), a) + squared(network(fake_a, "g_ab"), b)

    def variables(*scopes):
        return [item for scope in scopes for item in tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope)]

    losses = []
    for scope, data, made in (("d_b", b, fake_b), ("d_a", a, fake_a)):
        of_data, of_made = network(data, scope, 1, None), network(made, scope, 1, None)
        minimize(squared(of_data, 1.0) + squared(of_made, 0.0), *variables(scope))
        losses.append(squared(of_made, 1.0))
    minimize(losses[0] + losses[1] + back, *variables("g_ab", "g_ba"))
    return [serve([a], fake_b), serve([b], fake_a)]


def auxiliary():
    """A head that only training has."""
    x, y = real(4), whole()
    hidden = tf.layers.dense(x, 6, tf.nn.relu)
    extra = tf.layers.dense(hidden, 3, name="aux_logits")
    logits = tf.layers.dense(tf.layers.dense(hidden, 6, tf.nn.relu), 3)
    minimize(cross_entropy(logits, y) + 0.3 * cross_entropy(extra, y))
    return serve([x], logits)


def steps_in_one():
    """The steps of a list are put together at the end."""
    x, y = real(3, 2), real(3, 1)
    states, _ = tf.nn.static_rnn(tf.nn.rnn_cell.BasicRNNCell(4), tf.unstack(x, axis=1), dtype=tf.float32)
    w, b = tf.get_variable("w", [4, 1]), tf.get_variable("b", [1])
    series = tf.stack([tf.matmul(state, w) + b for state in states], axis=1)
    minimize(squared(series, y))
    return serve([x], series)


def denoising():
    """An autoencoder that adds noise to what it is given."""
    x = real(6, name="x")
    spoilt = x + 0.1 * tf.random_normal(tf.shape(x))
    code = tf.layers.dense(spoilt, 3, tf.nn.relu)
    made = tf.layers.dense(code, 6, tf.nn.sigmoid)
    minimize(squared(made, x))
    return serve([x], [made, made.op.inputs[0]])


if __name__ == "__main__":
    main(
        *(trained_and_tested, queue_for_training, deep_q, q_of_actions, perceptual, two_rates),
        *(two_towers_of_retrieval, cycle, auxiliary, steps_in_one, denoising),
    )
