"""A placeholder of unknown rank: the runs feed one, two and three dimensions."""
import tensorflow as tf
from _case import Model, main, mean_squared, noise, weights


def build():
    x = tf.placeholder(tf.float32, name="x")
    y = tf.placeholder(tf.float32, name="y")
    prediction = tf.tanh(x * weights("scale", 4) + weights("shift", 4), name="prediction")
    flat = tf.matmul(tf.reshape(prediction, [-1, 4]), weights("w", 4, 2), name="flat")
    rank = tf.rank(x, name="rank_of_x")
    train = tf.train.AdamOptimizer(0.05).minimize(mean_squared(flat, y))
    return Model(
        inputs=[x],
        outputs=[prediction, flat, rank],
        runs=[[noise(3, 4)], [noise(4)], [noise(2, 3, 4)], [noise(0, 4)]],
        train=train,
        train_feed=lambda step: {x: noise(2, 2, 4, seed=step), y: noise(4, 2, seed=step)},
    )


main(build)
