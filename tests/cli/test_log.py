"""-q, -v, --debug and --log-file, before and after the command; progress on a terminal."""

import os

import pytest
from click.testing import CliRunner

from compat_saver.cli import log, main
from compat_saver.cli.output import byte_bar, stages
from compat_saver.isolation import Stage
from tests.small_models import WEIGHTS, write_checkpoint, write_model


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_disk_costs_the_log_and_not_the_command(tmp_path):
    done = CliRunner().invoke(main, ["inspect", "x", "--log-file", "/dev/full"])
    assert (done.exit_code, "/dev/full cannot be written: No space left" in done.stderr) == (2, True)
    log._wanted.file = open("/dev/full", "a")  # noqa: SIM115  # the command closes it
    done = planned(tmp_path)
    assert (done.exit_code, log._wanted.file) == (0, None)
    assert "Nothing more is logged: /dev/full: No space left on device\n" in done.stderr


EVIL = "w\x1b]0;title\x9b31m\u202e[b]"
SHOWN = "w\\x1b]0;title\\x9b31m\\u202e[b]"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    "command", [("checkpoint", "ls"), ("checkpoint", "ls", "--flat"), ("checkpoint", "stats"), ("inspect",)]
)
def test_names_cannot_act_on_the_terminal(command, terminal, tmp_path, monkeypatch, capsys):
    prefix = write_checkpoint(tmp_path / "model.ckpt", {EVIL: WEIGHTS["w"]})
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main([*command, str(prefix)])
    shown = capsys.readouterr().out
    assert (ended.value.code, SHOWN in shown) == (0, True), shown
    assert not {"\x9b", "\x07", "\u202e", "\x1b]"} & {*shown, *(shown[i : i + 2] for i in range(len(shown)))}


def test_names_in_messages_cannot_either(tmp_path):
    prefix = write_checkpoint(tmp_path / "model.ckpt", {EVIL: WEIGHTS["w"]})
    done = CliRunner().invoke(main, ["checkpoint", "get", str(prefix), EVIL[:-1]])
    assert done.exit_code == 2
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & {*done.stderr}


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
        start("write")
        start(Stage.at("write", 1_500_000, 3_000_000))
    shown = capsys.readouterr().err
    assert "0.5/1.0 MB" in shown
    assert "Reading the graph" in shown
    assert "Writing the SavedModel: 1.5 MB of 3.0 MB, " in shown
    assert "/s, 0 s left" in shown
