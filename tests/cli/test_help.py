"""Every `--help` ends with examples that the program accepts, and a shell completes commands."""

import shlex

import click
import numpy as np
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from compat_saver.cli import main
from compat_saver.cli.examples import EXAMPLES


def commands(group: click.Group, path: str = "") -> list[str]:
    found = []
    context = click.Context(group, parent=click.Context(group) if path else None)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append(f"{path}{name}")
        if isinstance(command, click.Group):
            found += commands(command, f"{name} ")
    return found


def test_every_command_has_examples_and_nothing_else_has():
    assert {*EXAMPLES} == {"compat-saver", *commands(main)}


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_are_in_the_help_and_are_accepted(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("image.npy", np.zeros(1))
    path = [] if command == "compat-saver" else command.split()
    shown = CliRunner().invoke(main, [*path, "--help"]).stdout
    for example in EXAMPLES[command]:
        assert f"\n    compat-saver {example}\n" in shown
        assert example.startswith(command) or not path
        parse(main, shlex.split(example))


def parse(group: click.Group, arguments: list[str], parent: click.Context | None = None) -> None:
    context = group.make_context("compat-saver", list(arguments), parent=parent)
    name, command, rest = group.resolve_command(context, arguments)
    assert command is not None
    if isinstance(command, click.Group):
        parse(command, rest, context)
    else:
        command.make_context(name, rest, parent=context)


def test_a_shell_completes_commands_and_options():
    def completed(words: str, last: str) -> list[str]:
        shell = BashComplete(main, {}, "compat-saver", "_COMPAT_SAVER_COMPLETE")
        return [item.value for item in shell.get_completions(shlex.split(words), last)]

    assert completed("", "mig") == ["migrate"]
    assert completed("checkpoint", "ex") == ["export"]
    assert "--dry-run" in completed("batch", "--d")
