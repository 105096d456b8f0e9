"""How long does a migrated training step take, against the original step in a session?

    python benchmarks/training_step.py
    python benchmarks/training_step.py --steps 200 --rounds 9

Three programs of TensorFlow 1 that train: dense layers with Adam, convolutions with batch norm and momentum, an LSTM in
a while loop with a clipped norm. Both sides start from the same checkpoint and get the same batch again and again.
Measured is the time of the processors, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from _runs import calls_in_turns

import compat_saver

v1 = tf.compat.v1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30, help="that are measured together")
    parser.add_argument("--rounds", type=int, default=7, help="of which the median is taken")
    args = parser.parse_args()
    v1.disable_control_flow_v2()
    v1.disable_resource_variables()
    print("| milliseconds per step | migrated | in a session | ratio |\n|---|---|---|---|")
    for name, build in PROGRAMS.items():
        with tempfile.TemporaryDirectory() as work:
            migrated, session = measure(build, Path(work), args.steps, args.rounds)
        print(f"| {name} | {migrated:.2f} | {session:.2f} | {migrated / session:.2f} |", flush=True)


def measure(build: Callable[[], dict[str, np.ndarray]], work: Path, steps: int, rounds: int) -> tuple[float, float]:
    """Returns the medians of both sides, in milliseconds per step."""
    with tf.Graph().as_default() as graph:
        batch = build()
        session = v1.Session()
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(work / "model.ckpt"))
    compat_saver.migrate(work / "model.ckpt", work / "out", outputs=["output"], train_ops=["train"], verify=False)
    train: Any = tf.saved_model.load(str(work / "out")).signatures["train"]
    tensors = {name: tf.constant(array) for name, array in batch.items()}
    fed = {f"{name}:0": array for name, array in batch.items()}
    fetches = [graph.get_operation_by_name("train"), graph.get_tensor_by_name("loss:0")]

    def migrated() -> None:
        for _ in range(steps):
            train(**tensors)["loss"].numpy()

    def original() -> None:
        for _ in range(steps):
            session.run(fetches, fed)

    found = calls_in_turns(migrated, original, rounds, clock=time.process_time)
    session.close()
    return tuple(statistics.median(seconds) / steps * 1e3 for seconds in found)  # type: ignore[return-value]


# ---- the programs: each has the inputs of its batch, `output`, `loss` and `train`


def _dense() -> dict[str, np.ndarray]:
    x, y = v1.placeholder(tf.float32, [None, 256], "x"), v1.placeholder(tf.float32, [None, 10], "y")
    hidden = x
    for size in (512, 512, 256):
        hidden = tf.nn.relu(_linear(hidden, size))
    loss = _loss(_linear(hidden, 10), y)
    v1.train.AdamOptimizer().minimize(loss, name="train")
    return {"x": _noise(256, 256), "y": _noise(256, 10)}


def _convolutions() -> dict[str, np.ndarray]:
    x, y = v1.placeholder(tf.float32, [None, 28, 28, 3], "x"), v1.placeholder(tf.float32, [None, 10], "y")
    hidden, updates = x, []
    for size in (16, 32, 32):
        channels = hidden.shape[-1]
        kernel = v1.Variable(v1.random.truncated_normal([3, 3, channels, size], stddev=0.1))
        hidden = tf.nn.conv2d(hidden, kernel, 2, "SAME")
        scale, offset = v1.Variable(tf.ones(size)), v1.Variable(tf.zeros(size))
        hidden, mean, variance = v1.nn.fused_batch_norm(hidden, scale, offset)
        for statistic in (mean, variance):
            average = v1.Variable(tf.zeros(size), trainable=False)
            updates.append(v1.assign_sub(average, 0.1 * (average - statistic)))
        hidden = tf.nn.relu(hidden)
    loss = _loss(_linear(tf.reduce_mean(hidden, [1, 2]), 10), y)
    with tf.control_dependencies(updates):
        v1.train.MomentumOptimizer(0.01, 0.9).minimize(loss, name="train")
    return {"x": _noise(128, 28, 28, 3), "y": _noise(128, 10)}


def _recurrent() -> dict[str, np.ndarray]:
    x, y = v1.placeholder(tf.float32, [None, 20, 32], "x"), v1.placeholder(tf.float32, [None, 10], "y")
    size = 64
    kernel = v1.Variable(v1.random.truncated_normal([32 + size, 4 * size], stddev=0.1))
    bias = v1.Variable(tf.zeros(4 * size))

    def step(state: tuple[tf.Tensor, tf.Tensor], inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        cell, hidden = state
        i, j, f, o = tf.split(tf.concat([inputs, hidden], 1) @ kernel + bias, 4, 1)
        cell = cell * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        return cell, tf.tanh(cell) * tf.sigmoid(o)

    zeros = tf.zeros([tf.shape(x)[0], size])
    _, outputs = v1.scan(step, tf.transpose(x, [1, 0, 2]), (zeros, zeros))
    loss = _loss(_linear(outputs[-1], 10), y)
    optimizer = v1.train.AdamOptimizer()
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(clipped, variables, strict=True), name="train")
    return {"x": _noise(64, 20, 32), "y": _noise(64, 10)}


def _linear(value: tf.Tensor, size: int) -> tf.Tensor:
    weights = v1.Variable(v1.random.truncated_normal([value.shape[-1], size], stddev=0.05))
    return tf.matmul(value, weights) + v1.Variable(tf.zeros(size))


def _loss(output: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square(tf.identity(output, name="output") - target), name="loss")


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


PROGRAMS = {
    "dense layers, Adam": _dense,
    "convolutions, batch norm, momentum": _convolutions,
    "LSTM in a while loop, Adam, clipped norm": _recurrent,
}

if __name__ == "__main__":
    main()
