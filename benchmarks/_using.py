"""Uses a SavedModel as its users do: load it, run it, save what was loaded, load that, run it again.

    python benchmarks/_using.py SOURCE SAVED_MODEL

prints as JSON what came of it. SOURCE, the legacy artifact, decides what to run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from compat_saver._tensorflow import first_line
from compat_saver.errors import CompatSaverError
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import make_plan
from compat_saver.migration.verification.comparison import compare
from compat_saver.migration.verification.samples import Feeds, SampleMaker
from compat_saver.model import LegacyModel, open_model
from compat_saver.model.choosing import choose_signatures
from compat_saver.model.folding import fold
from compat_saver.model.signature import DEFAULT_SIGNATURE, ServingRequest, Signature

Outputs = Mapping[str, np.ndarray]
_OPTIONS = MigrationOptions()


class Question:
    """What is run of one artifact: the usual signature, or the first, of those a migration without flags would serve.

    Attributes:
        signature: its inputs and outputs.
        needs: how many variables it needs; None where the migration was refused.
    """

    def __init__(self, model: LegacyModel) -> None:
        try:
            plan = make_plan(model, _OPTIONS)
        except CompatSaverError:
            folded = fold(model, ServingRequest())
            graph, signatures = folded.graph, choose_signatures(model, folded, ServingRequest()).signatures
            nodes = {name: name.partition(":")[0] for item in signatures for name in _tensors(item)}
            self.needs = None
        else:
            graph, nodes, signatures, self.needs = plan.graph, plan.input_nodes, plan.signatures, len(plan.weights)
        self.signature = min(signatures, key=lambda item: item.name != DEFAULT_SIGNATURE)
        self._maker = SampleMaker(graph, nodes, _OPTIONS.seed)

    def ask(self, run: Callable[[Feeds], Outputs]) -> tuple[Feeds, Outputs]:
        """Returns the first generated inputs on which `run` runs, and its outputs.

        Raises:
            Exception: what it raised on the first ones, where it runs on none.
        """
        first: Exception | None = None
        for guess in self._maker.guesses(self.signature):
            for feeds in self._maker.feeds(self.signature, guess):
                try:
                    return feeds, run(feeds)
                except Exception as error:
                    first = first or error
        raise first or RuntimeError("no inputs to try")


def _tensors(signature: Signature) -> list[str]:
    return [item.name for item in signature.inputs.values()]


def use(model_path: str, question: Question, outcome: dict[str, Any], asked: tuple[Feeds, Outputs] | None) -> None:
    """Uses a SavedModel and notes in `outcome` how far that went.

    Args:
        model_path: its directory.
        question: what to ask.
        outcome: gets the keys "loads", "variables", "trainable", "equal" and "survives".
        asked: inputs and the original's outputs; None where the original is not at hand.
    """
    model = tf.saved_model.load(model_path)
    outcome["loads"] = True
    outcome["variables"] = len(list(getattr(model, "variables", ())))
    outcome["trainable"] = len(list(getattr(model, "trainable_variables", ())))
    feeds, outputs = question.ask(_server(model, question.signature)) if asked is None else asked
    if asked is not None:
        outcome["equal"] = _agree(outputs, _server(model, question.signature)(feeds))
    with tempfile.TemporaryDirectory() as again:
        tf.saved_model.save(model, again, signatures=model.signatures)
        outcome["survives"] = _agree(outputs, _server(tf.saved_model.load(again), question.signature)(feeds))


def _server(model: Any, signature: Signature) -> Callable[[Feeds], Outputs]:
    function = model.signatures[signature.name if signature.name in model.signatures else DEFAULT_SIGNATURE]

    def run(feeds: Feeds) -> Outputs:
        tensors = {
            key: tf.constant(array, signature.inputs[key].dtype, array.shape)
            for key, array in feeds.items()
            if key in function.structured_input_signature[1]
        }
        return {key: value.numpy() for key, value in function(**tensors).items()}

    return run


def _agree(expected: Outputs, found: Outputs) -> bool:
    return all(not compare(array, np.asarray(found[key]), None, None).problem for key, array in expected.items())


def report(work: Callable[[dict[str, Any]], None]) -> None:
    """Prints the outcome of `work` as JSON; what it raised stands under "error"."""
    outcome: dict[str, Any] = {}
    try:
        work(outcome)
    except Exception as error:
        outcome["error"] = f"{type(error).__name__}: {first_line(error)}"
    print(json.dumps(outcome))


def open_source(path: str) -> LegacyModel:
    return open_model(Path(path))


if __name__ == "__main__":
    report(lambda outcome: use(sys.argv[2], Question(open_source(sys.argv[1])), outcome, None))
