"""Every op with NCHW or NCDHW that has no kernel on CPUs; what it computes comes from the same op with channels last."""
import tensorflow as tf
from tensorflow.python.framework import function

from _case import RELEASE, Model, main, noise, requires, weights

LAST = {4: [0, 2, 3, 1], 5: [0, 2, 3, 4, 1]}
FIRST = {4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3]}


class Ops(object):
    """Applies ops to images with channels first, in one of the two ways."""

    def __init__(self, first):
        self.first = first

    def sizes(self, *space):
        return (1, 1) + space if self.first else (1,) + space + (1,)

    def __call__(self, op, image, *args, **options):
        """Returns op(image, ...); `image` and what is returned have channels first, as have `images`."""
        rank = len(image.shape)
        images = [image] + list(options.pop("images", []))
        if self.first:
            options["data_format"] = "NCHW" if rank == 4 else "NCDHW"
        else:
            images = [tf.transpose(item, LAST[rank]) for item in images]
        result = op(*(images + list(args)), **options)
        if isinstance(result, tuple):
            return (result[0] if self.first else tf.transpose(result[0], FIRST[rank]),) + tuple(result[1:])
        return result if self.first else tf.transpose(result, FIRST[rank])


def outputs_of(x, video, ops):
    """Returns the outputs: ops of all kinds, and the gradients of most."""
    size, twice = ops.sizes(1, 1), ops.sizes(2, 2)
    kernel, depthwise = weights("kernel", 3, 3, 4, 6), weights("depthwise", 3, 3, 4, 2)
    y = ops(tf.nn.conv2d, x, kernel, strides=ops.sizes(2, 1), padding="SAME")
    y = tf.nn.relu(ops(tf.nn.bias_add, y, weights("bias", 6)))
    scale, offset = weights("scale", 6), weights("offset", 6)
    trained = ops(tf.nn.fused_batch_norm, y, scale, offset, is_training=True)
    fixed = ops(tf.nn.fused_batch_norm, y, scale, offset, tf.square(scale), tf.abs(offset), is_training=False)
    pooled = ops(tf.nn.max_pool, trained[0] + fixed[0], ops.sizes(2, 3), twice, "SAME")
    pooled += ops(tf.nn.avg_pool, y, ops.sizes(2, 2), twice, "SAME")
    narrow = ops(tf.nn.depthwise_conv2d_native, x, depthwise, strides=size, padding="VALID")
    shape = tf.shape(x) if ops.first else tf.gather(tf.shape(x), LAST[4])
    wide = ops(tf.nn.conv2d_transpose, y, kernel, output_shape=shape, strides=ops.sizes(2, 1))
    outputs = [pooled, narrow, wide, trained[1], trained[2]]
    # Without gradients: CPUs have none of dilated filters, and 1.4 forgot the format in that of depth_to_space.
    others = [ops(tf.depth_to_space, x, block_size=2), ops(tf.space_to_depth, wide, block_size=2)]
    if RELEASE >= (1, 8):
        others.append(ops(tf.nn.conv2d, x, kernel, strides=size, padding="VALID", dilations=ops.sizes(1, 2)))
    if RELEASE >= (1, 15):
        pads = [[0, 0], [2, 1], [0, 3]]
        pads.insert(1 if ops.first else 3, [0, 0])
        outputs.append(ops(tf.nn.conv2d, x, kernel, strides=twice, padding=pads))
    deep = ops(tf.nn.conv3d, video, weights("deep", 2, 3, 3, 2, 3), strides=ops.sizes(1, 2, 1), padding="SAME")
    deep = ops(tf.nn.max_pool3d, deep, ops.sizes(2, 2, 2), ops.sizes(1, 2, 2), "SAME")
    deep = ops(tf.nn.avg_pool3d, tf.tanh(deep), ops.sizes(2, 1, 2), ops.sizes(2, 1, 1), "VALID")
    outputs.append(deep)
    total = tf.add_n([tf.reduce_sum(tf.square(item)) for item in outputs])
    return outputs + others + tf.gradients(total, [x, video] + [item.value() for item in tf.trainable_variables()])


def in_a_loop(x, ops):
    """Returns a convolution that is repeated in a while loop."""
    kernel = weights("repeated", 3, 3, 4, 4)

    def body(step, y):
        return step + 1, tf.nn.relu(ops(tf.nn.conv2d, y, kernel, strides=ops.sizes(1, 1), padding="SAME"))

    return tf.while_loop(lambda step, y: step < 3, body, [0, x])[1]


def in_a_function(x, ops):
    """Returns what a function makes of an image."""

    @function.Defun(tf.float32, tf.float32)
    def squeezed(y, kernel):
        y.set_shape([None, 4, 6, 8])
        y = ops(tf.nn.conv2d, y, kernel, strides=ops.sizes(1, 1), padding="SAME")
        return ops(tf.nn.max_pool, tf.nn.elu(y), ops.sizes(2, 2), ops.sizes(2, 2), "VALID")

    return squeezed(x, weights("called", 1, 1, 4, 5))


def network(first):
    x = tf.placeholder(tf.float32, [None, 4, 6, 8], name="x")
    video = tf.placeholder(tf.float32, [None, 2, 4, 6, 5], name="video")
    ops = Ops(first)
    found = outputs_of(x, video, ops) + [in_a_loop(x, ops), in_a_function(x, ops)]
    return [x, video], [tf.identity(item, "output_%d" % number) for number, item in enumerate(found)]


def saved():
    network(first=True)
    return tf.train.Saver()


def build():
    requires(1, 4, "depth_to_space had no data_format")
    inputs, outputs = network(first=False)
    return Model(
        inputs=inputs,
        outputs=outputs,
        runs=[[noise(2, 4, 6, 8), noise(2, 2, 4, 6, 5, seed=1)], [noise(1, 4, 6, 8, seed=2), noise(1, 2, 4, 6, 5, seed=3)]],
        saved=saved,
    )


main(build)
