"""Several outputs, which belong together or are signatures of their own."""

import tensorflow as tf

from _choices import cross_entropy, main, minimize, real, serve, squared, whole


def detections():
    """Boxes, scores, classes and a count, all of the same weights."""
    if not hasattr(tf.image, "combined_non_max_suppression"):
        return None
    image = tf.placeholder(tf.uint8, [None, None, None, 3], name="image_tensor")
    small = tf.image.resize_images(tf.cast(image, tf.float32) / 255.0, [8, 8])
    features = tf.layers.flatten(tf.layers.conv2d(small, 4, 3, 2, activation=tf.nn.relu))
    boxes = tf.reshape(tf.layers.dense(features, 24, tf.nn.sigmoid, name="boxes"), [-1, 6, 1, 4])
    scores = tf.reshape(tf.layers.dense(features, 18, tf.nn.sigmoid, name="scores"), [-1, 6, 3])
    b, s, c, n = tf.image.combined_non_max_suppression(boxes, scores, 2, 4)
    b, s = tf.identity(b, "detection_boxes"), tf.identity(s, "detection_scores")
    c, n = tf.identity(c + 1, "detection_classes"), tf.identity(tf.cast(n, tf.float32), "num_detections")
    return serve([image], b, s, c, n)


def detections_by_hand():
    """The same before TensorFlow had an op for it: the count is computed from the scores."""
    image = real(8, 8, 3, name="image")
    features = tf.layers.flatten(tf.layers.conv2d(image, 4, 3, 2, activation=tf.nn.relu))
    boxes = tf.reshape(tf.layers.dense(features, 24, name="box_encodings"), [-1, 6, 4])
    scores = tf.reshape(tf.layers.dense(features, 18, tf.nn.sigmoid, name="class_predictions"), [-1, 6, 3])
    best = tf.reduce_max(scores, 2)
    served = [
        tf.identity(tf.clip_by_value(boxes, 0.0, 1.0), "detection_boxes"),
        tf.identity(best, "detection_scores"),
        tf.identity(tf.cast(tf.argmax(scores, 2), tf.float32), "detection_classes"),
        tf.identity(tf.reduce_sum(tf.cast(best > 0.5, tf.float32), 1), "num_detections"),
    ]
    served[2] = [served[2], "class_predictions/BiasAdd:0"]
    return serve([image], *served)


def largest():
    """Values and indices of one op."""
    x, y = real(5, name="x"), whole()
    logits = tf.layers.dense(x, 6)
    values, indices = tf.nn.top_k(tf.nn.softmax(logits), 2, name="best")
    minimize(cross_entropy(logits, y))
    return serve([x], [values, logits], indices)


def collected():
    """A collection lists what the names do not tell."""
    x, y = real(5), real(1)
    hidden = tf.layers.dense(x, 4, tf.nn.relu)
    code = tf.layers.dense(hidden, 2)
    other = tf.tanh(tf.layers.dense(code, 1))
    minimize(squared(other, y))
    tf.add_to_collection("outputs", code)
    tf.add_to_collection("outputs", other)
    return serve([x], code, other)


def collected_op():
    """A collection called by one tensor, as many tutorials have it."""
    x, y = real(4), whole()
    logits = tf.layers.dense(x, 3, tf.nn.relu)
    scaled = logits / 2.0
    minimize(cross_entropy(scaled, y))
    tf.add_to_collection("inference_op", logits)
    return serve([x], logits)


def tasks():
    """Three tasks on one trunk, each with weights and a loss of its own."""
    x, y, z, r = real(4), whole(), whole(), real(1)
    trunk = tf.layers.dense(x, 6, tf.nn.relu)
    first, second, third = tf.layers.dense(trunk, 3), tf.layers.dense(trunk, 2), tf.layers.dense(trunk, 1)
    minimize(cross_entropy(first, y) + cross_entropy(second, z) + squared(third, r))
    return serve([x], first, second, third)


def policy_and_value():
    """Two networks with inputs of their own: two signatures."""
    with tf.variable_scope("policy"):
        state, action, gain = real(3), whole(), real()
        logits = tf.layers.dense(state, 2)
        probabilities = tf.nn.softmax(logits)
        chosen = tf.reduce_sum(probabilities * tf.one_hot(action, 2), 1)
        minimize(-tf.reduce_mean(tf.log(chosen) * gain), *tf.trainable_variables())
    with tf.variable_scope("value"):
        seen, target = real(3), real(1)
        value = tf.layers.dense(seen, 1)
        minimize(squared(value, target))
    return [serve([state], [probabilities, logits]), serve([seen], value)]


def encoder_and_decoder():
    """An autoencoder whose decoder starts at a placeholder of its own."""
    image, code = real(6, name="image"), real(2, name="code")
    with tf.variable_scope("encoder"):
        encoded = tf.layers.dense(image, 2, tf.nn.tanh, name="out")
    with tf.variable_scope("decoder"):
        decoded = tf.layers.dense(code, 6, tf.nn.sigmoid, name="out")
    return [
        serve([code], [decoded, "decoder/out/BiasAdd:0"]),
        serve([image], [encoded, "encoder/out/BiasAdd:0"]),
    ]


if __name__ == "__main__":
    main(
        *(detections, detections_by_hand, largest, collected, collected_op, tasks, policy_and_value),
        *(encoder_and_decoder,),
    )
