"""Integers, booleans and text as inputs, outputs and variables, and a float64 weight."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    tag = tf.placeholder(tf.string, [None], name="tag")
    count = tf.placeholder(tf.int64, [None], name="count")
    keep = tf.placeholder(tf.bool, [None], name="keep")
    y = tf.placeholder(tf.float64, [None], name="y")
    table = weights("table", 5, 3)
    scale = tf.get_variable("scale", initializer=tf.constant(1.25, tf.float64))
    fixed = {"trainable": False}
    offsets = tf.get_variable("offsets", initializer=tf.constant([10, 20, 30, 40, 50]), **fixed)
    flags = tf.get_variable("flags", initializer=tf.constant([True, False] * 2 + [True]), **fixed)
    words = tf.Variable([b"zero", b"", b"two\xff", b"three", b"four"], name="words", **fixed)
    bucket = tf.string_to_hash_bucket_fast(tag, 5, name="bucket")
    score = tf.multiply(
        tf.cast(tf.reduce_sum(tf.gather(table, bucket), 1), tf.float64), scale, name="score"
    )
    offset = tf.cast(tf.gather(offsets, bucket), tf.int64)
    code = tf.where(keep, count + offset, tf.zeros_like(count), name="code")
    kept = tf.logical_and(keep, tf.gather(flags, bucket), name="kept")
    label = tf.string_join(
        [tag, tf.gather(words, bucket), tf.as_string(code)], separator="-", name="label"
    )
    train = tf.train.RMSPropOptimizer(0.05).minimize(mean_squared(score, y))
    tags = [b"red", b"green", b"", b"sky blue", b"\xc3\xa9t\xc3\xa9"]
    return Model(
        inputs=[tag, count, keep],
        outputs=[score, bucket, code, kept, label],
        runs=[
            [tags, [1, -2, 3, 2 ** 40, 5], [True, True, False, True, True]],
            [[b"x"], [7], [False]],
        ],
        train=train,
        train_feed=lambda step: {tag: tags, y: noise(5, seed=step)},
    )


main(build)
