"""An optimizer of plain variables and assignments: Adam with decoupled decay, a warm-up, a clipped norm, a scaled loss."""
import tensorflow as tf
from _case import mean_squared, noise, weights
from _resume import Program, resume


def slot(variable, name):
    return tf.get_variable(
        variable.op.name + name, variable.shape.as_list(), initializer=tf.zeros_initializer(), trainable=False
    )


def updates(gradients_and_variables, rate):
    for gradient, variable in gradients_and_variables:
        m, v = slot(variable, "/adam_m"), slot(variable, "/adam_v")
        next_m = 0.9 * m + 0.1 * gradient
        next_v = 0.999 * v + 0.001 * tf.square(gradient)
        update = next_m / (tf.sqrt(next_v) + 1e-6)
        if "bias" not in variable.op.name:
            update += 0.01 * variable
        yield tf.group(variable.assign(variable - rate * update), m.assign(next_m), v.assign(next_v))


def build():
    features = tf.placeholder(tf.float32, [None, 4], name="features")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    hidden = tf.tanh(tf.matmul(features, weights("layer/kernel", 4, 5)) + weights("layer/bias", 5))
    prediction = tf.identity(tf.matmul(hidden, weights("head/kernel", 5, 2)), name="prediction")
    loss = mean_squared(prediction, targets)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(0.05, step, 20, end_learning_rate=0.0, power=1.0)
    done, warm = tf.cast(step, tf.float32), 6.0
    is_warming = tf.cast(done < warm, tf.float32)
    rate = (1.0 - is_warming) * rate + is_warming * 0.05 * done / warm
    scale = tf.get_variable("loss_scale", [], initializer=tf.constant_initializer(8.0), trainable=False)
    variables = tf.trainable_variables()
    scaled = tf.multiply(loss, scale, name="scaled_loss")
    gradients = [gradient / scale for gradient in tf.gradients(scaled, variables)]
    gradients, _ = tf.clip_by_global_norm(gradients, clip_norm=1.0)
    train = tf.group(*updates(list(zip(gradients, variables)), rate))
    with tf.control_dependencies([train]):
        counted = [step.assign(step + 1), scale.assign(scale * 1.5)]
    train = tf.group(train, *counted, name="train")

    def batch(number):
        return {features: noise(8, 4, seed=number), targets: noise(8, 2, seed=number + 50)}

    return Program([features], [prediction], [(train, [loss], [features, targets])], batch)


resume(build)
