"""Saving and restoring with compat_saver.Saver and with TensorFlow's: in one process, in turns, medians."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _runs import calls_in_turns

import compat_saver as cs

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MANY = 5_000
WIDTH = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=500, help="of the large model")
    parser.add_argument("--folder", help="where to save; needs four times the size of the large model")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        print("| | compat_saver | TensorFlow | ratio |")
        print("|---|---|---|---|")
        measure(f"{MANY:,} variables", [(n % 7 + 1, 3) for n in range(MANY)], work, args.rounds)
        large = [(WIDTH, WIDTH)] * max(1, args.megabytes * 10**6 // (4 * WIDTH * WIDTH))
        measure(f"{args.megabytes} MB", large, work, args.rounds)
    finally:
        shutil.rmtree(work)


def measure(what: str, shapes: list[tuple[int, int]], work: Path, rounds: int) -> None:
    """Saves with a step, saves over one name, and restores; both savers have the same graph and session."""
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    with tf.Graph().as_default():
        for n, shape in enumerate(shapes):
            tf.get_variable(f"block_{n % 100}/layer_{n}/kernel", shape)
        ours, theirs = cs.Saver(max_to_keep=1), tf.train.Saver(max_to_keep=1)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for said, how in (("save by step", stepwise), ("save over the same name", over), ("restore", back)):
                pair = [how(saver, session, work / name) for saver, name in ((ours, "ours"), (theirs, "theirs"))]
                compare(f"{what}, {said}", pair[0], pair[1], rounds)


def stepwise(saver: Any, session: Any, folder: Path) -> Callable[[], object]:
    folder.mkdir(exist_ok=True)
    steps = iter(range(10**6))
    return lambda: saver.save(session, str(folder / "by_step"), global_step=next(steps))


def over(saver: Any, session: Any, folder: Path) -> Callable[[], object]:
    return lambda: saver.save(session, str(folder / "model.ckpt"))


def back(saver: Any, session: Any, folder: Path) -> Callable[[], object]:
    return lambda: saver.restore(session, str(folder / "model.ckpt"))


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> None:
    seconds = calls_in_turns(ours, theirs, rounds)
    first, second = (statistics.median(item) for item in seconds)
    ratios = np.divide(*seconds)
    print(f"| {what} | {first:.3f} s | {second:.3f} s | {np.median(ratios):.2f} |")


if __name__ == "__main__":
    main()
