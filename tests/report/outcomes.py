"""A migration's report with everything in it, made by hand."""

import numpy as np

from compat_saver.analysis.ops.triage import DROPPED, FINE, REWRITTEN, OpRow
from compat_saver.analysis.training_behavior import Finding
from compat_saver.analysis.values.weights import Location, Weight
from compat_saver.keras_models.changes import Change
from compat_saver.keras_models.report import EndPoint, KerasReport
from compat_saver.keras_models.verification import KerasVerification, StepProof
from compat_saver.migration.report import MigrationReport, SourceFacts
from compat_saver.migration.verification.comparison import Comparison, compare
from compat_saver.migration.verification.gradients import Gradients
from compat_saver.migration.verification.verify_model import Verification
from compat_saver.model.inference_mode import TrainingBehavior
from compat_saver.model.signature import Signature, Tensor
from compat_saver.model.table_content import TableContent
from compat_saver.passes import Rewrite
from compat_saver.passes.inference.edits import StopWaiting

FLOAT, STRING = 1, 7

SIGNATURE = Signature(
    "serving_default",
    {"features": Tensor("in/features:0", FLOAT, (None, 12)), "words": Tensor("words:0", STRING, None)},
    {"prediction": Tensor("prediction:0", FLOAT, None), "label": Tensor("label:0", STRING, (None,))},
)


def make_report(**changes) -> MigrationReport:
    facts = {
        "source": SourceFacts("checkpoint", "run/model.ckpt", "run/model.ckpt.meta", "V2", "1.15.5", 134),
        "output": "out",
        "signatures": (SIGNATURE,),
        "output_shapes": {"serving_default": {"prediction": (None, 3)}},
        "bound": {
            "keep_prob:0": np.float32(1.0),
            "mode:0": np.array(b"eval", object),
            "mask:0": np.array([True, False]),
        },
        "weights": (
            Weight("w", FLOAT, (12, 1000), True, Location("w")),
            Weight("b", FLOAT, (1000,), False, Location("b")),
        ),
        "content": TableContent(),
        "averaged": (),
        "untrained": (),
        "made": (),
        "variables": None,
        "dropped": 6,
        "behavior": TrainingBehavior(
            (
                Finding("dropout", "drop/mul", "identity", edits=(StopWaiting("drop/mul"),)),
                Finding("batch norm", "norm", reason="its moving average 'm' was never updated"),
            ),
            is_removed=True,
        ),
        "rewrites": (Rewrite("prune", 1234, "1,234 nodes"), Rewrite("ref_to_resource", 2, "2 variables")),
        "warnings": ("Something to know.",),
        "verification": Verification(
            "seed 0",
            {
                "serving_default": {
                    "prediction": Comparison(1.5e-7, False, "", 9),
                    "label": Comparison(None, True, "", 3),
                }
            },
            guesses={"serving_default": {"words": "any words, of shape [3, 4]"}},
            gradients={"serving_default": Gradients(("w",), ("w",), ("v", "u"), "one op has none")},
        ),
        "tag_set": ("serve",),
        "tolerances": (1e-5, 1e-6),
        "ops": (
            make_row("MatMul", 2, FINE),
            make_row("TopK", 1, REWRITTEN, becomes="TopKV2", agreement="exactly equal"),
            make_row("VariableV2", 1200, REWRITTEN, becomes="VarHandleOp", agreement="exactly equal"),
            make_row("ApplyAdam", 20, DROPPED),
        ),
        "seconds": {"read": 0.01234, "rewrite": 0.5, "write": 1.0, "verify": 2.0},
    }
    return MigrationReport(**(facts | changes))


def make_row(op: str, count: int, verdict: str, **facts) -> OpRow:
    """A row of the triage."""
    words = dict.fromkeys(("becomes", "agreement", "reason", "origin", "since", "advice"), "")
    return OpRow(op, count, verdict, verdict != DROPPED, nodes=("a",), **words | facts)


def make_difference(largest: float | None = 0.25) -> Verification:
    """A verification that failed."""
    result = Comparison(largest, False, "1 of 9 elements differ, by up to 0.25", 9)
    return Verification("in.npz", {"serving_default": {"prediction": result}})


def make_keras_report(**changes) -> KerasReport:
    """Makes the report of a Keras model that was verified, with some of it replaced."""
    values = np.array([[0.25, 0.75]], np.float32)
    compared = compare(values, values, 1e-5, 1e-6)
    facts = {
        "source": "model.h5",
        "form": "hdf5",
        "keras_version": "2.8.0",
        "output": "out.keras",
        "inputs": [EndPoint("features", "float32", (None, 12))],
        "outputs": [EndPoint("dense", "float32", (None, 2))],
        "kept": 4,
        "trainable": 3,
        "nbytes": 104,
        "optimizer": "Adam",
        "iterations": 7,
        "changes": [Change("lstm", "time_major", "removed"), Change("lstm_1", "time_major", "removed")],
        "warnings": ["Something to know."],
        "verification": KerasVerification(
            "tf-keras", "generated (seed 0)", {"dense": compared}, StepProof(0.0, 8e-8, "dense/kernel"), ("A note.",)
        ),
        "tolerances": (None, None),
        "seconds": {"read": 0.1, "verify": 4.2},
    }
    return KerasReport(**{**facts, **changes})
