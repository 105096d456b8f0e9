"""-q, -v, --debug and --log-file, before and after the command; progress on a terminal."""

import os

import pytest
from click.testing import CliRunner

from compat_saver.cli import log, main
from compat_saver.cli.output import byte_bar, stages
from tests.small_models import write_model


@pytest.fixture(autouse=True)
def _same_environment(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")


def planned(tmp_path, *flags, before=()):
    source = write_model(tmp_path / "run")
    return CliRunner().invoke(main, [*before, "migrate", str(source), str(tmp_path / "out"), "--dry-run", *flags])


def test_by_default_a_summary_and_no_stages(tmp_path):
    assert planned(tmp_path).stderr == "Nothing was written (dry run).\n"


def test_quiet_leaves_results_and_errors(tmp_path):
    done = planned(tmp_path, "-q")
    assert done.stderr == ""
    assert "prediction:0" in done.stdout
    assert CliRunner().invoke(main, ["-q", "inspect", "nothing"]).stderr.startswith("Error: nothing: ")


@pytest.mark.parametrize("before", [True, False])
def test_verbose_shows_the_time_of_each_stage(tmp_path, before):
    done = planned(tmp_path, before=["-v"]) if before else planned(tmp_path, "-v")
    stage, rewriting, summary = done.stderr.splitlines()
    assert stage.startswith("Reading the graph and the index of the checkpoint: 0.")
    assert rewriting.startswith("Rewriting the graph: 0.")
    assert summary == "Nothing was written (dry run)."
    assert planned(tmp_path).stderr == f"{summary}\n", "the next command of the process starts anew"


def test_a_file_gets_everything_with_times(tmp_path):
    file = tmp_path / "log.txt"
    planned(tmp_path, "-q", "--log-file", str(file))
    missing = ["--log-file", str(file), "inspect", str(tmp_path / "nothing")]
    CliRunner().invoke(main, missing)
    text = file.read_text()
    assert "detail: Rewriting the graph: 0." in text
    assert "info: Nothing was written (dry run)." in text
    assert "error: Error: " in text
    assert "Traceback" not in text
    CliRunner().invoke(main, ["--debug", *missing])
    text = file.read_text()
    assert "Traceback" in text
    assert "SourceNotFoundError" in text


def test_a_file_that_cannot_be_written(tmp_path):
    done = CliRunner().invoke(main, ["inspect", "x", "--log-file", str(tmp_path)])
    assert (done.exit_code, "cannot be written" in done.stderr) == (2, True)


def test_debug_shows_what_tensorflow_prints(tmp_path):
    planned(tmp_path, "--debug")
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_bars_are_drawn_on_a_terminal_only(monkeypatch, capsys):
    with byte_bar("Reading") as progress:
        assert progress is None
    monkeypatch.setattr(log.sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with byte_bar("Reading") as progress:
        progress(500_000, 1_000_000)
    with stages() as start:
        start("read")
    shown = capsys.readouterr().err
    assert "0.5/1.0 MB" in shown
    assert "Reading the graph" in shown
