"""Exceptions travel between processes whole, and a bug ends a command with a code of its own."""

import inspect
import pickle
import signal

import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver import __main__, cli, errors
from compat_saver.cli import main
from compat_saver.saver.errors import with_bases

EXAMPLES = {
    errors.FormatError: lambda kind: kind("bad", path="f", expected="a", found="b", offset=3, hint="Copy it."),
    errors.CannotMigrateError: lambda kind: kind(["one", "two"], ["row"], "--outputs y"),
    errors.VerificationError: lambda kind: kind(["differs"], {"a": 1}, ", nothing was published"),
    errors.RestoreError: lambda kind: kind("misfit", {"missing": ["w"]}),
    errors.SideEffectError: lambda kind: kind("g.pb", ["It writes."]),
}
EXAMPLES[errors.ChecksumError] = EXAMPLES[errors.FormatError]
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.CompatSaverError)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_survives_pickling_with_its_attributes(kind):
    error = EXAMPLES.get(kind, lambda kind: kind("a message"))(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_one_of_several_classes_arrives_as_that_of_this_package():
    again = pickle.loads(pickle.dumps(with_bases(errors.UsageError("text"), TypeError)))
    assert (type(again), str(again)) == (errors.UsageError, "text")


@pytest.fixture
def bug(monkeypatch):
    def fail(*args, **kwargs):
        raise LookupError("a\nbug")

    monkeypatch.setattr(compat_saver, "inspect", fail)


def test_a_bug_is_one_line_and_exit_code_70(bug):
    found = CliRunner().invoke(main, ["inspect", "x"])
    assert found.exit_code == 70
    (line,) = found.stderr.splitlines()
    assert line.startswith("Error: LookupError: a bug (inspect.py:")
    assert line.endswith(
        "please report it with the command and the model's .meta: https://github.com/compat-saver/compat_saver/issues"
    )


def test_a_bug_with_json(bug):
    found = CliRunner().invoke(main, ["inspect", "x", "--json"])
    assert found.exit_code == 70
    assert '"error": "LookupError"' in found.stdout


def test_debug_shows_the_traceback(bug):
    found = CliRunner().invoke(main, ["--debug", "inspect", "x"])
    assert isinstance(found.exception, LookupError)


def test_an_interrupt_anywhere_is_exit_code_130(monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(compat_saver, "inspect", interrupt)
    found = CliRunner().invoke(main, ["inspect", "x"])
    assert (found.exit_code, found.stderr) == (130, "Interrupted; nothing was written.\n")


def test_so_is_one_that_a_class_statement_turned_into_another_error(monkeypatch):
    class Field:
        def __set_name__(self, owner, name):
            raise KeyboardInterrupt

    def interrupt(*args, **kwargs):
        type("Options", (), {"field": Field()})

    monkeypatch.setattr(compat_saver, "inspect", interrupt)
    assert CliRunner().invoke(main, ["inspect", "x"]).exit_code == 130


def test_an_interrupt_while_modules_are_imported_is_exit_code_130(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    kept = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(cli, "main", interrupt)
    try:
        with pytest.raises(SystemExit) as caught:
            __main__.run()
    finally:
        signal.signal(signal.SIGINT, kept)
    assert caught.value.code == 130
    assert capsys.readouterr().err == "Interrupted; nothing was written.\n"
