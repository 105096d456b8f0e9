"""What programs do around their outputs: round for an accuracy, build a part again, keep a copy, feed a state."""

import tensorflow as tf

from _choices import cross_entropy, main, minimize, real, serve, squared, variables_in, whole


def leaky_at_the_end():
    """An autoencoder with one activation all along; its input is what its output is compared with."""
    x = real(6)

    def leaky(y):
        return tf.maximum(0.2 * y, y)

    made = leaky(tf.layers.dense(leaky(tf.layers.dense(x, 3)), 6))
    minimize(tf.reduce_mean(tf.abs(x - made)))
    return serve([x], made)


def next_observation():
    """The network computes the difference to an observation that no layer sees."""
    action, seen, following = real(2, name="action"), real(5, name="seen"), real(5, name="following")
    change = tf.layers.dense(tf.layers.dense(action, 6, tf.nn.relu), 5)
    made = tf.minimum(tf.maximum(change, -1.0) + seen, 1.0)
    minimize(tf.reduce_mean(tf.abs(made - following)))
    return serve([action, seen], made)


def built_again():
    """A generator that the program builds anew wherever it needs a sample."""
    data, noise = real(4), real(3)
    with tf.variable_scope("g"):
        first, second = tf.get_variable("a", [3, 5]), tf.get_variable("b", [5, 4])

    def generate():
        return tf.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(noise, first)), second))

    def judge(x, reuse):
        with tf.variable_scope("d", reuse=reuse):
            return tf.sigmoid(tf.layers.dense(tf.layers.dense(x, 5, tf.nn.relu, name="h"), 1, name="o"))

    real_score, score = judge(data, False), judge(generate(), True)
    minimize(-tf.reduce_mean(tf.log(real_score) + tf.log(1 - score)), *variables_in("d"))
    minimize(-tf.reduce_mean(tf.log(judge(generate(), True))), *variables_in("g"))
    for _ in range(3):
        generate()
    ops = [op for op in tf.get_default_graph().get_operations() if op.type == "Sigmoid"]
    same = [op.outputs[0] for op in ops if op.outputs[0].get_shape()[1].value == 4]
    return serve([noise], same + [tensor.op.inputs[0] for tensor in same])


def words_as_vectors():
    """The largest of each step as a vector of zeros and a one, from which the program samples."""
    x, y = real(5, 7), whole(5)
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
    logits = tf.layers.dense(outputs, 7)
    words = tf.argmax(logits, 2)
    tf.one_hot(words, 7)
    minimize(cross_entropy(logits, y))
    return serve([x], [logits, words])


def rounded_for_the_accuracy():
    """Rounded by hand, up to twice the label."""
    x, label = real(4), tf.placeholder(tf.float32, [None, 1])
    logits = tf.layers.dense(tf.layers.dense(x, 5, tf.nn.relu), 1)
    minimize(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=label)))
    tf.reduce_sum(tf.cast(tf.equal(tf.floor(tf.sigmoid(logits) + 0.5), label), tf.float32))
    tf.reduce_sum(tf.cast(tf.equal(2 * tf.floor(tf.sigmoid(logits) + 0.5), label + 1), tf.float32))
    return serve([x], [logits, "Sigmoid:0", "Sigmoid_1:0"])


def followers():
    """One class builds the network and the one that follows it, each with an optimizer."""

    def network(scope):
        with tf.variable_scope(scope):
            state, target = real(4, name="state"), real(name="target")
            action = real(3, name="action")
            values = tf.layers.dense(tf.layers.dense(state, 6, tf.nn.elu), 3)
            minimize(squared(target, tf.reduce_sum(values * action, 1)))
            return state, values

    (state, values), _ = network("DQN"), network("Target")
    for one, other in zip(variables_in("DQN"), variables_in("Target")):
        other.assign(one)
    return serve([state], values)


def clipped_for_the_logarithm():
    """A cross entropy that takes probabilities back to logits, as Keras has it."""
    x, label = real(4), tf.placeholder(tf.float32, [None, 1])
    answer = tf.sigmoid(tf.layers.dense(tf.layers.dense(x, 5, tf.nn.relu), 1))
    kept = tf.clip_by_value(answer, 1e-7, 1 - 1e-7)
    logits = tf.log(kept / (1 - kept))
    minimize(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=label)))
    return serve([x], [answer, answer.op.inputs[0]])


def state_in_state_out():
    """A network whose state is fed, so that the next call can go on: the last state is an output."""
    x, y, state = real(None, 5), whole(None), real(4, name="state")
    outputs, last = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, initial_state=state)
    logits = tf.layers.dense(outputs, 5)
    probabilities = tf.nn.softmax(logits)
    minimize(cross_entropy(logits, y))
    return serve([x, state], [probabilities, logits], last)


def chosen_by_a_mask():
    """A program calls its prediction so, though an input chooses among the outputs that no layer sees."""
    x, asked, truth = real(6, 5), real(6, 4, name="asked"), real(6, name="truth")
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
    logits = tf.reduce_max(tf.layers.dense(outputs, 4) * asked, 2)
    answer = tf.sigmoid(logits, name="test_predict")
    minimize(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=truth)))
    return serve([x, asked], [answer, logits])


def boxes_joined():
    """Two scales, each with scores and boxes; boxes have no layer after they are joined, only a loss."""
    image, kinds, boxes = real(8, 8, 2), whole(20), real(20, 4)
    maps = [tf.layers.conv2d(image, 3, 2, 2), tf.layers.conv2d(image, 3, 4, 4)]
    scores = tf.concat([tf.reshape(tf.layers.conv2d(part, 3, 1), [-1, size, 3]) for part, size in zip(maps, (16, 4))], 1)
    places = tf.concat([tf.reshape(tf.layers.conv2d(part, 4, 1), [-1, size, 4]) for part, size in zip(maps, (16, 4))], 1)
    minimize(cross_entropy(scores, kinds) + tf.reduce_mean(tf.abs(places - boxes)))
    return serve([image], [tf.nn.softmax(scores), scores], places)


def variational_by_class():
    """Encoder and decoder are told the class; samples come from a code that is fed."""
    x, kind, code = real(6, name="x"), real(3, name="kind"), real(2, name="code")

    def decode(z, reuse):
        with tf.variable_scope("decoder", reuse=reuse):
            return tf.layers.dense(tf.layers.dense(tf.concat([z, kind], 1), 5, tf.nn.elu, name="h"), 6, name="o")

    mean, width = tf.split(tf.layers.dense(tf.layers.dense(tf.concat([x, kind], 1), 5, tf.nn.elu), 4), 2, 1)
    logits = decode(mean + tf.exp(width) * tf.random_normal(tf.shape(mean)), False)
    again, sampled = tf.sigmoid(logits), decode(code, True)
    fit = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=x), 1)
    minimize(tf.reduce_mean(fit + tf.reduce_sum(tf.square(mean) + tf.exp(width) - width, 1)))
    return [serve([code, kind], [tf.sigmoid(sampled), sampled]), serve([x, kind], [again, logits])]


def steps_with_a_name():
    """Each step goes on from the place that the step before chose; the program stacks and names the places."""
    x, wanted = real(4, 2), whole(4)
    memory, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(3), x, dtype=tf.float32)
    cell, read = tf.nn.rnn_cell.GRUCell(3), tf.zeros_like(x[:, 0])
    scores, places = [], []
    with tf.variable_scope("decoder") as scope:
        for step in range(4):
            output, state = cell(read, state)
            scores.append(tf.reduce_sum(memory * tf.expand_dims(output, 1), 2))
            places.append(tf.argmax(scores[-1], 1))
            read = tf.reduce_sum(x * tf.expand_dims(tf.one_hot(places[-1], 4), 2), 1)
            scope.reuse_variables()
    minimize(cross_entropy(tf.stack(scores, 1), wanted))
    return serve([x], [tf.stack(places, 1, name="tour")])


def words_in_a_loop():
    """Each step of a loop feeds the largest of the step before, by the layer that makes the output behind the loop."""
    x, lengths, y = whole(6), whole(name="lengths"), whole(6)
    table, kernel = tf.get_variable("table", [9, 4]), tf.get_variable("kernel", [5, 9])
    _, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), tf.nn.embedding_lookup(table, x), dtype=tf.float32)
    cell, first = tf.nn.rnn_cell.GRUCell(5), tf.zeros([tf.shape(x)[0], 4])

    def step(time, output, last, _):
        done = time >= lengths
        if output is None:
            return done, first, state, None, None
        following = tf.nn.embedding_lookup(table, tf.argmax(tf.matmul(output, kernel), 1))
        return done, tf.cond(tf.reduce_all(done), lambda: first, lambda: following), last, output, None

    with tf.variable_scope("decoder"):
        outputs = tf.transpose(tf.nn.raw_rnn(cell, step)[0].stack(), [1, 0, 2])
    logits = tf.reshape(tf.matmul(tf.reshape(outputs, [-1, 5]), kernel), [tf.shape(x)[0], -1, 9])
    words = tf.argmax(logits, 2)
    minimize(cross_entropy(logits, y))
    return serve([x, lengths], [words, logits, "MatMul:0"])


def classes_of_pixels():
    """Probabilities of an image's pixels, which older releases computed row by row; an accuracy reads classes off."""
    image, mask = real(8, 8, 3), tf.placeholder(tf.int64, [None, 8, 8])
    logits = tf.layers.conv2d(tf.layers.conv2d(image, 4, 3, padding="same", activation=tf.nn.relu), 3, 1)
    flat = tf.reshape(logits, [-1, 3])
    minimize(cross_entropy(flat, tf.reshape(mask, [-1])))
    shares = tf.nn.softmax(logits)
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(shares, 3), mask), tf.float32))
    return serve([image], [shares, logits])


main(
    *(leaky_at_the_end, next_observation, built_again, words_as_vectors, rounded_for_the_accuracy, followers),
    *(clipped_for_the_logarithm, state_in_state_out, chosen_by_a_mask),
    *(boxes_joined, variational_by_class, steps_with_a_name, words_in_a_loop, classes_of_pixels),
)
