"""Networks that train one another, and copies of one network: which of them is the model."""

import tensorflow as tf

from _choices import binary, cross_entropy, main, minimize, real, serve, squared, variables_in, whole


def _actor(state, scope, trainable=True):
    with tf.variable_scope(scope):
        hidden = tf.layers.dense(state, 5, tf.nn.relu, trainable=trainable)
        return tf.multiply(tf.layers.dense(hidden, 1, tf.nn.tanh, trainable=trainable), 2.0, name="scaled")


def _critic(state, action, scope, trainable=True):
    with tf.variable_scope(scope):
        both = tf.concat([state, action], 1)
        return tf.layers.dense(tf.layers.dense(both, 5, tf.nn.relu, trainable=trainable), 1, trainable=trainable)


def actor_and_critic():
    """DDPG: the critic goes on from the action only to judge it."""
    state, reward, after = real(3, name="s"), real(1, name="r"), real(3, name="s_")
    action, later = _actor(state, "Actor/eval"), _actor(after, "Actor/target", False)
    q, target = _critic(state, action, "Critic/eval"), _critic(after, later, "Critic/target", False)
    minimize(squared(reward + 0.9 * target, q), *variables_in("Critic/eval"))
    minimize(-tf.reduce_mean(q), *variables_in("Actor/eval"))
    return serve([state], action)


def actor_by_gradients():
    """DDPG as it was first written: the gradient of the critic is fed to the actor, and each has a state."""
    state, slope = real(3), real(1)
    action = _actor(state, "pi")
    variables = variables_in("pi")
    tf.train.GradientDescentOptimizer(0.1).apply_gradients(zip(tf.gradients(action, variables, -slope), variables))
    seen, done, target = real(3), real(1), real(1)
    q = _critic(seen, done, "q")
    minimize(squared(q, target), *variables_in("q"))
    tf.gradients(q, done)
    return [serve([state], action), serve([seen, done], q)]


def _network(x, scope, *layers):
    """Dense layers of (size, activation)."""
    with tf.variable_scope(scope, reuse=tf.AUTO_REUSE):
        for number, (size, activation) in enumerate(layers):
            x = tf.layers.dense(x, size, activation, name="d%d" % number)
        return x


def _adversary(data, made):
    layers = ((6, tf.nn.leaky_relu if hasattr(tf.nn, "leaky_relu") else tf.nn.relu), (1, None))
    of_data, of_made = _network(data, "discriminator", *layers), _network(made, "discriminator", *layers)
    minimize(binary(of_data, 1.0) + binary(of_made, 0.0), *variables_in("discriminator"))
    minimize(binary(of_made, 1.0), *variables_in("generator"))


def generator():
    """A GAN."""
    data, noise = real(8, name="real"), real(4, name="z")
    made = _network(noise, "generator", (6, tf.nn.relu), (8, tf.nn.tanh))
    _adversary(data, made)
    return serve([noise], made)


def generator_rescaled():
    """What the generator makes is brought to the range of the data."""
    data, noise = real(8, name="real"), real(4, name="z")
    made = _network(noise, "generator", (6, tf.nn.relu), (8, tf.nn.tanh)) * 0.5 + 0.5
    _adversary(data, made)
    return serve([noise], made)


def generator_blended():
    """A growing GAN fades one resolution into the next by a number that is fed."""
    data, noise, share = real(8, name="real"), real(4, name="z"), tf.placeholder(tf.float32, (), name="t_value")
    small = _network(noise, "generator/small", (4, tf.nn.tanh))
    large = _network(noise, "generator/large", (6, tf.nn.relu), (8, tf.nn.tanh))
    made = (1 - share) * tf.concat([small, small], 1) + share * large
    _adversary(data, made)
    return serve([noise, share], made)


def generator_of_noise_in_the_graph():
    """Noise is added to what is judged, and only there."""
    data, noise = real(8, name="real"), real(4, name="z")
    made = _network(noise, "generator", (6, tf.nn.relu), (8, tf.nn.tanh))
    _adversary(data, made + tf.random_normal(tf.shape(made), stddev=0.1))
    return serve([noise], made)


def _coder(x):
    hidden = _network(x, "encoder", (6, tf.nn.relu))
    mean, deviation = _network(hidden, "mean", (2, None)), _network(hidden, "deviation", (2, tf.nn.softplus)) + 1e-6
    latent = mean + deviation * tf.random_normal(tf.shape(mean), seed=3)
    made = tf.clip_by_value(_network(latent, "decoder", (6, tf.nn.relu), (8, tf.nn.sigmoid)), 1e-8, 1 - 1e-8)
    likelihood = tf.reduce_sum(x * tf.log(made) + (1 - x) * tf.log(1 - made), 1)
    divergence = 0.5 * tf.reduce_sum(mean**2 + deviation**2 - tf.log(1e-8 + deviation**2) - 1, 1)
    minimize(-tf.reduce_mean(likelihood - divergence))
    return made


def variational():
    """A VAE: the reconstruction."""
    x = real(8, name="x")
    made = _coder(x)
    return serve([x], [made, made.op.inputs[0].op.inputs[0], "decoder/d1/Sigmoid:0", "decoder/d1/BiasAdd:0"])


def variational_with_samples():
    """A VAE whose decoder is applied to what is fed as well: samples come first, then reconstructions."""
    x, latent = real(8, name="x"), real(2, name="z_in")
    made = _coder(x)
    sample = _network(latent, "decoder", (6, tf.nn.relu), (8, tf.nn.sigmoid))
    return [
        serve([latent], [sample, "decoder_1/d1/BiasAdd:0"]),
        serve([x], [made, made.op.inputs[0].op.inputs[0], "decoder/d1/Sigmoid:0", "decoder/d1/BiasAdd:0"]),
    ]


def twins():
    """A siamese network; its distance is what the loss wants, one twin what is served."""
    one, two, same = real(6), real(6), real()
    layers = ((5, tf.nn.relu), (3, None))
    first, second = _network(one, "net", *layers), _network(two, "net", *layers)
    distance = tf.reduce_sum(tf.square(first - second), 1)
    minimize(tf.reduce_mean(same * distance + (1 - same) * tf.maximum(1.0 - tf.sqrt(distance), 0)))
    return serve([one], first)


def triplet():
    """Three of them."""
    parts = [real(6) for _ in range(3)]
    anchor, near, far = [_network(part, "net", (5, tf.nn.relu), (3, None)) for part in parts]
    distances = [tf.reduce_sum(tf.square(anchor - other), 1) for other in (near, far)]
    minimize(tf.reduce_mean(tf.maximum(distances[0] - distances[1] + 0.2, 0)))
    return serve([parts[0]], anchor)


def act_and_train():
    """PPO: two copies with inputs of their own; what is served is all of one copy."""

    def copy(state):
        hidden = _network(state, "model", (5, tf.nn.tanh))
        return _network(hidden, "pi", (2, None)), _network(hidden, "vf", (1, None))

    acting, training, taken, gain = real(4, name="act_ob"), real(4, name="train_ob"), whole(), real()
    pi, value = copy(acting)
    train_pi, train_value = copy(training)
    tf.multinomial(pi, 1)
    minimize(
        tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=train_pi, labels=taken) * gain)
        + squared(train_value[:, 0], gain)
    )
    return serve([acting], pi, value)


def drawn_action():
    """A policy draws its action: served is what it draws from."""
    state, taken, gain = real(4), whole(), real()
    probabilities = tf.nn.softmax(_network(state, "policy", (5, tf.nn.tanh), (3, None)))
    action = tf.squeeze(tf.multinomial(tf.log(probabilities), 1), 1, name="action")
    tf.identity(action, name="output")
    chosen = tf.reduce_sum(probabilities * tf.one_hot(taken, 3), 1)
    minimize(-tf.reduce_mean(tf.log(chosen) * gain))
    return serve([state], [probabilities, probabilities.op.inputs[0]])


def gaussian_policy():
    """The same with real actions: the mean, not the draw."""
    state, taken, gain = real(4), real(2), real(1)
    mean = _network(state, "policy", (5, tf.nn.tanh), (2, tf.nn.tanh))
    action = mean + 0.3 * tf.random_normal(tf.shape(mean))
    tf.clip_by_value(action, -1.0, 1.0, name="action")
    minimize(tf.reduce_mean(tf.square(taken - mean) * gain))
    return serve([state], mean)


def quantized():
    """Quantization-aware training folds batch norms: weights are applied twice, and nobody is judged."""
    if not hasattr(tf.contrib, "quantize"):
        return None
    x, y = real(6, 6, 2, name="x"), whole()
    hidden = tf.layers.conv2d(x, 4, 3, use_bias=False, name="c1")
    hidden = tf.nn.relu(tf.layers.batch_normalization(hidden, training=True, fused=True))
    logits = tf.layers.dense(tf.reshape(hidden, [-1, 64]), 3)
    loss = cross_entropy(logits, y)
    tf.contrib.quantize.create_training_graph(quant_delay=0)
    minimize(loss)
    last = [op for op in tf.get_default_graph().get_operations() if "FakeQuant" in op.type and "act_quant" in op.name]
    return serve([x], [logits] + [op.outputs[0] for op in last if op.name.startswith("dense")])


def named_y():
    """A placeholder called y, and no loss."""
    x, y = real(name="x"), real(name="y")
    return serve([x, y], tf.add(x, y, name="total"))


def named_y_and_weights():
    """The same with a weight, which the graph could train and does not."""
    y = tf.placeholder(tf.float32, [1], name="y")
    return serve([y], tf.subtract(tf.get_variable("w", [2, 3]), y, name="SubOperation"))


if __name__ == "__main__":
    main(
        *(actor_and_critic, actor_by_gradients, generator, generator_rescaled, generator_blended),
        *(generator_of_noise_in_the_graph, variational, variational_with_samples, twins, triplet, act_and_train),
        *(drawn_action, gaussian_policy, quantized, named_y, named_y_and_weights),
    )
