"""Two embedding tables, mean pooled, with the sparse gradients that Adagrad applies."""
import tensorflow as tf
from _case import Model, concat, main, mean_squared, noise, weights


def build():
    words = tf.placeholder(tf.int32, [None, None], name="words")
    user = tf.placeholder(tf.int64, [None], name="user")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    word_vectors = tf.nn.embedding_lookup(weights("words_table", 10, 4), words)
    user_vector = tf.nn.embedding_lookup(weights("user_table", 5, 3), user)
    pooled = tf.reduce_mean(word_vectors, axis=1)
    joined = concat([pooled, user_vector], 1)
    score = tf.sigmoid(tf.matmul(joined, weights("w", 7, 1)), name="score")
    train = tf.train.AdagradOptimizer(0.5).minimize(mean_squared(score, y))
    return Model(
        inputs=[words, user],
        outputs=[score],
        runs=[
            [[[1, 2, 3], [9, 0, 9]], [4, 0]],
            [[[5], [6], [7]], [1, 2, 3]],
        ],
        train=train,
        train_feed=lambda step: {
            words: [[1, 2, step], [3, 3, 4]], user: [step, 4], y: abs(noise(2, 1, seed=step))
        },
    )


main(build)
