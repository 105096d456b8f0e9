"""The same kinds of networks once more, laid out otherwise: as code of other authors has them."""

import numpy as np
import tensorflow as tf

from _choices import binary, cross_entropy, main, minimize, real, serve, squared, variables_in, whole


def faded_and_shown():
    """A growing generator fades by a variable, its judge too, on a smaller image as well; a summary shows bytes."""
    data, noise = real(4, 4, 1, name="reals"), real(5, name="latents")
    share = tf.Variable(0.5, trainable=False, name="share")
    with tf.variable_scope("G"):
        hidden = tf.reshape(tf.layers.dense(noise, 16, tf.nn.relu), [-1, 2, 2, 4])
        small = tf.image.resize_nearest_neighbor(tf.layers.conv2d(hidden, 1, 1), [4, 4])
        large = tf.layers.conv2d(tf.image.resize_nearest_neighbor(hidden, [4, 4]), 1, 1)
        made = small * (1 - share) + large * share

    def judged(image, reuse):
        with tf.variable_scope("D", reuse=reuse):
            whole_image = tf.layers.conv2d(image, 4, 3, 2, padding="same", activation=tf.nn.relu, name="a")
            smaller = tf.layers.conv2d(tf.layers.average_pooling2d(image, 2, 2), 4, 1, name="b")
            mixed = whole_image * share + smaller * (1 - share)
            return tf.layers.dense(tf.reshape(mixed, [-1, 16]), 1, name="c")

    of_data, of_made = judged(data, False), judged(made, True)
    tf.summary.image("made", tf.saturate_cast((made + 1) * 127.5, tf.uint8))
    minimize(binary(of_data, 1.0) + binary(of_made, 0.0), *variables_in("D"))
    minimize(binary(of_made, 1.0), *variables_in("G"))
    return serve([noise], made)


def restyled():
    """A fixed network judges what is made; its constants are written anew wherever it is applied."""
    image = real(6, 6, 3, name="content")
    hidden = tf.layers.conv2d(image / 255.0, 4, 3, padding="same", activation=tf.nn.relu)
    made = tf.nn.tanh(tf.layers.conv2d(hidden, 3, 3, padding="same")) * 150 + 127.5
    kernels = [np.random.RandomState(size).randn(3, 3, size, 4).astype(np.float32) for size in (3, 4)]

    def features(x):
        x, found = x - np.float32([123, 116, 103]), []
        for kernel in kernels:
            x = tf.nn.relu(tf.nn.conv2d(x, tf.constant(kernel), [1, 1, 1, 1], "SAME"))
            found.append(x)
        return found

    wanted, reached = features(image), features(made)
    rows = tf.reshape(reached[0], [-1, 36, 4])
    style = tf.nn.l2_loss(tf.matmul(rows, rows, transpose_a=True) / 36 - np.eye(4, dtype=np.float32))
    roughness = tf.nn.l2_loss(made[:, 1:] - made[:, :5])
    minimize(tf.nn.l2_loss(reached[1] - wanted[1]) + style + roughness)
    return serve([image], made)


def own_words():
    """Decoders without a loop: one that is taught, and one each step of which reads the word before it."""
    legacy = tf.contrib.legacy_seq2seq
    source = [whole(name="source%d" % step) for step in range(3)]
    target = [whole(name="target%d" % step) for step in range(4)]
    outputs = []
    for own in (False, True):
        with tf.variable_scope("net", reuse=own):
            cell = tf.nn.rnn_cell.GRUCell(5)
            outputs.append(legacy.embedding_rnn_seq2seq(source, target[:3], cell, 9, 9, 4, feed_previous=own)[0])
    minimize(tf.add_n([cross_entropy(one, two) for one, two in zip(outputs[0], target[1:])]))
    return serve(source + target[:1], *outputs[1])


def picked():
    """Boxes, scores and classes of a detector, picked twice and named at the end."""
    image = tf.placeholder(tf.float32, [1, 8, 8, 3], name="input_1")
    features = tf.layers.conv2d(image, 8, 3, 2, padding="same", activation=tf.nn.relu)
    rows = tf.reshape(tf.layers.conv2d(features, 7, 1, name="pred"), [16, 7])
    scores = tf.sigmoid(rows[:, 4:5]) * tf.nn.softmax(rows[:, 5:])
    best = tf.reduce_max(scores, -1)
    found = [tf.boolean_mask(item, best > 0.1) for item in (rows[:, :4], best, tf.argmax(scores, -1))]
    kept = tf.image.non_max_suppression(found[0], found[1], 5, 0.5)
    names = ("final_boxes", "final_scores", "final_classes")
    return serve([image], *[tf.gather(item, kept, name=name) for item, name in zip(found, names)])


def compared_words():
    """word2vec again: words that are fed are compared with all of the table."""
    center, near = whole(name="center"), whole(1, name="context")
    table = tf.Variable(tf.random_uniform([20, 4], -1, 1), name="table")
    w, b = tf.get_variable("sw", [20, 4]), tf.get_variable("sb", [20])
    looked_up = tf.nn.embedding_lookup(table, center)
    minimize(tf.reduce_mean(tf.nn.sampled_softmax_loss(w, b, near, looked_up, 3, 20)))
    unit = tf.nn.l2_normalize(table, 1)
    some = tf.nn.embedding_lookup(unit, whole(name="examples"))
    tf.matmul(some, tf.transpose(unit))
    return serve([], unit)


def clipped_policy():
    """PPO with a copy of the policy that stays: its density is a part of the loss, the critic an output."""
    state, action, gain, reward = real(3, name="state"), real(1, name="action"), real(1, name="gain"), real(1, name="r")
    with tf.variable_scope("critic"):
        value = tf.layers.dense(tf.layers.dense(state, 8, tf.nn.relu), 1)
        minimize(squared(reward, value))
    density = tf.contrib.distributions if not hasattr(tf, "distributions") else tf.distributions

    def policy(scope, trainable):
        with tf.variable_scope(scope):
            hidden = tf.layers.dense(state, 8, tf.nn.relu, trainable=trainable)
            mean = 2 * tf.layers.dense(hidden, 1, tf.nn.tanh, trainable=trainable)
            deviation = tf.layers.dense(hidden, 1, tf.nn.softplus, trainable=trainable)
            return density.Normal(mean, deviation), (mean, deviation)

    (now, (mean, deviation)), (before, _) = policy("pi", True), policy("oldpi", False)
    tf.squeeze(now.sample(1), axis=0)
    ratio = now.prob(action) / before.prob(action)
    minimize(-tf.reduce_mean(tf.minimum(ratio * gain, tf.clip_by_value(ratio, 0.8, 1.2) * gain)))
    return serve([state], [mean, "pi/Normal/loc:0"], [deviation, "pi/Normal/scale:0"], value)


def shared_embedding():
    """Generator and discriminator, trained by losses of hinges, both train the embedding of classes."""
    classes, noise, data = whole(name="classes"), real(3, name="noise"), real(4, name="samples")
    kind = tf.nn.embedding_lookup(tf.get_variable("shared", [7, 3]), classes)
    with tf.variable_scope("gen"):
        made = tf.layers.dense(tf.layers.dense(tf.concat([noise, kind], 1), 6, tf.nn.relu), 4, tf.tanh)

    def judged(x, reuse):
        with tf.variable_scope("disc", reuse=reuse):
            hidden = tf.layers.dense(x, 6, tf.nn.elu, name="h")
            fit = tf.layers.dense(hidden, 3, name="p") * kind
            return tf.layers.dense(hidden, 1, name="o") + tf.reduce_sum(fit, 1, keep_dims=True)

    of_data, of_made = judged(data, False), judged(made, True)
    hinges = tf.reduce_mean(tf.nn.relu(1 - of_data)) + tf.reduce_mean(tf.nn.relu(1 + of_made))
    minimize(hinges, *variables_in("disc|shared"))
    minimize(-tf.reduce_mean(of_made), *variables_in("gen|shared"))
    return serve([classes, noise], made)


if __name__ == "__main__":
    main(faded_and_shown, restyled, own_words, picked, compared_words, clipped_policy, shared_embedding)
