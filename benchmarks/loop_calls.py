"""How often can a migrated loop be called, against the loop of TensorFlow 1 in a session?

    python benchmarks/loop_calls.py
    python benchmarks/loop_calls.py --case flow_lstm --release 1.4.1

The models are golden cases, which TensorFlow 1 wrote from a dynamic_rnn. "called" is the signature that TensorFlow 2
loads; "in a session" is the same function called from C++ as the v1 graph is, without what a call costs in Python.
Measured is the time of the processors, which other work disturbs less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from _runs import calls_in_turns

import compat_saver

v1 = tf.compat.v1
_GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
_SERVING = "serving_default"

Call = Callable[[], object]
Inputs = Mapping[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", action="append", help="default: flow_classifier and flow_lstm")
    parser.add_argument("--release", default="1.15.5", help="of TensorFlow, that wrote the model")
    parser.add_argument("--seconds", type=float, default=0.2, help="for which calls are measured together, about")
    parser.add_argument("--rounds", type=int, default=11, help="of which the median is taken")
    args = parser.parse_args()
    print("| calls per second | batch | steps | v1 graph | called | ratio | in a session | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for case in args.case or ("flow_classifier", "flow_lstm"):
        for sides, batch, steps in _sides(_GOLDEN / args.release / case):
            original, *others = sides
            count = max(1, round(args.seconds / _seconds(original, 20)))
            pairs = [_compare(original, other, count, args.rounds) for other in others]
            cells = [f"{other:,.0f} | {ratio:.2f}" for _, other, ratio in pairs]
            print(f"| {case} | {batch} | {steps} | {pairs[0][0]:,.0f} | {' | '.join(cells)} |", flush=True)


def _sides(folder: Path) -> Iterator[tuple[list[Call], int, int]]:
    """Yields the calls of the v1 graph, of the signature and of its function in a session, with batch and steps."""
    case = json.loads((folder / "case.json").read_text())
    outputs = [name.removesuffix(":0") for name in case["outputs"]]
    prefix = folder / case["prefix"]
    with tempfile.TemporaryDirectory() as work:
        compat_saver.migrate(prefix, Path(work) / "out", outputs=outputs, verify=False)
        loaded: Any = tf.saved_model.load(f"{work}/out")
        with _original(prefix) as original, _migrated(f"{work}/out") as migrated:
            for batch in (1, 32):
                for steps in (6, 100):
                    inputs = _inputs(loaded.signatures[_SERVING], batch, steps)
                    yield [original(inputs, case), _called(loaded, inputs), migrated(inputs)], batch, steps


@contextmanager
def _original(prefix: Path) -> Iterator[Callable[[Inputs, Mapping[str, Any]], Call]]:
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        v1.train.import_meta_graph(f"{prefix}.meta").restore(session, str(prefix))
    yield lambda inputs, case: _callable(session, case["outputs"], {f"{key}:0": inputs[key] for key in inputs})
    session.close()


@contextmanager
def _migrated(path: str) -> Iterator[Callable[[Inputs], Call]]:
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        infos = v1.saved_model.load(session, ["serve"], path).signature_def[_SERVING]
    fetches = [info.name for info in infos.outputs.values()]
    yield lambda inputs: _callable(session, fetches, {infos.inputs[key].name: inputs[key] for key in inputs})
    session.close()


def _callable(session: Any, fetches: list[str], fed: Inputs) -> Call:
    tensors = [session.graph.get_tensor_by_name(name) for name in fetches]
    run = session.make_callable(tensors, [session.graph.get_tensor_by_name(name) for name in fed])
    return lambda: run(*fed.values())


def _called(loaded: Any, inputs: Inputs) -> Call:
    signature = loaded.signatures[_SERVING]
    tensors = {key: tf.constant(array) for key, array in inputs.items()}
    return lambda: [value.numpy() for value in signature(**tensors).values()]


def _inputs(signature: Any, batch: int, steps: int) -> dict[str, np.ndarray]:
    """Returns noise for sequences, and for their lengths the number of steps."""
    specs = signature.structured_input_signature[1]
    noise = np.random.default_rng(0).standard_normal
    return {
        key: noise((batch, steps, *spec.shape[2:])).astype(np.float32)
        if spec.dtype.is_floating
        else np.full(batch, steps, spec.dtype.as_numpy_dtype)
        for key, spec in specs.items()
    }


def _compare(first: Call, second: Call, count: int, rounds: int) -> tuple[float, float, float]:
    """Returns calls per second of processor time of both, and the median of the second over the first, in turns."""

    def repeated(call: Call) -> Call:
        return lambda: [call() for _ in range(count)]

    found = calls_in_turns(repeated(first), repeated(second), rounds, clock=time.process_time)
    ratio = statistics.median(one / other for one, other in zip(*found, strict=True))
    return count / statistics.median(found[0]), count / statistics.median(found[1]), ratio


def _seconds(call: Call, count: int) -> float:
    """Returns what a call takes, about."""
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


if __name__ == "__main__":
    main()
