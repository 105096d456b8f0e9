"""Batches of small models: outcomes, the record, resuming, and executors of other libraries."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from click.testing import CliRunner

import compat_saver as cs
from compat_saver.batch import BatchReport
from compat_saver.batch.outcome import ModelOutcome, of_error
from compat_saver.batch.record import RECORD, add_to_record, read_record
from compat_saver.cli import main
from compat_saver.errors import CannotMigrateError, UsageError
from compat_saver.report.batch_table import render_batch
from compat_saver.report.text import as_text
from tests.batch import calls
from tests.golden_cases import GOLDEN
from tests.keras_models.models import Golden
from tests.small_models import WEIGHTS, write_checkpoint, write_model

UNSUPPORTED = """
x = Placeholder[dtype=float32, shape=[?, 2]]
y = NoSuchOp[T=float32](x)
"""


@pytest.fixture
def root(tmp_path):
    for name in "abc":
        write_model(tmp_path / "models" / name)
    write_model(tmp_path / "models" / "odd", "x = Placeholder[dtype=float32, shape=[?, 2]]", {}, ())
    return tmp_path / "models"


def statuses(report: BatchReport) -> dict[str, str]:
    return {item.name: item.status for item in report}


@pytest.mark.tensorflow
def test_a_batch_stops_at_nothing_and_is_resumed(root, tmp_path):
    out = tmp_path / "out"
    first = cs.migrate_many(root, out, jobs=1, after=calls.crash_on_b)
    assert statuses(first) == {"a": "verified", "b": "failed", "c": "verified", "odd": "refused"}
    (lost,) = [item for item in first if item.name == "b"]
    assert "SIGSEGV" in lost.problems[0]
    assert not lost.is_final
    assert sorted(path.name for path in out.iterdir()) == ["a", "b", RECORD, "c"]  # it crashed after it had published

    write_checkpoint(root / "c" / "model.ckpt", {**WEIGHTS, "b": WEIGHTS["b"] + 1})
    shutil.rmtree(out / "a")
    steps = []
    second = cs.migrate_many(root, out, jobs=1, resume=True, progress=steps.append)
    assert statuses(second) == {"a": "verified", "b": "verified", "c": "verified", "odd": "refused"}
    started = {step.name for step in steps if step.outcome is None}
    assert {"a", "b"} <= started, "the output is gone, and the crash may not come again"
    assert "c" in started, "its checkpoint has changed"
    assert {item.name for item in cs.migrate_many(root, out, resume=True) if item.resumed} >= {"a", "b", "c"}
    assert len((out / RECORD).read_text().splitlines()) >= 7


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_any_executor_does(root, tmp_path, kind):
    listed = [root / "a", {"source": root / "b", "name": "second", "outputs": ["product"]}]
    with _executor(kind) as executor:
        report = cs.migrate_many(listed, tmp_path / "out", executor=executor, after=calls.note, seed=5)
    assert statuses(report) == {"a": "verified", "second": "verified"}
    assert (tmp_path / "out" / "second.note").read_text() == "second passed"
    written = json.loads((tmp_path / "out" / "second" / "assets.extra" / "compat_saver" / "report.json").read_text())
    assert (list(written["signatures"]["serving_default"]["outputs"]), written["verification"]["inputs"]) == (
        ["product"],
        "seed 5",
    )


def _executor(kind):
    if kind == "threads":
        return ThreadPoolExecutor(2)
    if kind == "processes":
        return ProcessPoolExecutor(2, get_context("forkserver"))
    distributed = pytest.importorskip("distributed")
    return distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None)


def test_a_broken_executor_is_the_failure_of_what_it_had(root, tmp_path):
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=calls.leave) as executor:
        report = cs.migrate_many(root, tmp_path / "out", executor=executor)
    assert set(statuses(report).values()) == {"failed"}
    assert not any(item.is_final for item in report)


def test_a_dry_run_plans_all_and_writes_nothing(root, tmp_path):
    done = CliRunner().invoke(main, ["batch", str(root), str(tmp_path / "out"), "--dry-run", "--jobs", "1", "--json"])
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    assert found["counts"] == {"planned": 3, "refused": 1}
    assert not (tmp_path / "out").exists()
    assert "[4/4]" in done.stderr
    assert "4 models in" in done.stderr


def test_the_table(tmp_path):
    outcomes = (
        ModelOutcome("a", "/m/a", "out/a", "verified", seconds=1.26),
        ModelOutcome("b", "/m/b", None, "refused", ("First.\n  - more", "Second."), 0.04, resumed=True),
    )
    expected = """\
Models

  model   outcome          seconds   why
 ────────────────────────────────────────────────────────
  a       verified             1.3
  b       refused before       0.0   First. (and 1 more)

"""
    text = as_text(render_batch(BatchReport("out", None, outcomes, 1.3)))
    assert "".join(f"{line.rstrip()}\n" for line in text.splitlines()) == expected


def test_a_line_that_was_cut_short_does_not_count(tmp_path):
    one, two = (ModelOutcome(name, "s", None, "refused", ("why",), 1.0, "f") for name in "ab")
    add_to_record(tmp_path, one)
    with (tmp_path / RECORD).open("a") as file:
        file.write('{"name": "b", "stat')
    add_to_record(tmp_path, two)
    assert read_record(tmp_path) == {"a": one, "b": two}


def test_obstacles_are_listed_and_a_bug_may_be_gone_next_time():
    assert of_error(CannotMigrateError(["one", "two"])) == {
        "status": "refused",
        "problems": ("one", "two"),
        "is_final": True,
    }
    assert of_error(ZeroDivisionError("by zero")) == {
        "status": "failed",
        "problems": ("ZeroDivisionError: by zero",),
        "is_final": False,
    }


def test_what_contradicts_itself(root, tmp_path):
    with pytest.raises(UsageError, match="an executor has its own"):
        cs.migrate_many(root, tmp_path / "out", executor=ThreadPoolExecutor(1), jobs=2)
    with pytest.raises(UsageError, match="given to several models"):
        cs.migrate_many([root / "a", root / "a"], tmp_path / "out")
    with pytest.raises(UsageError, match="expected at least 600,000,000 bytes"):
        cs.migrate_many(root, tmp_path / "out", memory=5)
    with pytest.raises(UsageError, match="an executor has its own"):
        cs.migrate_many(root, tmp_path / "out", executor=ThreadPoolExecutor(1), time_per_model=5)


@pytest.mark.tensorflow
def test_a_file_of_keras_becomes_one_of_keras_3(root, tmp_path):
    pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / "tf-2.8.4" / "dense.zip", tmp_path / "golden")
    shutil.copy(golden.path("hdf5"), root / "a" / "layers.h5")
    (root / "cut.h5").write_bytes(golden.path("hdf5").read_bytes()[:3000])
    out = tmp_path / "out"
    with ThreadPoolExecutor(1) as executor:
        report = cs.migrate_many(root, out, executor=executor, verify=False)
        again = cs.migrate_many(root, out, executor=executor, verify=False, resume=True)
    found = statuses(report)
    assert (found["a__layers.h5.keras"], found["cut.h5.keras"]) == ("unverified", "refused")
    keras = pytest.importorskip("keras")
    assert keras.models.load_model(out / "a__layers.h5.keras").output_shape == (None, 3)
    assert {item.name for item in again if item.resumed} >= {"a__layers.h5.keras"}


def test_a_model_of_a_list_has_its_architecture_and_custom_objects(tmp_path):
    h5py = pytest.importorskip("h5py")
    golden = Golden(GOLDEN / "keras" / "tf-2.8.4" / "dense.zip", tmp_path)
    with h5py.File(golden.path("hdf5"), "r+") as file:
        (tmp_path / "model.json").write_text(file.attrs["model_config"].replace("relu", "wavy"))
        del file.attrs["model_config"]
    named = [f"- {{name: {name}, source: model.h5" for name in "abc"]
    options = [", architecture: model.json, custom-objects: 'wavy=math:sin'}", "}", ", architecture: model.json}"]
    (tmp_path / "list.yaml").write_text("\n".join(map("".join, zip(named, options, strict=True))))
    with ThreadPoolExecutor(1) as executor:
        report = cs.migrate_many(tmp_path / "list.yaml", tmp_path / "out", executor=executor, dry_run=True)
    assert [item.status for item in report] == ["planned", "refused", "refused"]
    assert "--architecture" in report.outcomes[1].problems[0]
    assert "--custom-objects MODULE:wavy" in report.outcomes[2].problems[0]
