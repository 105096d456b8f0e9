"""An LSTM classifier of sequences that is trained further from its checkpoint, with the loss of every step."""
import numpy as np
import tensorflow as tf
from _case import Model, bias, main, noise, requires, rnn_cells, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    _, state = tf.nn.dynamic_rnn(rnn_cells().LSTMCell(5), x, lengths, dtype=tf.float32)
    logits = tf.nn.bias_add(tf.matmul(state.h, weights("kernel", 5, 4)), bias("bias", 4), name="logits")
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss")
    train = tf.train.AdamOptimizer(0.02, epsilon=1e-7).minimize(loss, name="train")
    generator = np.random.RandomState(0)
    batches = [
        {x: noise(4, 6, 3, seed=seed), lengths: generator.randint(1, 7, 4), labels: generator.randint(0, 4, 4)}
        for seed in range(3)
    ]
    runs = [[batch[x], batch[lengths]] for batch in batches[:1]]
    return Model([x, lengths], [logits], runs, gradients=True, tuning=(train, loss, batches))


main(build)
