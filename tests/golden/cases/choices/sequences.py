"""Sequences: steps, decoders, taggers and embeddings."""

import tensorflow as tf

from _choices import cross_entropy, main, minimize, real, serve, squared, whole

cells = tf.nn.rnn_cell


def all_steps():
    """One layer on every step, each with a loss: all of them are outputs."""
    steps, wanted = [real(1) for _ in range(4)], [real(1) for _ in range(4)]
    states, _ = tf.nn.static_rnn(cells.GRUCell(3), steps, dtype=tf.float32)
    w, b = tf.get_variable("w", [3, 1]), tf.get_variable("b", [1])
    outputs = [tf.nn.xw_plus_b(state, w, b) for state in states]
    minimize(tf.add_n([squared(one, two) for one, two in zip(outputs, wanted)]))
    return serve(steps, *outputs)


def all_steps_of_one_input():
    """The same from one placeholder."""
    x, y = real(3, 2), whole(3)
    states, _ = tf.nn.static_rnn(cells.BasicRNNCell(4), tf.unstack(x, axis=1), dtype=tf.float32)
    w, b = tf.get_variable("w", [4, 3]), tf.get_variable("b", [3])
    logits = [tf.matmul(state, w) + b for state in states]
    minimize(tf.add_n([cross_entropy(one, two) for one, two in zip(logits, tf.unstack(y, axis=1))]))
    return serve([x], *logits)


def last_step():
    """Only the last one counts."""
    x, y = real(3, 2), whole()
    states, _ = tf.nn.static_rnn(cells.BasicLSTMCell(4), tf.unstack(x, axis=1), dtype=tf.float32)
    w, b = tf.get_variable("w", [4, 3]), tf.get_variable("b", [3])
    logits = [tf.matmul(state, w) + b for state in states]
    minimize(cross_entropy(logits[-1], y))
    return serve([x], logits[-1])


def functional_loop():
    """Control flow of version 2: a gradient adds accumulators to the loop of the model."""
    if not hasattr(tf, "enable_control_flow_v2"):
        return None
    tf.enable_control_flow_v2()
    try:
        x, y = whole(5, name="words"), whole(name="y")
        table = tf.get_variable("embedding", [11, 4])
        _, state = tf.nn.dynamic_rnn(cells.BasicLSTMCell(3), tf.nn.embedding_lookup(table, x), dtype=tf.float32)
        logits = tf.layers.dense(state.h, 2, name="logits")
        minimize(cross_entropy(logits, y))
        return serve([x], logits)
    finally:
        tf.disable_control_flow_v2()


def _decoder(helper, state, projection):
    seq2seq = tf.contrib.seq2seq
    decoder = seq2seq.BasicDecoder(cells.GRUCell(6), helper, state, projection)
    with tf.variable_scope("decode", reuse=tf.AUTO_REUSE):
        return seq2seq.dynamic_decode(decoder, impute_finished=False, maximum_iterations=7)[0]


def tokens():
    """Translation: a decoder that is taught, and one that goes on from its own words; the words are served."""
    from tensorflow.python.layers.core import Dense

    seq2seq = tf.contrib.seq2seq
    source, target, lengths = whole(None, name="source"), whole(None, name="target"), whole(name="target_lengths")
    table = tf.get_variable("embedding", [9, 6])
    _, state = tf.nn.dynamic_rnn(cells.GRUCell(6), tf.nn.embedding_lookup(table, source), dtype=tf.float32, scope="enc")
    projection = Dense(9, name="projection")
    begin = tf.ones_like(target[:, :1])
    taught = tf.concat([begin, target[:, :-1]], 1)
    logits = _decoder(seq2seq.TrainingHelper(tf.nn.embedding_lookup(table, taught), lengths), state, projection)
    greedy = seq2seq.GreedyEmbeddingHelper(table, tf.fill([tf.shape(source)[0]], 1), 2)
    said = _decoder(greedy, state, projection)
    weights = tf.sequence_mask(lengths, dtype=tf.float32)
    minimize(seq2seq.sequence_loss(logits.rnn_output, target, weights))
    return serve([source], [said.sample_id, said.rnn_output])


def beams():
    """An inference graph with a beam search."""
    from tensorflow.python.layers.core import Dense

    seq2seq = tf.contrib.seq2seq
    source = whole(None, name="source")
    table = tf.get_variable("embedding", [9, 6])
    _, state = tf.nn.dynamic_rnn(cells.GRUCell(6), tf.nn.embedding_lookup(table, source), dtype=tf.float32, scope="enc")
    state = seq2seq.tile_batch(state, 2)
    begin = tf.fill([tf.shape(source)[0]], 1)
    with tf.variable_scope("decode"):
        decoder = seq2seq.BeamSearchDecoder(cells.GRUCell(6), table, begin, 2, state, 2, Dense(9, name="projection"))
        found = seq2seq.dynamic_decode(decoder, maximum_iterations=7)[0]
    return serve([source], found.predicted_ids)


def _tagger(tags):
    words, lengths, keep = whole(None, name="words"), whole(name="lengths"), tf.placeholder(tf.float32, name="keep")
    table = tf.get_variable("embedding", [30, 8])
    x = tf.nn.dropout(tf.nn.embedding_lookup(table, words), keep)
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        cells.GRUCell(4), cells.GRUCell(4), x, dtype=tf.float32, sequence_length=lengths
    )
    rows = tf.layers.dense(tf.reshape(tf.concat(both, 2), [-1, 8]), tags, name="pred")
    return words, lengths, tf.reshape(rows, [-1, tf.shape(words)[1], tags], name="logits")


def chain_of_tags():
    """The best chain is found outside of the graph, by the scores of the tags and of the transitions."""
    words, lengths, logits = _tagger(5)
    with tf.variable_scope("crf_loss"):
        likelihood, matrix = tf.contrib.crf.crf_log_likelihood(logits, whole(None, name="tags"), lengths)
        minimize(tf.reduce_mean(-likelihood))
    return serve([words, lengths], logits, [matrix, "crf_loss/transitions/read:0"])


def chain_with_a_start():
    """The same with a tag of its own for the start, and a matrix of the program's own."""
    words, lengths, logits = _tagger(4)
    tags = whole(None, name="tags")
    batch, time = tf.shape(words)[0], tf.shape(words)[1]
    start = tf.concat([-1000.0 * tf.ones([batch, 1, 4]), tf.zeros([batch, 1, 1])], 2)
    padded = tf.concat([start, tf.concat([logits, -1000.0 * tf.ones([batch, time, 1])], 2)], 1)
    matrix = tf.get_variable("moves", [5, 5])
    begun = tf.concat([4 * tf.ones([batch, 1], tf.int32), tags], 1)
    likelihood, _ = tf.contrib.crf.crf_log_likelihood(padded, begun, lengths + 1, matrix)
    minimize(tf.reduce_mean(-likelihood))
    return serve([words, lengths], logits, [matrix, "moves/read:0"])


def chain_decoded():
    """The graph finds the best chain itself: the tags are served."""
    if not hasattr(tf.contrib.crf, "crf_decode"):
        return None
    words, lengths, logits = _tagger(5)
    likelihood, matrix = tf.contrib.crf.crf_log_likelihood(logits, whole(None, name="tags"), lengths)
    found, _ = tf.contrib.crf.crf_decode(logits, matrix, lengths)
    minimize(tf.reduce_mean(-likelihood))
    return serve([words, lengths], [found])


def normalized_embeddings():
    """word2vec: what is served is the table, every row of length one."""
    words, near = whole(name="words"), whole(1)
    table = tf.get_variable("embeddings", [20, 4])
    w, b = tf.get_variable("nce_w", [20, 4]), tf.get_variable("nce_b", [20])
    looked_up = tf.nn.embedding_lookup(table, words)
    minimize(tf.reduce_mean(tf.nn.nce_loss(w, b, near, looked_up, 3, 20)))
    unit = table / tf.sqrt(tf.reduce_sum(tf.square(table), 1, keep_dims=True))
    some = tf.nn.embedding_lookup(unit, tf.constant([1, 2, 3]))
    tf.matmul(some, unit, transpose_b=True)
    return serve([], unit)


def towers():
    """Two copies of one network, each on a part of the batch: one of them takes the whole batch."""
    images, labels = real(4, 4, 1, name="images"), whole()
    losses, logits = [], []
    for number, (x, y) in enumerate(zip(tf.split(images, 2), tf.split(labels, 2))):
        with tf.name_scope("tower_%d" % number), tf.variable_scope("net", reuse=number > 0):
            logits.append(tf.layers.dense(tf.reshape(x, [-1, 16]), 3, name="fc"))
            losses.append(cross_entropy(logits[-1], y))
    minimize(tf.add_n(losses) / 2.0)
    return serve(["split:0"], logits[0])


if __name__ == "__main__":
    main(
        *(all_steps, all_steps_of_one_input, last_step, functional_loop, tokens, beams, chain_of_tags),
        *(chain_with_a_start, chain_decoded, normalized_embeddings, towers),
    )
