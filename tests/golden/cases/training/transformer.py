"""A BERT-like block: attention with a mask, layer norms, dropouts with constant rates."""
import numpy as np
import tensorflow as tf
from _case import mean_squared, noise, weights
from _training import Net, main

WIDTH, HEADS, LENGTH = 8, 2, 6


def dropout(x, rate, training):
    return tf.nn.dropout(x, 1.0 - rate) if training else x


def normalized(x):
    return tf.contrib.layers.layer_norm(x, begin_norm_axis=-1, begin_params_axis=-1, scope="norm")


def heads(x, name):
    projected = tf.layers.dense(x, WIDTH, name=name)
    projected = tf.reshape(projected, [-1, LENGTH, HEADS, WIDTH // HEADS])
    return tf.transpose(projected, [0, 2, 1, 3])


def attention(x, penalty, training):
    query, key, value = [heads(x, name) for name in ("query", "key", "value")]
    scores = tf.matmul(query, key, transpose_b=True) * (WIDTH // HEADS) ** -0.5 + penalty
    probabilities = dropout(tf.nn.softmax(scores), 0.1, training)
    context = tf.transpose(tf.matmul(probabilities, value), [0, 2, 1, 3])
    return tf.layers.dense(tf.reshape(context, [-1, LENGTH, WIDTH]), WIDTH, name="output")


def gelu(x):
    return x * 0.5 * (1.0 + tf.erf(x / tf.sqrt(2.0)))


def block(x, penalty, training):
    with tf.variable_scope("attention"):
        x = normalized(x + dropout(attention(x, penalty, training), 0.2, training))
    with tf.variable_scope("feed_forward"):
        wide = tf.layers.dense(x, 2 * WIDTH, gelu, name="wide")
        narrow = tf.layers.dense(wide, WIDTH, name="narrow")
        return normalized(x + dropout(narrow, 0.2, training))


def build(training):
    ids = tf.placeholder(tf.int32, [None, LENGTH], name="input_ids")
    mask = tf.placeholder(tf.int32, [None, LENGTH], name="input_mask")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    table, positions = weights("words", 11, WIDTH), weights("positions", LENGTH, WIDTH)
    with tf.variable_scope("embeddings"):
        x = dropout(normalized(tf.nn.embedding_lookup(table, ids) + positions), 0.1, training)
    penalty = (1.0 - tf.cast(mask[:, tf.newaxis, tf.newaxis, :], tf.float32)) * -10000.0
    with tf.variable_scope("layer_0"):
        x = block(x, penalty, training)
    pooled = tf.layers.dense(x[:, 0], WIDTH, tf.tanh, name="pooler")
    logits = tf.layers.dense(dropout(pooled, 0.1, training), 3, name="classifier")
    prediction = tf.nn.softmax(logits, name="prediction")
    return Net([ids, mask], [prediction], mean_squared(prediction, y))


def examples(rows, seed):
    """Word ids and a mask that ends with each row's length."""
    ids = (5 * noise(rows, LENGTH, seed=seed) + 5).astype("int32")
    mask = [[int(column <= 2 + row) for column in range(LENGTH)] for row in range(rows)]
    return [ids, np.array(mask, np.int32)]


def batch(step):
    ids, mask = examples(4, step + 1)
    return {"input_ids:0": ids, "input_mask:0": mask, "y:0": noise(4, 3, seed=step)}


main(build, examples(3, 0), batch)
