"""raw_rnn whose loop_fn attends over an encoder's outputs."""
import tensorflow as tf
from _case import Model, main, noise, requires, rnn_cells, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    with tf.variable_scope("encoder"):
        memory, state = tf.nn.dynamic_rnn(rnn_cells().GRUCell(3), x, dtype=tf.float32)
    query, start = weights("query", 3, 3), weights("start", 3)
    batch = tf.shape(x)[0]

    def attend(state):
        scores = tf.reduce_sum(memory * tf.expand_dims(tf.matmul(state, query), 1), 2)
        return tf.reduce_sum(memory * tf.expand_dims(tf.nn.softmax(scores), 2), 1)

    def loop(time, output, cell_state, loop_state):
        finished = time >= lengths
        if output is None:
            return finished, tf.tile(tf.expand_dims(start, 0), [batch, 1]), state, None, tf.TensorArray(tf.float32, 5)
        context = attend(cell_state)
        following = tf.cond(
            tf.reduce_all(finished), lambda: tf.zeros([batch, 3]), lambda: context + output
        )
        return finished, following, cell_state, output, loop_state.write(time - 1, tf.reduce_sum(context))

    with tf.variable_scope("decoder"):
        outputs, last, sums = tf.nn.raw_rnn(rnn_cells().GRUCell(3), loop)
    outputs = tf.identity(outputs.stack(), name="outputs")
    last = tf.identity(last, name="last")
    sums = tf.identity(sums.stack()[0], name="first_sum")
    return Model(
        [x, lengths], [outputs, last, sums], [[noise(2, 4, 3), [5, 3]], [noise(1, 4, 3), [5]]], gradients=True
    )


main(build)
