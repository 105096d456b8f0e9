"""An encoder and a decoder with attention, cells in a DropoutWrapper; the decoder is fed the words before."""
import tensorflow as tf
from _case import noise, weights
from _training import Net, main

cells = tf.nn.rnn_cell
seq2seq = tf.contrib.seq2seq
WORDS, UNITS, STEPS = 7, 4, 5


def cell(training):
    plain = cells.GRUCell(UNITS)
    if not training:
        return plain
    return cells.DropoutWrapper(plain, input_keep_prob=0.75, output_keep_prob=0.75)


def encoded(source, training):
    with tf.variable_scope("encoder"):
        embedded = tf.nn.embedding_lookup(weights("words", WORDS, UNITS), source)
        return tf.nn.dynamic_rnn(cell(training), embedded, dtype=tf.float32)


def decoded(target, memory, state, training):
    with tf.variable_scope("decoder"):
        attention = seq2seq.LuongAttention(UNITS, memory)
        reader = seq2seq.AttentionWrapper(cell(training), attention, UNITS)
        rows = tf.shape(target)[0]
        start = reader.zero_state(rows, tf.float32).clone(cell_state=state)
        embedded = tf.nn.embedding_lookup(weights("words", WORDS, UNITS), target)
        helper = seq2seq.TrainingHelper(embedded, tf.fill([rows], STEPS))
        projection = tf.layers.Dense(WORDS, name="projection")
        decoder = seq2seq.BasicDecoder(reader, helper, start, projection)
        return seq2seq.dynamic_decode(decoder)[0].rnn_output


def build(training):
    source = tf.placeholder(tf.int32, [None, 4], name="source")
    target = tf.placeholder(tf.int32, [None, STEPS], name="target")
    y = tf.placeholder(tf.int32, [None, STEPS], name="y")
    memory, state = encoded(source, training)
    logits = decoded(target, memory, state, training)
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
