"""Examples come out of queues: there is no placeholder, the inputs are the dequeued tensors."""
import tensorflow as tf
from _case import Model, bias, main, mean_squared, noise, weights


def build():
    examples = tf.constant(noise(9, 4), name="examples")
    targets = tf.constant(noise(9, 2, seed=1), name="targets")
    one, target = tf.train.slice_input_producer([examples, targets], shuffle=False)
    features, y = tf.train.batch(
        [one, target], batch_size=3, num_threads=1, capacity=6, allow_smaller_final_batch=True
    )
    scales = tf.FIFOQueue(4, [tf.float32], shapes=[[2]], name="scales")
    filled = scales.enqueue([tf.constant([1.0, -1.0])])
    tf.train.add_queue_runner(tf.train.QueueRunner(scales, [filled]))
    scale = scales.dequeue(name="scale")
    output = (tf.matmul(features, weights("w", 4, 2)) + bias("b", 2)) * scale
    prediction = tf.identity(output, name="prediction")
    train = tf.train.GradientDescentOptimizer(0.1).minimize(mean_squared(prediction, y))
    return Model(
        inputs=[features, scale],
        outputs=[prediction],
        runs=[[noise(5, 4), [1.0, 2.0]], [noise(1, 4, seed=1), [0.5, -3.0]]],
        train=train,
    )


main(build)
