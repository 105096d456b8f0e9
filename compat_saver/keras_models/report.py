"""What the migration of a Keras model did, in the keys of every migration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compat_saver.keras_models.changes import Change
from compat_saver.keras_models.verification import KerasVerification
from compat_saver.migration.verification.comparison import ATOL, RTOL


@dataclass(frozen=True)
class EndPoint:
    """An input or an output of a model.

    Attributes:
        name: of the layer.
        dtype: of its elements.
        shape: with None for what is left open; None if it is not known before the model is built.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as a signature of a report has it."""
        return {"tensor": self.name, "dtype": self.dtype, "shape": None if self.shape is None else list(self.shape)}


@dataclass(frozen=True)
class KerasReport:
    """What the migration of a Keras model did, or would do.

    Attributes:
        source: the path.
        form: "hdf5", "keras" or "saved_model".
        keras_version: what wrote it; "" if it does not say.
        output: what was written; None after a dry run.
        inputs: of the model.
        outputs: of the model.
        kept: how many variables the model has.
        trainable: how many of them are trained.
        nbytes: of all of them.
        optimizer: the class that it is compiled with; "" if it is not.
        iterations: of the optimizer; None if its state was not kept.
        changes: what was changed in the configuration.
        warnings: what the user should know.
        verification: what the comparison found; None if there was none.
        tolerances: (rtol, atol).
        seconds: stage -> how long it took.
    """

    source: str
    form: str
    keras_version: str
    output: str | None
    inputs: Sequence[EndPoint]
    outputs: Sequence[EndPoint]
    kept: int
    trainable: int
    nbytes: int
    optimizer: str
    iterations: int | None
    changes: Sequence[Change]
    warnings: Sequence[str]
    verification: KerasVerification | None
    tolerances: tuple[float | None, float | None]
    seconds: Mapping[str, float]

    @property
    def status(self) -> str:
        """Returns "passed", "failed", "inconclusive", "skipped" (not verified) or "planned" (a dry run)."""
        if self.verification is not None:
            return self.verification.status
        return "planned" if self.output is None else "skipped"

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        from compat_saver.report.html.notebook import keras_html

        return keras_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report in the form of `--json`; keys may be added to it, none is ever removed."""
        return {
            "source": {"kind": f"keras_{self.form}", "path": self.source, "keras_version": self.keras_version},
            "output": self.output,
            "signatures": {
                "serving_default": {
                    "kind": "serving",
                    "inputs": {item.name: item.to_dict() for item in self.inputs},
                    "outputs": {item.name: item.to_dict() for item in self.outputs},
                    "bound": {},
                }
            },
            "variables": {"kept": self.kept, "trainable": self.trainable, "dropped": 0, "bytes": self.nbytes},
            "compiled": {"optimizer": self.optimizer, "iterations": self.iterations},
            "rewrites": self._rewrites(),
            "warnings": list(self.warnings),
            "problems": self.verification.differences if self.verification is not None else [],
            "verification": self._verification(),
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }

    def _rewrites(self) -> list[dict[str, Any]]:
        """Returns the changes, those of one name and one detail together, with the layers."""
        layers: dict[tuple[str, str], list[str]] = {}
        for item in self.changes:
            layers.setdefault((item.name, item.detail), []).append(item.layer)
        return [
            {"name": name, "count": len(found), "detail": detail, "layers": [layer for layer in found if layer]}
            for (name, detail), found in layers.items()
        ]

    def _verification(self) -> dict[str, Any]:
        rtol, atol = self.tolerances
        found: dict[str, Any] = {
            "status": self.status,
            "rtol": RTOL if rtol is None else rtol,
            "atol": ATOL if atol is None else atol,
            "reference": "",
            "inputs": None,
            "signatures": {},
            "training": {},
            "notes": [],
        }
        if self.verification is None:
            return found
        check = self.verification
        found |= {"reference": check.reference, "inputs": check.inputs, "notes": list(check.notes)}
        found["signatures"] = {
            "serving_default": {
                name: {"max_abs_diff": item.max_abs_diff, "bitwise_equal": item.bitwise_equal}
                for name, item in check.outputs.items()
            }
        }
        if check.step is not None:
            found["training"] = {"train": {"steps": 1, "loss": check.step.loss, "variables": check.step.weights}}
        return found
