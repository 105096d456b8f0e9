"""The golden cases: what real TensorFlow 1 wrote, and what it answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """One directory of tests/golden."""

    directory: Path

    def __str__(self) -> str:
        return "-".join(self.directory.relative_to(GOLDEN).parts)

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def prefix(self) -> Path:
        return self.directory / self.facts["prefix"]

    @cached_property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.directory / "case.json").read_text())

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """What `migrate` is to be told."""
        return {"inputs": self.facts["inputs"], "outputs": self.facts["outputs"], "bind": self.facts["bind"]}

    def runs(self) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
        """Yields (inputs, outputs) by tensor name, as the release itself computed them."""
        with np.load(self.directory / "io.npz") as arrays:
            for run in self.facts["runs"]:
                yield (
                    {name: arrays[key] for name, key in run["inputs"].items()},
                    {name: arrays[key] for name, key in run["outputs"].items()},
                )

    def gradients(self) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
        """Yields (inputs by tensor name, gradients by variable), as the release itself computed them."""
        with np.load(self.directory / "io.npz") as arrays:
            for run in self.facts["runs"]:
                yield (
                    {name: arrays[key] for name, key in run["inputs"].items()},
                    {name: arrays[key] for name, key in run.get("gradients", {}).items()},
                )

    def tuning(self) -> tuple[list[dict[str, np.ndarray]], np.ndarray]:
        """Returns the batches of a training from the checkpoint on, used in turn, and the loss before each step."""
        with np.load(self.directory / "io.npz") as arrays:
            found = self.facts["tuning"]
            batches = [{name: arrays[key] for name, key in batch.items()} for batch in found["batches"]]
            return batches, arrays[found["losses"]]


MODELS = (
    *("cond", "conv_batch_norm", "dense_adam", "device_pinned", "dropout", "embedding", "gru_while", "int_bool_string"),
    *("lstm_dynamic_rnn", "moving_average", "multi_head", "name_collision", "partitioned", "queue_input"),
    *("resource_variables", "scalar_state", "sharded", "unknown_shape", "v1_format"),
)
"""Cases that are built as people build models. The others ask single ops for all they can do."""

SERVED = (
    *("bucketized_columns", "ctc_words", "mixture_density", "sized_images", "sparse_dropout"),
    *(
        *MODELS,
        "decoded_images",
        "dropout_fixed",
        "fixed_batch",
        "function_inputs",
        "index_tables",
        "label_checks",
        "lookup_files",
    ),
    "lookup_tensors",
    *(
        "modes_contrib",
        "modes_rate",
        "modes_rnn",
        "modes_unnamed",
        "modes_vector",
        "modes_with_default",
        "mutable_tables",
    ),
    *("parsed_records", "pipeline_examples", "pipeline_initializable", "pipeline_one_shot", "pipeline_positions"),
    *("pipeline_py_func", "pipeline_shuffle_batch", "pipeline_sparse", "pipeline_sparse_batch", "sparse_input"),
    "vocabulary_columns",
)
"""Cases with an answer that a person would find and serve without being told its name."""


def all_cases(name: str = "*") -> list[Case]:
    """Returns the cases of a name, of all releases."""
    return [Case(path.parent) for path in sorted(GOLDEN.glob(f"*/{name}/case.json"))]


def training_graphs(name: str = "*") -> list[Case]:
    """Returns the training graphs of a name, of all releases; their outputs are those of the inference graph."""
    return [Case(path.parent) for path in sorted(GOLDEN.glob(f"*/training/{name}/case.json"))]


def by_release(cases: list[Case]) -> list[Any]:
    """Returns parameters of a test: the first and the last release of each case; the others are marked as nightly."""
    releases: dict[tuple[str, ...], list[Case]] = {}
    for item in sorted(cases, key=_version):
        releases.setdefault(item.directory.relative_to(GOLDEN).parts[1:], []).append(item)
    between = {item for group in releases.values() for item in group[1:-1]}
    return [pytest.param(item, marks=[pytest.mark.nightly] if item in between else [], id=str(item)) for item in cases]


def _version(item: Case) -> list[int]:
    return [int(number) for number in item.directory.relative_to(GOLDEN).parts[0].split(".")]


def model_cases() -> list[Case]:
    """Returns the cases in MODELS, of all releases."""
    return [item for item in all_cases() if item.name in MODELS]


def served_cases() -> list[Case]:
    """Returns the cases in SERVED, of all releases."""
    return [item for item in all_cases() if item.name in SERVED]


def case(release: str, name: str) -> Case:
    """Returns the case of one release ("1.15.5")."""
    return Case(GOLDEN / release / name)
