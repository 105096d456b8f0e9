"""An evaluation graph that restores the averages under the names of the variables.

The checkpoint is that of the training graph and holds both; only the Saver of the exported
graph says that `w` is to be read from `w/ExponentialMovingAverage`.
"""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights

DECAY = 0.6


def net():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    hidden = tf.nn.relu(tf.matmul(x, weights("w1", 4, 6)) + bias("b1", 6))
    return x, tf.matmul(hidden, weights("w2", 6, 2), name="prediction")


def evaluation_graph():
    net()
    step = tf.Variable(0, trainable=False, name="global_step")
    average = tf.train.ExponentialMovingAverage(DECAY)
    tf.add(step, 0, name="step_now")
    return tf.train.Saver(average.variables_to_restore())


def build():
    x, prediction = net()
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    step = tf.Variable(0, trainable=False, name="global_step")
    apply_gradients = tf.train.GradientDescentOptimizer(0.5).minimize(
        mean_squared(prediction, y), global_step=step
    )
    average = tf.train.ExponentialMovingAverage(DECAY)
    with tf.control_dependencies([apply_gradients]):
        train = average.apply(tf.trainable_variables())
    return Model(
        inputs=[x],
        outputs=[prediction, "step_now:0"],
        runs=[[noise(3, 4)], [noise(1, 4, seed=1)]],
        train=train,
        train_feed=lambda step: {x: noise(5, 4, seed=step), y: noise(5, 2, seed=step)},
        export=evaluation_graph,
        notes="""The .meta is an evaluation graph whose saver keys differ from the variable names;
            the raw weights lie in the same checkpoint under the plain names and give other
            answers.""",
    )


main(build)
