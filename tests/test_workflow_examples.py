"""The programs of TensorFlow 1 in legacy_examples/ do today what they did then."""

import contextlib
import difflib
import math
import re
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("legacy_examples/*/session.txt"))
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?")


class Command(NamedTuple):
    """A command of a session.txt: its arguments, programs first, and what it printed in TensorFlow 1.15.5."""

    arguments: list[str]
    printed: str


def folder(name: str) -> Path:
    return ROOT / "legacy_examples" / name


def session(name: str) -> list[Command]:
    text = (folder(name) / "session.txt").read_text(encoding="utf-8")
    found = re.findall(r"^\$ python (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
    return [Command(arguments.split(), printed) for arguments, printed in found]


@pytest.fixture
def run_now(tmp_path, monkeypatch, capsys):
    """Runs a program of an example in this process, in a temporary directory; returns what it printed."""
    import tensorflow as tf

    monkeypatch.chdir(tmp_path)

    def run(name: str, *arguments: str) -> str:
        argv = [today(name, item) for item in arguments]
        monkeypatch.setattr(sys, "argv", argv)
        capsys.readouterr()
        before = modes(tf)
        with contextlib.suppress(SystemExit):  # with which tf.app.run ends
            runpy.run_path(argv[0], run_name="__main__")
        assert modes(tf) == before
        return str(capsys.readouterr().out)

    return run


def today(name: str, argument: str) -> str:
    """The path of a program, `now.py` for `then.py`; any other argument as it is."""
    return str(folder(name) / re.sub("^then", "now", argument)) if argument.endswith(".py") else argument


def modes(tf: Any) -> dict[str, bool]:
    """What a program could have switched for the whole process."""
    v1 = tf.compat.v1
    assert tf.executing_eagerly()
    return {"resources": v1.resource_variables_enabled(), "control_flow_v2": v1.control_flow_v2_enabled()}


def assert_prints_the_same(printed: str, expected: str) -> None:
    """Same text, same integers; other numbers may differ as sums in another order do."""
    words, expected_words = ["".join(NUMBER.sub("#", text).split()) for text in (printed, expected)]
    assert words == expected_words
    for number, expected_number in zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True):
        if "." in expected_number:
            close = math.isclose(float(number), float(expected_number), rel_tol=1e-3, abs_tol=2e-4)
            assert close, (number, expected_number, printed, expected)
        else:
            assert number == expected_number, (printed, expected)


def copy_what_tf1_wrote(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder(name) / "run", tmp_path / "run"))


def test_there_is_an_example_of_every_workflow():
    listed = re.findall(r"^\| \[(\w+)\]\(\1/README.md\)", (folder("README.md")).read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == sorted([*EXAMPLES, "house_prices", "resume_without_code"])
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_readme_shows_what_changed(name):
    then, now = ((folder(name) / file).read_text("utf-8").splitlines(keepends=True) for file in ("then.py", "now.py"))
    expected = "".join(difflib.unified_diff(then, now, "then.py", "now.py", n=1))
    shown = re.findall(r"^```diff\n(.*?)^```", (folder(name) / "README.md").read_text("utf-8"), re.M | re.S)
    assert shown == [expected]


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_switches_nothing_off(name):
    now = (folder(name) / "now.py").read_text(encoding="utf-8")
    assert not re.search(r"(disable|enable)_|tf\.train\.Saver\(", now)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", EXAMPLES)
def test_it_prints_today_what_it_printed_then(name, run_now):
    for command in session(name):
        assert_prints_the_same(run_now(name, *command.arguments), command.printed)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"resume", "keras"}))
def test_it_reads_what_tf1_wrote(name, run_now, tmp_path):
    copy_what_tf1_wrote(name, tmp_path)
    for command in session(name)[1:]:  # the first one writes
        assert_prints_the_same(run_now(name, *command.arguments), command.printed)


@pytest.mark.tensorflow
def test_training_that_stopped_in_tf1_goes_on_today(run_now, tmp_path):
    stopped = copy_what_tf1_wrote("resume", tmp_path) / "stopped"
    (stopped / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-40"\n')
    last = session("resume")[-1]
    assert "Resuming from model.ckpt-40" in last.printed
    assert_prints_the_same(run_now("resume", *last.arguments), last.printed)


@pytest.mark.tensorflow
def test_interrupted_training_ends_bit_for_bit_where_uninterrupted_training_does(run_now, tmp_path):
    import compat_saver as cs

    for command in session("resume"):
        run_now("resume", *command.arguments)
    whole, stopped = (cs.open_checkpoint(tmp_path / "run" / name) for name in ("whole", "stopped"))
    with whole, stopped:
        assert {"W1", "W1/Adam", "W1/Adam_1", "beta1_power", "global_step"} <= set(whole)
        assert set(whole) == set(stopped)
        for name in whole:
            np.testing.assert_array_equal(whole[name], stopped[name])


@pytest.mark.tensorflow
def test_a_keras_3_model_gets_the_weights_that_tf1_wrote(run_now):
    printed = run_now("keras", "read_then.py", str(folder("keras") / "run"))
    assert printed.splitlines() == [
        f"{source}: same predictions: True" for source in ("cp-0020.ckpt", "model.h5", "saved_model")
    ]


@pytest.mark.tensorflow
def test_the_clock_is_given_back(run_now):
    import time

    real = time.time, time.sleep
    run_now("every_two_hours", *session("every_two_hours")[0].arguments)
    assert (time.time, time.sleep) == real
