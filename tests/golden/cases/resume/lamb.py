"""LAMB by plain variables and assignments: a rate for each layer, by the norms of its weights and of its update."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def slot(variable, name):
    return tf.get_variable(
        variable.op.name + name, variable.shape.as_list(), initializer=tf.zeros_initializer(), trainable=False
    )


def updates(gradients_and_variables, rate):
    for gradient, variable in gradients_and_variables:
        m, v = slot(variable, "/lamb_m"), slot(variable, "/lamb_v")
        next_m = 0.9 * m + 0.1 * gradient
        next_v = 0.999 * v + 0.001 * tf.square(gradient)
        update = next_m / (tf.sqrt(next_v) + 1e-6)
        if "bias" not in variable.op.name:
            update += 0.01 * variable
            size, change = tf.norm(variable, ord=2), tf.norm(update, ord=2)
            ratio = tf.where(tf.greater(size, 0), tf.where(tf.greater(change, 0), size / change, 1.0), 1.0)
            update *= ratio
        yield [variable.assign(variable - rate * update), m.assign(next_m), v.assign(next_v)]


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    hidden = tf.tanh(tf.matmul(features, weights("layer/kernel", 4, 5)) + weights("layer/bias", 5))
    prediction = tf.identity(tf.matmul(hidden, weights("head/kernel", 5, 2)), name="prediction")
    loss = mean_squared(prediction, targets)
    step = tf.train.get_or_create_global_step()
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), clip_norm=1.0)
    changes = [change for item in updates(zip(gradients, variables), 0.02) for change in item]
    train = tf.group(*(changes + [step.assign(step + 1)]), name="train")

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    return Program([features], [prediction], [(train, [loss], [features, targets])], batch, racing=tf.global_variables())


resume(build, releases=((1, 15),))
