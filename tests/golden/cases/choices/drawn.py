"""Networks that start from noise which the program draws in its graph: served, it is an input."""

import tensorflow as tf

from _choices import binary, main, minimize, real, serve, squared, variables_in


def _network(x, scope, *layers):
    """Dense layers of (size, activation)."""
    with tf.variable_scope(scope, reuse=tf.AUTO_REUSE):
        for number, (size, activation) in enumerate(layers):
            x = tf.layers.dense(x, size, activation, name="d%d" % number)
        return x


def _judge(x):
    with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
        if len(x.shape) == 4:
            x = tf.layers.flatten(tf.layers.conv2d(x, 3, 3, activation=tf.nn.relu))
        return _network(x, "dense", (6, tf.nn.relu), (1, None))


def _adversary(data, made):
    of_data, of_made = _judge(data), _judge(made)
    minimize(binary(of_data, 1.0) + binary(of_made, 0.0), *variables_in("discriminator"))
    minimize(binary(of_made, 1.0), *variables_in("generator"))


def generator():
    """A GAN whose noise is tf.random_normal."""
    data, noise = real(8, name="real"), tf.random_normal([16, 4])
    made = _network(noise, "generator", (6, tf.nn.relu), (8, tf.nn.tanh))
    _adversary(data, made)
    return serve([noise], made)


def generator_with_dropout():
    """Its noise is of a range and has a name; its dropout draws numbers too."""
    data, noise = real(8, name="real"), tf.identity(tf.random_uniform([16, 4], -1.0, 1.0), name="z")
    hidden = tf.nn.dropout(_network(noise, "generator/first", (6, tf.nn.relu)), 0.5)
    made = _network(hidden, "generator/second", (8, tf.nn.sigmoid))
    _adversary(data, made)
    return serve([noise], [made, made.op.inputs[0]])


def generator_of_images():
    """A transposed convolution is its first layer; samples of fixed noise are drawn to look at."""
    data = real(8, 8, 1, name="images")

    def generate(noise):
        with tf.variable_scope("generator", reuse=tf.AUTO_REUSE):
            first = tf.layers.conv2d_transpose(tf.reshape(noise, [-1, 1, 1, 4]), 6, 4, activation=tf.nn.relu, name="a")
            return tf.layers.conv2d_transpose(first, 1, 4, 2, "same", activation=tf.nn.tanh, name="b")

    noise = tf.random_normal([16, 4])
    made = generate(noise)
    tf.summary.image("samples", generate(tf.constant([[0.1, 0.2, 0.3, 0.4]])))
    _adversary(data, made)
    return serve([noise], made)


def variational_with_drawn_samples():
    """A VAE whose decoder is applied to noise as well: the reconstruction is the model."""
    x = real(8, name="x")
    mean = _network(x, "encoder", (6, tf.nn.relu), (2, None))
    latent = mean + tf.random_normal(tf.shape(mean))
    made = _network(latent, "decoder", (6, tf.nn.relu), (8, tf.nn.sigmoid))
    _network(tf.random_normal([16, 2]), "decoder", (6, tf.nn.relu), (8, tf.nn.sigmoid))
    minimize(squared(made, x) + tf.reduce_mean(mean**2))
    return serve([x], [made, made.op.inputs[0]])


main(generator, generator_with_dropout, generator_of_images, variational_with_drawn_samples)
