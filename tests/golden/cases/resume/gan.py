"""Two steps that share weights: a critic whose weights are clipped after its step, with a penalty, and a generator."""
import tensorflow as tf
from _case import noise, weights
from _resume import Program, resume


def generate(seeds):
    with tf.variable_scope("generator"):
        return tf.tanh(tf.matmul(tf.nn.relu(tf.matmul(seeds, weights("w1", 3, 4))), weights("w2", 4, 2)))


def judge(points, reuse):
    with tf.variable_scope("critic", reuse=reuse):
        return tf.matmul(tf.nn.softplus(tf.matmul(points, weights("w1", 2, 4))), weights("w2", 4, 1))


def build():
    seeds = tf.placeholder(tf.float32, [None, 3], name="seeds")
    real = tf.placeholder(tf.float32, [None, 2], name="real")
    fake = tf.identity(generate(seeds), name="fake")
    score_real, score_fake = judge(real, False), judge(fake, True)
    slopes = tf.gradients(judge(0.5 * (real + fake), True), [fake])[0]
    penalty = tf.reduce_mean(tf.square(tf.norm(slopes, axis=1) - 1))
    critic_loss = tf.reduce_mean(score_fake) - tf.reduce_mean(score_real) + 0.1 * penalty
    generator_loss = -tf.reduce_mean(score_fake)
    critic_weights = tf.trainable_variables("critic")
    critic = tf.train.AdamOptimizer(0.01, 0.5).minimize(critic_loss, var_list=critic_weights, name="critic_step")
    with tf.control_dependencies([critic]):
        clips = [tf.assign(variable, tf.clip_by_value(variable, -0.6, 0.6)) for variable in critic_weights]
        critic = tf.group(*clips, name="critic_step_and_clip")
    generator = tf.train.RMSPropOptimizer(0.005).minimize(
        generator_loss, var_list=tf.trainable_variables("generator"), name="generator_step"
    )

    def batch(number):
        return {seeds: noise(6, 3, seed=number), real: noise(6, 2, seed=number + 50) + 0.5}

    steps = [(critic, [critic_loss], [seeds, real]), (generator, [generator_loss], [seeds])]
    return Program([seeds], [fake], steps, batch)


resume(build)
