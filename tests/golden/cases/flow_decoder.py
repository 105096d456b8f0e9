"""tf.contrib.seq2seq: dynamic_decode in training, greedy and as a beam search, with attention over the encoder."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells, weights

WORDS, START, END = 6, 1, 2


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    seq2seq = tf.contrib.seq2seq
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    y = tf.placeholder(tf.int32, [None, None], name="y")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    batch = tf.shape(x)[0]
    memory, state = tf.nn.dynamic_rnn(rnn_cells().GRUCell(4), x, dtype=tf.float32)
    embedding = weights("embedding", WORDS, 3)
    project = tf.layers.Dense(WORDS, name="project")
    starts = tf.fill([batch], START)

    def decoder_cell(memory, beams=1):
        attention = seq2seq.BahdanauAttention(4, memory)
        return seq2seq.AttentionWrapper(rnn_cells().GRUCell(4), attention, attention_layer_size=4)

    with tf.variable_scope("decoder"):
        cell = decoder_cell(memory)
        initial = cell.zero_state(batch, tf.float32).clone(cell_state=state)
        helper = seq2seq.TrainingHelper(tf.nn.embedding_lookup(embedding, y), lengths)
        taught = seq2seq.dynamic_decode(seq2seq.BasicDecoder(cell, helper, initial, project))[0]
    with tf.variable_scope("decoder", reuse=True):
        helper = seq2seq.GreedyEmbeddingHelper(embedding, starts, END)
        greedy = seq2seq.dynamic_decode(
            seq2seq.BasicDecoder(cell, helper, initial, project), impute_finished=True, maximum_iterations=5
        )[0]
    with tf.variable_scope("decoder", reuse=True):
        tiled = seq2seq.tile_batch(state, 3)
        cell = decoder_cell(seq2seq.tile_batch(memory, 3))
        initial = cell.zero_state(batch * 3, tf.float32).clone(cell_state=tiled)
        beams = seq2seq.dynamic_decode(
            seq2seq.BeamSearchDecoder(cell, embedding, starts, END, initial, 3, project), maximum_iterations=4
        )[0]
    outputs = [
        tf.identity(taught.rnn_output, name="logits"),
        tf.identity(greedy.rnn_output, name="greedy_logits"),
        tf.identity(greedy.sample_id, name="greedy"),
        tf.identity(beams.predicted_ids, name="beams"),
    ]
    runs = [[noise(2, 4, 3), [[1, 4, 5], [1, 3, 0]], [3, 2]]]
    return Model([x, y, lengths], outputs, runs, gradients=True)


main(build)
