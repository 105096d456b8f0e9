"""tf.case, and conds whose results are used in part, depend on one predicate, or pass on what they were given."""
import tensorflow as tf
from _case import Model, main, noise, requires, weights


def build():
    requires(1, 4, "the loops of older releases are in other cases")
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    kind = tf.placeholder(tf.int32, [], name="kind")
    w, v, u = weights("w", 3, 3), weights("v", 3, 3), weights("u", 3)
    chosen = tf.case(
        [
            (tf.equal(kind, 0), lambda: tf.matmul(x, w)),
            (tf.equal(kind, 1), lambda: tf.matmul(x, v) * u),
            (kind > 4, lambda: tf.sin(x)),
        ],
        default=lambda: x * u,
        exclusive=True,
    )
    is_odd = tf.equal(kind % 2, 1)
    first, _, third = tf.cond(
        is_odd, lambda: (x, tf.constant(1.0), tf.matmul(x, w)), lambda: (tf.matmul(x, v), tf.constant(2.0), x)
    )
    # The same predicate again, on what the first cond handed out.
    again = tf.cond(is_odd, lambda: first + third * u, lambda: tf.constant(0.5))
    passed_on = tf.cond(is_odd, lambda: 3, lambda: kind)
    outputs = [
        tf.identity(chosen, name="chosen"), tf.identity(third, name="third"), tf.identity(again, name="again"),
        tf.identity(passed_on, name="passed_on"),
    ]
    return Model([x, kind], outputs, [[noise(2, 3), kind] for kind in (0, 1, 2, 5)], gradients=True)


main(build)
