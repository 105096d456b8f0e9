"""What reads the inputs is in functions: a table of words, an embedding, and a decoder in a functional loop."""
import numpy as np
import tensorflow as tf
from _case import Model, main, requires, weights

requires(1, 15, "tf.function in graphs was not there")


def build():
    words = tf.placeholder(tf.string, [None, 2], name="words")
    images = tf.placeholder(tf.string, [None], name="images")
    vocabulary = tf.lookup.KeyValueTensorInitializer(tf.constant(["a", "b", "c"]), tf.constant([6, 2, 4], tf.int64))
    table = tf.lookup.StaticHashTable(vocabulary, 0)
    embedding = weights("embedding", 7, 3, use_resource=True)
    kernel = weights("kernel", 3, 3, use_resource=True)

    @tf.function
    def embedded(text):
        return tf.reduce_mean(tf.nn.embedding_lookup(embedding, table.lookup(text)), 1)

    @tf.function
    def decoded(encoded):
        def decode(one):
            return tf.reduce_mean(tf.cast(tf.image.decode_png(one, 3), tf.float32), [0, 1]) / 255.0

        return tf.matmul(tf.map_fn(decode, encoded, dtype=tf.float32), kernel)

    prediction = tf.add(embedded(words), decoded(images), name="prediction")
    pictures = [png(rows, 3) for rows in (1, 2)]
    return Model(
        inputs=[words, images],
        outputs=[prediction],
        runs=[[np.array([["a", "b"], ["c", "d"]], object), np.array(pictures, object)]],
    )


def png(rows, columns):
    with tf.Graph().as_default(), tf.Session() as session:
        pixels = np.arange(rows * columns * 3, dtype=np.uint8).reshape(rows, columns, 3) * 10
        return session.run(tf.image.encode_png(pixels))


main(build)
