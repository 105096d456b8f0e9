"""Verification stands between a wrong model and its publication."""

import json
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver.bundle import BundleWriter
from compat_saver.cli import main
from compat_saver.errors import VerificationError
from compat_saver.migration import execution
from tests.faults.kill import MIGRATE
from tests.golden_cases import case
from tests.small_models import DENSE, WEIGHTS, write_model
from tests.test_isolation import is_running

pytestmark = pytest.mark.tensorflow

DIFFERENT, UNUSABLE = 1, 2
RANDOM = (
    DENSE
    + """
size = Const[dtype=int32, value=int32[1](3)]
noise = RandomUniform[T=int32, dtype=float32, seed=0, seed2=0](size)
keep = Placeholder[dtype=bool, shape=[]]
off = Switch[T=float32](prediction, keep)
on = Add[T=float32](off:1, noise)
y = Merge[N=2, T=float32](off, on)
"""
)


@pytest.fixture
def source(tmp_path):
    (tmp_path / "run").mkdir()
    return write_model(tmp_path / "run")


def alter_a_weight(directory, by=0.01) -> None:
    """Writes the variables of a SavedModel again, the largest of them a little different in one element."""
    prefix = directory / "variables" / "variables"
    with compat_saver.open_checkpoint(prefix) as checkpoint:
        arrays = {name: array.copy() for name, array in checkpoint.items()}
    chosen = max((name for name in arrays if "weights/" in name), key=lambda name: arrays[name].size)
    arrays[chosen].reshape(-1)[0] += by
    with BundleWriter(prefix, overwrite=True) as writer:
        for name, array in arrays.items():
            writer.add(name, array)


@pytest.fixture
def damaging(monkeypatch):
    """Alters a weight of every model between writing and verifying."""
    write = execution.write_saved_model

    def write_and_damage(plan, checkpoint, directory, *arguments):
        shapes = write(plan, checkpoint, directory, *arguments)
        alter_a_weight(directory)
        return shapes

    monkeypatch.setattr(execution, "write_saved_model", write_and_damage)


def names(directory) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.usefixtures("damaging")
@pytest.mark.parametrize("name", ["dense_adam", "resource_variables"])
def test_an_altered_weight_publishes_nothing(tmp_path, name):
    chosen = case("1.15.5", name)
    with pytest.raises(compat_saver.VerificationError, match=r"prediction: .* elements differ") as raised:
        compat_saver.migrate(chosen.prefix, tmp_path / "out", **chosen.arguments)
    assert raised.value.report.status == "failed"
    assert names(tmp_path) == []


@pytest.mark.usefixtures("damaging")
def test_the_command_prints_the_report_and_exits_with_1(source, tmp_path):
    result = CliRunner().invoke(main, ["migrate", str(source), str(tmp_path / "out")])
    assert result.exit_code == DIFFERENT
    assert isinstance(result.exception, SystemExit)
    assert "Verification: failed" in result.stdout
    assert "serving_default/prediction" in result.stderr
    assert "elements differ" in result.stderr
    assert names(tmp_path) == ["run"]


@pytest.mark.usefixtures("damaging")
def test_the_report_of_a_failure_as_json(source, tmp_path):
    result = CliRunner().invoke(main, ["migrate", str(source), str(tmp_path / "out"), "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == DIFFERENT
    assert found["verification"]["status"] == "failed"
    assert found["verification"]["signatures"]["serving_default"]["prediction"]["max_abs_diff"] > 1e-3
    assert len(found["problems"]) == 1


@pytest.mark.usefixtures("damaging")
def test_an_older_output_is_left_as_it_was(source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "saved_model.pb").touch()
    result = CliRunner().invoke(main, ["migrate", str(source), str(tmp_path / "out"), "--overwrite"])
    assert result.exit_code == DIFFERENT
    assert names(tmp_path / "out") == ["saved_model.pb"]
    assert names(tmp_path) == ["out", "run"]


@pytest.mark.usefixtures("damaging")
def test_a_tolerance_wide_enough_lets_it_pass(source, tmp_path):
    report = compat_saver.migrate(source, tmp_path / "out", atol=1.0)
    assert report.status == "passed"
    assert report.to_dict()["verification"]["atol"] == 1.0


@pytest.mark.usefixtures("damaging")
def test_without_verification_it_is_published_and_said_so(source, tmp_path):
    result = CliRunner().invoke(main, ["migrate", str(source), str(tmp_path / "out"), "--no-verify", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verification"]["status"] == "skipped"
    assert "not verified" in result.stderr


def test_random_answers_fail_with_the_advice_to_bind(tmp_path):
    prefix = write_model(tmp_path, RANDOM)
    with pytest.raises(compat_saver.VerificationError, match=r"contains random ops \('noise'.*--bind"):
        compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"], bind={"keep": True}, training_behavior="keep")
    report = compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"], bind={"keep": False})
    assert report.status == "passed"
    assert report.warnings == ()


def test_an_error_about_randomness_ends_with_a_command_to_paste(tmp_path):
    prefix = write_model(tmp_path, RANDOM)
    flags = ["--outputs", "y", "--bind", "keep=true", "--training-behavior", "keep"]
    result = CliRunner().invoke(main, ["migrate", str(prefix), str(tmp_path / "out"), *flags])
    command = result.stderr.rstrip().splitlines()[-1].partition("unverified: ")[2]
    program, *arguments = shlex.split(command)
    assert program == "compat-saver"
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert (tmp_path / "out" / "saved_model.pb").is_file()


def test_noise_around_zero_is_turned_to_inference(tmp_path):
    normal = write_model(tmp_path, RANDOM.replace("RandomUniform", "RandomStandardNormal"))
    report = compat_saver.migrate(normal, tmp_path / "out", outputs=["y"], bind={"keep": True})
    assert report.status == "passed"
    assert "1 random noise" in " ".join(report.warnings)


def test_given_data_are_used(source, tmp_path):
    features = np.float32([[1, 2], [3, 4], [5, 6], [7, 8]])
    for name in ("x", "x:0"):
        np.savez(tmp_path / "in.npz", **{name: features, "unused": features})
        report = compat_saver.migrate(source, tmp_path / "out", verify_data=tmp_path / "in.npz", overwrite=True)
        found = report.to_dict()["verification"]
        assert (found["status"], found["inputs"]) == ("passed", str(tmp_path / "in.npz"))
    assert report.verification.results["serving_default"]["prediction"].elements == 4 * 3


def test_outputs_of_which_some_are_no_numbers_are_noted(source, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.float32([[1, np.nan], [1, 2]]))
    report = compat_saver.migrate(source, tmp_path / "out", verify_data=tmp_path / "in.npz")
    assert report.status == "passed"
    assert [note for note in report.warnings if "No batch gave finite values" in note]


def test_outputs_that_are_never_numbers_prove_nothing(source, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.full((2, 2), np.nan, np.float32))
    with pytest.raises(VerificationError, match="was inconclusive, nothing was published") as caught:
        compat_saver.migrate(source, tmp_path / "out", verify_data=tmp_path / "in.npz")
    assert caught.value.report.status == "inconclusive"
    assert not (tmp_path / "out").exists()
    assert compat_saver.migrate(source, tmp_path / "out", verify=False).status == "skipped"
    arguments = ["migrate", str(source), str(tmp_path / "again"), "--verify-data", str(tmp_path / "in.npz")]
    assert CliRunner().invoke(main, arguments).exit_code == 1


def test_weights_that_hold_nan_are_named(tmp_path):
    source = write_model(tmp_path, tensors={**WEIGHTS, "b": np.full(3, np.nan, np.float32)})
    with pytest.raises(VerificationError, match=r"inconclusive(.|\n)*The checkpoint itself holds NaN, in 'b':"):
        compat_saver.migrate(source, tmp_path / "out")


ENDLESS = """
x = Placeholder[dtype=float32, shape=[?]]
enter = Enter[T=float32, frame_name="f"](x)
merge = Merge[T=float32, N=2](enter, next)
true = Const[dtype=bool, value=bool[](true)](^merge)
cond = LoopCond(true)
switch = Switch[T=float32](merge, cond)
body = Tanh[T=float32](switch:1)
next = NextIteration[T=float32](body)
y = Exit[T=float32](switch)
"""


def start(tmp_path, text, *flags):
    """Starts a migration in a process of its own."""
    source = write_model(tmp_path, text, {})
    command = [sys.executable, "-c", MIGRATE, "migrate", str(source), str(tmp_path / "out"), "--outputs", "y"]
    return subprocess.Popen([*command, *flags], stderr=subprocess.PIPE, text=True)


def ended(process):
    """Returns the exit code and the message of a process that has to end soon."""
    try:
        _, message = process.communicate(timeout=600)
    finally:
        process.kill()
    return process.returncode, message


CRASHES = {
    "--timeout 0.5": (ENDLESS, ["did not finish within 0.5 seconds", "--timeout SECONDS", "--verify-data"]),
    "--allow Abort": (
        'x = Placeholder[dtype=float32, shape=[?]]\nstop = Abort[error_msg="stop"]\ny = Tanh[T=float32](x, ^stop)',
        ["The process that ran the model was ended by SIGABRT", "--verify-data"],
    ),
    "--allow Abort --no-verify --init-missing": (
        'stop = Abort[error_msg="", exit_without_error=true]\nsize = Const[dtype=int32, value=int32[1](2)]\n'
        "first = RandomUniform[T=int32, dtype=float32, seed=1, seed2=2](size, ^stop)\n"
        "y = VariableV2[dtype=float32, shape=[2]]\nv/Assign = Assign[T=float32](y, first)",
        ["ended with exit code 0 and no result"],
    ),
    "--memory 500M": (
        "x = Placeholder[dtype=float32, shape=[?]]\nsize = Const[dtype=int32, value=int32[1](500000000)]\n"
        "one = Const[dtype=float32, value=float32[](1)]\nmany = Fill[T=float32](size, one)\n"
        "last = Max[T=float32](many, axis)\naxis = Const[dtype=int32, value=int32[](0)]\ny = Add[T=float32](x, last)",
        ["MB of memory; 500 MB are allowed (--memory)"],
    ),
}


@pytest.mark.parametrize("flags", CRASHES)
def test_what_ends_tensorflow_is_a_sentence_and_leaves_nothing(tmp_path, flags):
    text, parts = CRASHES[flags]
    code, message = ended(start(tmp_path, text, *flags.split()))
    assert code == UNUSABLE, message
    assert "Traceback" not in message
    assert [part for part in [*parts, "--no-verify"] if part not in message] == []
    assert [name for name in names(tmp_path) if "out" in name] == []


def children(process):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return listed.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="children are isolated on Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_end_a_run_that_does_not_end(tmp_path, number):
    process = start(tmp_path, ENDLESS)
    deadline = time.monotonic() + 600
    while not list(tmp_path.glob(".out.*/model/saved_model.pb")) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2)  # now it verifies
    (child,) = children(process)
    signaled = time.monotonic()
    process.send_signal(number)
    code, message = ended(process)
    assert time.monotonic() - signaled < 5  # mostly for what runs beside the tests
    assert code == (-number if number == signal.SIGKILL else 130), message
    assert not (tmp_path / "out").exists()
    while is_running(int(child)) and time.monotonic() - signaled < 10:
        time.sleep(0.01)
    assert not is_running(int(child))


def test_an_empty_answer_is_noted(source, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.zeros((0, 2), np.float32))
    report = compat_saver.migrate(source, tmp_path / "out", verify_data=tmp_path / "in.npz")
    assert [note for note in report.warnings if "empty in every batch" in note]


def test_the_seed_makes_the_inputs(source, tmp_path):
    report = compat_saver.migrate(source, tmp_path / "out", seed=7)
    assert report.to_dict()["verification"]["inputs"] == "seed 7"


def test_verify_once_more(source, tmp_path):
    out = tmp_path / "out"
    compat_saver.migrate(source, out, outputs=["prediction", "product"], output_tags=("serve", "cpu"))
    arguments = ["verify", str(source), str(out)]
    good = CliRunner().invoke(main, [*arguments, "--json"])
    assert good.exit_code == 0, good.stderr
    assert set(json.loads(good.stdout)["verification"]["signatures"]["serving_default"]) == {"prediction", "product"}
    alter_a_weight(out)
    bad = CliRunner().invoke(main, arguments)
    assert bad.exit_code == DIFFERENT
    assert "Verification: failed" in bad.stdout
    assert names(tmp_path) == ["out", "run"]


def test_verify_against_another_checkpoint(source, tmp_path):
    compat_saver.migrate(source, tmp_path / "out")
    (tmp_path / "other").mkdir()
    other = write_model(tmp_path / "other", tensors={"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)})
    with pytest.raises(compat_saver.VerificationError):
        compat_saver.verify(other, tmp_path / "out")


@pytest.mark.parametrize("name", ["conv_batch_norm", "cond"])
def test_verify_remembers_what_was_bound(tmp_path, name):
    chosen = case("1.15.5", name)
    compat_saver.migrate(chosen.prefix, tmp_path / "out", **chosen.arguments)
    assert compat_saver.verify(chosen.prefix, tmp_path / "out").status == "passed"


def test_verify_of_a_model_without_report(source, tmp_path):
    out = tmp_path / "out"
    compat_saver.migrate(source, out, verify=False)
    (out / "assets.extra" / "compat_saver" / "report.json").unlink()
    result = CliRunner().invoke(main, ["verify", str(source), str(out)])
    assert result.exit_code == UNUSABLE
    assert "was not migrated by compat_saver" in result.stderr


def test_a_seeded_random_answer_passes_and_is_told_of(tmp_path):
    text = (
        DENSE
        + """
size = Const[dtype=int32, value=int32[1](3)]
noise = RandomUniform[T=int32, dtype=float32, seed=1, seed2=2](size)
y = Add[T=float32](prediction, noise)
"""
    )
    report = compat_saver.migrate(
        write_model(tmp_path, text), tmp_path / "out", outputs=["y"], training_behavior="keep"
    )
    assert report.status == "passed"
    assert any("is non-deterministic" in note for note in report.verification.notes)


def test_a_variable_that_only_a_forgotten_branch_reads_is_restored_in_the_replay(tmp_path):
    text = (
        DENSE
        + """
extra = VariableV2[dtype=float32, shape=[3]]
extra/read = Identity[T=float32](extra)
training = Placeholder[dtype=bool, shape=[]]
off = Switch[T=float32](prediction, training)
more = Switch[T=float32](extra/read, training)
on = Add[T=float32](off:1, more:1)
y = Merge[N=2, T=float32](off, on)
"""
    )
    tensors = {**WEIGHTS, "extra": np.ones(3, np.float32)}
    source = write_model(tmp_path, text, tensors)
    report = compat_saver.migrate(source, tmp_path / "out", outputs=["y"], bind={"training": False})
    assert report.status == "passed"
    assert {weight.name for weight in report.weights} == {"w", "b"}


def test_a_guess_that_fails_takes_nothing_back_that_another_signature_changed(tmp_path):
    """The first guess of x has another length than the counter's only one."""
    text = """
    c = VariableV2[dtype=float32, shape=[1]]
    one = Const[dtype=float32, value=float32[1](1)]
    bump = AssignAdd[T=float32](c, one)
    x = Placeholder[dtype=float32, shape=[?]]
    by = AssignAdd[T=float32](c, x)
    """
    prefix = write_model(tmp_path, text, {"c": np.float32([5])}, ["c"])
    signatures = {"bump": ([], ["bump"]), "by": (["x"], ["by"])}
    assert compat_saver.migrate(prefix, tmp_path / "out", signatures=signatures).status == "passed"
