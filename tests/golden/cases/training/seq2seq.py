"""An encoder and a decoder whose cells are in a DropoutWrapper; the decoder is fed the words before."""
import tensorflow as tf
from _case import noise, rnn_cells, weights
from _training import Net, main

cells = rnn_cells()
WORDS, UNITS, STEPS = 7, 4, 5


def cell(training):
    plain = cells.GRUCell(UNITS)
    if not training:
        return plain
    return cells.DropoutWrapper(plain, input_keep_prob=0.75, output_keep_prob=0.75)


def encoded(source, training):
    with tf.variable_scope("encoder"):
        embedded = tf.nn.embedding_lookup(weights("words", WORDS, UNITS), source)
        return tf.nn.dynamic_rnn(cell(training), embedded, dtype=tf.float32)[1]


def decoded(target, state, training):
    seq2seq = tf.contrib.seq2seq
    with tf.variable_scope("decoder"):
        embedded = tf.nn.embedding_lookup(weights("words", WORDS, UNITS), target)
        helper = seq2seq.TrainingHelper(embedded, tf.fill(tf.shape(target)[:1], STEPS))
        projection = tf.layers.Dense(WORDS, name="projection")
        decoder = seq2seq.BasicDecoder(cell(training), helper, state, projection)
        return seq2seq.dynamic_decode(decoder)[0].rnn_output


def build(training):
    source = tf.placeholder(tf.int32, [None, 4], name="source")
    target = tf.placeholder(tf.int32, [None, STEPS], name="target")
    y = tf.placeholder(tf.int32, [None, STEPS], name="y")
    logits = decoded(target, encoded(source, training), training)
    prediction = tf.nn.softmax(logits, name="prediction")
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    return Net([source, target], [prediction], tf.reduce_mean(loss))


def words(rows, length, seed):
    return (3 * noise(rows, length, seed=seed) + 3).astype("int32")


main(
    build,
    rows=[words(3, 4, 0), words(3, STEPS, 1)],
    batch=lambda step: {
        "source:0": words(4, 4, step),
        "target:0": words(4, STEPS, step + 1),
        "y:0": words(4, STEPS, step + 2),
    },
)
