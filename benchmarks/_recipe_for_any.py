"""The usual recipe for any legacy artifact, with names it could not know, and what comes of using the result.

    python benchmarks/_recipe_for_any.py SOURCE OUT

A checkpoint goes through import_meta_graph and restore, a TF1 SavedModel through tf.compat.v1.saved_model.load, a
frozen graph through import_graph_def; then simple_save, and tf.saved_model.load to use it. Prints JSON.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import tensorflow as tf
from _using import Outputs, Question, open_source, report, use

from compat_saver.migration.verification.samples import Feeds
from compat_saver.model import LegacyModel

tf1 = tf.compat.v1


def main(source: str, output: str, outcome: dict[str, Any]) -> None:
    model = open_source(source)
    outcome["opens"] = True
    question = Question(model)
    outcome["needs"] = question.needs
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        _replay(model, session)
        outcome["restores"] = True
        inputs, outputs = (
            {key: graph.get_tensor_by_name(item.name) for key, item in side.items()}
            for side in (question.signature.inputs, question.signature.outputs)
        )

        def run(feeds: Feeds) -> Outputs:
            found = session.run(outputs, {inputs[key]: array for key, array in feeds.items()})
            return {key: np.asarray(value) for key, value in found.items()}

        try:
            asked = question.ask(run)
            outcome["answers"] = True
        except Exception:
            asked = None  # a graph that does not run can still be saved
        tf1.saved_model.simple_save(session, output, inputs, outputs)
        outcome["saved"] = True
    use(output, question, outcome, asked)


def _replay(model: LegacyModel, session: Any) -> None:
    if model.kind == "graph_def":
        message = tf1.GraphDef.FromString(model.meta.graph_def.SerializeToString())
        tf.graph_util.import_graph_def(message, name="")
    elif model.kind in ("saved_model", "hub_module"):
        tf1.saved_model.load(session, list(model.meta.tags), model.path)
    else:
        tf1.train.import_meta_graph(model.meta.path, clear_devices=True).restore(session, model.path)


if __name__ == "__main__":
    report(lambda outcome: main(sys.argv[1], sys.argv[2], outcome))
