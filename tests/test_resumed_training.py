"""Training goes on in TensorFlow 2 as it went on in TensorFlow 1, from the same checkpoint on the same batches."""

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compat_saver
from compat_saver.analysis.training_steps import TrainingSteps
from compat_saver.errors import OutputExistsError, UsageError
from compat_saver.graph import OpCatalog, from_graph_def
from compat_saver.migration.verification.training_proof import relative_gap
from compat_saver.passes import run_passes
from compat_saver.passes.structure.one_replica import OneReplica
from tests.golden_cases import GOLDEN, case

ACROSS_RELEASES = 1e-3
"""Relative to the largest magnitude: kernels changed."""


@dataclass(frozen=True)
class Resumed:
    """One directory of tests/golden/RELEASE/resume."""

    directory: Path

    def __str__(self) -> str:
        return "-".join(self.directory.relative_to(GOLDEN).parts)

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.directory / "case.json").read_text())

    @property
    def prefix(self) -> Path:
        return self.directory / "model.ckpt"


CASES = [Resumed(path.parent) for path in sorted(GOLDEN.glob("*/resume/*/case.json"))]


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("chosen", CASES, ids=str)
def test_further_steps_are_those_of_the_release(chosen, tmp_path):
    import tensorflow as tf

    facts = chosen.facts
    ops = list(dict.fromkeys(step["op"] for step in facts["steps"]))
    asked = {"inputs": facts["inputs"], "outputs": facts["outputs"], "train_ops": ops}
    report = compat_saver.migrate(chosen.prefix, tmp_path / "out", verify=False, **asked)
    model = tf.saved_model.load(str(tmp_path / "out"))
    described = report.to_dict()["signatures"]
    taken = {name: item["inputs"] for name, item in described.items()}
    signatures = {item["train_op"]: name for name, item in described.items() if "train_op" in item}
    with np.load(chosen.directory / "io.npz") as arrays:
        for step in facts["steps"]:
            name = signatures[step["op"]]
            given = {tensor: tf.constant(arrays[key]) for tensor, key in step["inputs"].items()}
            found = model.signatures[name](**{key: given[item["tensor"]] for key, item in taken[name].items()})
            for key, item in described[name]["outputs"].items():
                if item["tensor"] in step["losses"]:
                    expected = arrays[step["losses"][item["tensor"]]]
                    assert relative_gap(expected, found[key].numpy()) < ACROSS_RELEASES, key
        for name, variable in model.weights.items():
            assert relative_gap(arrays[facts["variables"][name]], variable.numpy()) < ACROSS_RELEASES, name
    updated = {name for item in described.values() for name in item.get("updates", ())}
    assert updated <= facts["variables"].keys()
    assert updated >= set(facts["trainable"])


@pytest.mark.parametrize("chosen", CASES, ids=str)
def test_steps_are_found_with_their_losses(chosen):
    meta = compat_saver.read_meta_graph(f"{chosen.prefix}.meta")
    graph = from_graph_def(meta.graph_def)
    run_passes([OneReplica()], graph)
    found = {step.op: step for step in TrainingSteps(graph, OpCatalog.of(graph, meta.stripped_ops)).find()}
    for step in chosen.facts["steps"]:
        if step["losses"]:
            assert found[step["op"]].losses == tuple(step["losses"])


def _load(name: str):
    path = GOLDEN / "savers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.tensorflow
def test_tensorflow_1_restored_what_is_saved_and_trained_on(tmp_path):
    program = _load("resumed")
    recorded = json.loads((GOLDEN / "savers" / "resumed_by_1.15.5.json").read_text())
    program.write(str(tmp_path))
    for name, found in recorded.items():
        assert program.digests(str(tmp_path / name)) == found["files"]
        assert len(found["restored"]) == found["variables"]
        assert found["changed"]


@pytest.fixture(scope="module")
def partitioned(tmp_path_factory):
    """A migrated model with partitioned variables, all of its numbers doubled, and its source."""
    import tensorflow as tf

    chosen, directory = case("1.15.5", "partitioned"), tmp_path_factory.mktemp("partitioned")
    compat_saver.migrate(chosen.prefix, directory / "out", verify=False, **chosen.arguments)
    model = tf.saved_model.load(str(directory / "out"))
    for variable in model.variables:
        variable.assign(2 * variable)
    return model, chosen.prefix


@pytest.mark.tensorflow
def test_with_its_source_a_checkpoint_is_the_programs_own(partitioned, tmp_path):
    model, source = partitioned
    prefix = compat_saver.save_checkpoint(model, tmp_path / "model.ckpt", source=source)
    assert prefix == str(tmp_path / "model.ckpt")
    with compat_saver.open_checkpoint(source) as before, compat_saver.open_checkpoint(prefix) as after:
        assert list(after) == list(before)
        for name in before:
            assert after.info(name).slices == before.info(name).slices
            times = 2 if before.info(name).slices and "Adam" not in name else 1
            np.testing.assert_array_equal(after[name], times * before[name])


@pytest.mark.tensorflow
def test_without_its_source_a_checkpoint_has_the_names_of_the_variables(partitioned, tmp_path):
    model, _ = partitioned
    compat_saver.save_checkpoint(model, tmp_path / "model.ckpt")
    with compat_saver.open_checkpoint(tmp_path / "model.ckpt") as after:
        assert set(after) == set(model.weights)
        np.testing.assert_array_equal(after["sliced/kernel/part_1"], model.weights["sliced/kernel/part_1"].numpy())
    with pytest.raises(OutputExistsError):
        compat_saver.save_checkpoint(model, tmp_path / "model.ckpt")
    compat_saver.save_checkpoint(model, tmp_path / "model.ckpt", overwrite=True)


def test_anything_else_has_no_weights_by_name(tmp_path):
    with pytest.raises(UsageError, match="takes a migrated model"):
        compat_saver.save_checkpoint(object(), tmp_path / "model.ckpt")
