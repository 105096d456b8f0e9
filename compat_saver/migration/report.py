"""What a migration did: the frozen result that the API returns and every renderer reads."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.effects import SideEffect, kinds_by_op
from compat_saver.analysis.node_fates import GraphChange
from compat_saver.analysis.ops.triage import OpRow
from compat_saver.analysis.training_behavior import Finding
from compat_saver.analysis.values.tables import LookupTable
from compat_saver.analysis.values.weights import Weight
from compat_saver.graph.attributes import Shape
from compat_saver.migration.exports import Export
from compat_saver.migration.plan import TrainingPlan
from compat_saver.migration.verification.verify_model import Verification
from compat_saver.model import SourceFacts
from compat_saver.model.inference_mode import TrainingBehavior
from compat_saver.model.signature import Signature, Tensor
from compat_saver.model.table_content import TableContent
from compat_saver.passes import Rewrite

SERVING, TRAINING = "serving", "training"
"""The kinds of signatures."""


@dataclass(frozen=True)
class MigrationReport:
    """What a migration did, or would do.

    Attributes:
        source: where the model came from.
        output: the written SavedModel; None after a dry run.
        signatures: what is served.
        output_shapes: signature name -> output key -> static shape; empty after a dry run.
        bound: tensor name -> the constant it was fixed to.
        weights: the variables that were kept.
        content: the lookup tables that were kept, and their files.
        averaged: the weights whose values are moving averages of the checkpoint.
        untrained: the weights missing from the checkpoint; they have their initial values.
        made: the weights that are constants in the original.
        variables: what was requested of these; None for the default.
        dropped: how many variables of the original no signature needs.
        behavior: where what is served is as in training, and what became of that.
        rewrites: what the passes did.
        warnings: what the user should know.
        verification: what the comparison found; None if there was none.
        tag_set: the tags of the written model.
        tolerances: (rtol, atol) as they hold for float32.
        seconds: stage -> how long it took.
        ops: what becomes of every op of the original graph.
        effects: what the original graph does outside of itself; what the migration ran of that was allowed.
        modes: training-mode input -> why it was bound, though the user did not ask for it.
        training: the training steps beside what is served.
        exports: the files in further formats.
        change: what became of every node of the graph; not in `to_dict()`.
    """

    source: SourceFacts
    output: str | None
    signatures: tuple[Signature, ...]
    output_shapes: Mapping[str, Mapping[str, Shape]]
    bound: Mapping[str, np.ndarray]
    weights: tuple[Weight, ...]
    content: TableContent
    averaged: tuple[str, ...]
    untrained: tuple[str, ...]
    made: tuple[str, ...]
    variables: str | None
    dropped: int
    behavior: TrainingBehavior
    rewrites: tuple[Rewrite, ...]
    warnings: tuple[str, ...]
    verification: Verification | None
    tag_set: tuple[str, ...]
    tolerances: tuple[float, float]
    seconds: Mapping[str, float]
    ops: tuple[OpRow, ...]
    effects: tuple[SideEffect, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    training: tuple[TrainingPlan, ...] = ()
    exports: tuple[Export, ...] = ()
    change: GraphChange | None = field(default=None, repr=False)

    @property
    def status(self) -> str:
        """Returns "passed", "failed", "inconclusive", "skipped" (not verified) or "planned" (a dry run)."""
        if self.verification is not None:
            return "failed" if self.problems else self.verification.status
        return "planned" if self.output is None else "skipped"

    @property
    def problems(self) -> list[str]:
        """One sentence per output of the written model, or of a further format, that differs beyond tolerance."""
        served = self.verification.differences if self.verification is not None else []
        return served + [problem for item in self.exports for problem in item.problems]

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        from compat_saver.report.html.notebook import migration_html

        return migration_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report in the form of `--json`; keys may be added to it, none is ever removed."""
        kinds = kinds_by_op(self.effects)
        return {
            "source": {
                "kind": self.source.kind,
                "path": self.source.path,
                "meta_graph": self.source.meta_graph,
                "checkpoint_version": self.source.checkpoint_version,
                "tensorflow_version": self.source.tensorflow_version,
                "producer": self.source.producer,
                "tag_set": None if self.source.tag_set is None else list(self.source.tag_set),
            },
            "output": self.output,
            "tag_set": list(self.tag_set),
            "signatures": {
                **{item.name: self._signature(item) for item in self.signatures},
                **{item.training.name: self._training_signature(item) for item in self.training},
            },
            "variables": {
                "kept": len(self.weights),
                "trainable": sum(weight.trainable for weight in self.weights),
                "dropped": self.dropped,
                "averaged": list(self.averaged),
                "untrained": list(self.untrained),
                "from_constants": list(self.made),
                "option": self.variables,
                "bytes": sum(weight.nbytes for weight in self.weights),
            },
            "tables": [self._table(item) for item in self.content.tables],
            "training_behavior": [self._finding(item) for item in self.behavior.findings],
            "rewrites": [{"name": item.name, "count": item.count, "detail": item.detail} for item in self.rewrites],
            "ops": [row.to_dict(kinds.get(row.op, "")) for row in self.ops],
            "reaches_outside": [item.to_dict() for item in self.effects],
            "warnings": list(self.warnings),
            "problems": self.problems,
            "verification": self._verification(),
            "exports": [item.to_dict() for item in self.exports],
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }

    def _signature(self, signature: Signature) -> dict[str, Any]:
        shapes = self.output_shapes.get(signature.name, {})
        return {
            "kind": SERVING,
            "inputs": {key: _tensor(item, item.shape) for key, item in signature.inputs.items()},
            "outputs": {key: _tensor(item, shapes.get(key, item.shape)) for key, item in signature.outputs.items()},
            "bound": {name: _plain(value.tolist()) for name, value in self.bound.items()},
            "why": dict(self.modes),
        }

    def _training_signature(self, item: TrainingPlan) -> dict[str, Any]:
        (signature,) = item.plan.signatures
        shapes = self.output_shapes.get(signature.name, {})
        step, tensors = item.training.step, item.training.tensors
        outputs = {
            key: dataclasses.replace(tensor, name=tensors.get(tensor.name, f"^{step.op}"))
            for key, tensor in signature.outputs.items()
        }
        return {
            "kind": TRAINING,
            "train_op": step.op,
            "updates": list(step.updates),
            "inputs": {key: _tensor(tensor, tensor.shape) for key, tensor in signature.inputs.items()},
            "outputs": {key: _tensor(tensor, shapes.get(key, tensor.shape)) for key, tensor in outputs.items()},
            "bound": {name: _plain(value.tolist()) for name, value in item.plan.bound.items()},
            "why": dict(item.plan.modes),
        }

    def _finding(self, finding: Finding) -> dict[str, Any]:
        return {
            "what": finding.what,
            "node": finding.node,
            "became": finding.became if finding in self.behavior.removed else "",
            "reason": finding.reason,
            "variables": list(finding.variables),
            "confidence": finding.confidence,
        }

    def _table(self, table: LookupTable) -> dict[str, Any]:
        files = [item for item in self.content.files if item.initializer in table.initializers]
        return {
            "name": table.name,
            "key_dtype": dtypes.name_of(table.key_dtype),
            "value_dtype": dtypes.name_of(table.value_dtype),
            "stored": table.stored is not None,
            "files": [{"recorded": item.recorded, "path": str(item.path)} for item in files],
        }

    def _verification(self) -> dict[str, Any]:
        found: dict[str, Any] = {"status": self.status, "rtol": self.tolerances[0], "atol": self.tolerances[1]}
        if self.verification is None:
            return found | {"inputs": None, "guesses": {}, "signatures": {}, "training": {}, "gradients": {}}
        found["inputs"] = self.verification.inputs
        found["guesses"] = {name: dict(guesses) for name, guesses in self.verification.guesses.items()}
        found["signatures"] = {
            name: {
                key: {"max_abs_diff": result.max_abs_diff, "bitwise_equal": result.bitwise_equal}
                for key, result in outputs.items()
            }
            for name, outputs in self.verification.results.items()
        }
        found["training"] = {
            name: {"steps": proof.steps, "loss": _plain(proof.loss), "variables": _plain(proof.variables)}
            for name, proof in self.verification.training.items()
        }
        found["gradients"] = {name: taken.to_dict() for name, taken in self.verification.gradients.items()}
        return found


def _tensor(tensor: Tensor, shape: Shape) -> dict[str, Any]:
    listed = None if shape is None else list(shape)
    return {"tensor": tensor.name, "dtype": dtypes.name_of(tensor.dtype), "shape": listed}


def _plain(value: Any) -> Any:
    """Returns a bound value as JSON can hold it and `--bind` reads it again: what JSON has no number for as text."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    return value
