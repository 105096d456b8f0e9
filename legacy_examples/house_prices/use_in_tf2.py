"""Uses the migrated net in TensorFlow 2: asks it, fine-tunes it, saves it, loads it again."""

import argparse
import os

import numpy as np
import tensorflow as tf

from houses import make_houses

HERE = os.path.dirname(os.path.abspath(__file__))


def ask(model, houses):
    return model.signatures["serving_default"](houses=tf.constant(houses))["price"]


def mean_error(model, houses, prices):
    return float(tf.reduce_mean(tf.abs(ask(model, houses) - prices)))


def check_against_tf1(model):
    """The answers must be those that TensorFlow 1 gave."""
    recorded = np.load(os.path.join(HERE, "predictions.npz"))
    np.testing.assert_allclose(ask(model, recorded["houses"]), recorded["price"], rtol=1e-4)
    print("same answers as TensorFlow 1 for %d houses" % len(recorded["houses"]))


def fine_tune(model, houses, prices, steps):
    """Trains all weights on, as any TensorFlow 2 model."""
    optimizer = tf.keras.optimizers.Adam(0.001)
    variables = list(model.trainable_variables)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square((ask(model, houses) - prices) / np.std(prices)))
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="the directory that compat-saver wrote")
    parser.add_argument("tuned", help="the directory to save the fine-tuned model to")
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()

    model = tf.saved_model.load(args.model)
    for name, variable in model.weights.items():
        print("%-16s %s" % (name, variable.shape))
    check_against_tf1(model)

    houses, prices = make_houses(500, seed=4)
    prices = prices * 1.25  # the market went up
    before = mean_error(model, houses, prices)
    fine_tune(model, houses, prices, args.steps)
    after = mean_error(model, houses, prices)
    print("today's prices: off by %.1f thousand before fine-tuning, by %.1f after" % (before, after))
    assert after < before / 2

    tf.saved_model.save(model, args.tuned, signatures=model.signatures)
    again = tf.saved_model.load(args.tuned)
    np.testing.assert_allclose(ask(again, houses), ask(model, houses), rtol=1e-6)
    print("the fine-tuned model was saved to %s and answers the same" % args.tuned)


if __name__ == "__main__":
    main()
