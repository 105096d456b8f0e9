"""The documents say what is so: help texts, commands, examples, links."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import compat_saver
from compat_saver.cli import main
from compat_saver.cli.checkpoint import checkpoint
from compat_saver.cli.output import DIFFERENT, OBSTRUCTED, UNUSABLE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    path
    for pattern in (
        "*.md",
        ".github/**/*.md",
        "benchmarks/*.md",
        "compat_saver/**/*.md",
        "legacy_examples/**/*.md",
        "tests/**/*.md",
    )
    for path in ROOT.glob(pattern)
)
FIRST = "price:0 --bind keep_prob:0=1.0"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines()]


def commands() -> list[list[str]]:
    """The arguments of every `compat-saver` in the README's shell examples."""
    return [shlex.split(found) for line in shell_lines() for found in re.findall(r"(?:^|/)compat-saver (.*)", line)]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A working directory that has what the examples read, and where they may write."""
    for name in ("legacy_examples", "tests"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="compat-saver", terminal_width=100)


def names_of(group: click.Group) -> list[str]:
    return group.list_commands(click.Context(group))


@pytest.mark.parametrize("command", [[], *([name] for name in names_of(main))], ids=" ".join)
def test_the_help_is_the_commands_own(command):
    assert f"```\n{invoke(*command, '--help').output.rstrip()}\n```" in README


@pytest.mark.parametrize("command", names_of(checkpoint))
def test_the_help_of_checkpoint_commands_has_a_page_of_its_own(command):
    page = (ROOT / "compat_saver" / "cli" / "checkpoint" / "COMMANDS.md").read_text(encoding="utf-8")
    assert f"## {command}\n\n```\n{invoke('checkpoint', command, '--help').output.rstrip()}\n```" in page


@pytest.mark.parametrize("arguments", [item for item in commands() if item[0] != "verify"], ids=" ".join)
def test_the_shell_examples_run(arguments, elsewhere):
    dry = ["--dry-run"] if arguments[0] == "migrate" else []
    result = invoke(*arguments, *dry)
    assert result.exit_code == 0, result.output


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_first_example_prints_the_report_shown_and_can_be_verified_again(elsewhere):
    (migrate,) = (item for item in commands() if " ".join(item).endswith(FIRST))
    shown = "\n".join(line.rstrip() for line in invoke(*migrate).stdout.splitlines())
    # What follows is numbers of the machine at hand.
    assert shown.partition("Verification: passed")[0] in README
    (verify,) = (item for item in commands() if item[0] == "verify")
    assert invoke(*verify).exit_code == 0


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_python_examples_run_one_after_the_other(elsewhere):
    for code in blocks("python"):
        result = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    assert (elsewhere / "out" / "tuned" / "saved_model.pb").exists()


def test_the_json_shown_has_the_keys_of_a_report(elsewhere):
    (shown,) = map(json.loads, blocks("json"))
    report = compat_saver.migrate(
        shown["source"]["path"], "out", outputs=["price"], bind={"keep_prob": 1}, dry_run=True
    ).to_dict()
    shown["verification"]["signatures"] = {}  # a dry run compares nothing
    assert _keys(shown) == _keys(report)


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(item) for key, item in value.items()}
    return [_keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def test_the_exit_codes_are_those_of_the_code():
    listed = re.findall(r"^\| (\d) \| ", README, re.MULTILINE)
    assert [int(code) for code in listed] == [0, DIFFERENT, UNUSABLE, OBSTRUCTED]


def test_the_two_commands_need_no_other_line():
    example, tests = (line for line in shell_lines() if line.startswith("python3 -m venv "))
    assert ".venv/bin/pip install '.[tf-cpu]' && .venv/bin/compat-saver migrate legacy_examples/" in example
    assert ".venv/bin/pip install '.[tf-cpu,test]' && .venv/bin/python -m pytest" in tests


def test_ci_takes_the_test_command_from_the_readme():
    (pattern,) = re.findall(r"grep -E '(.*)' README.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    (command,) = (line for line in README.splitlines() if re.search(pattern, line))
    assert command in shell_lines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose)
    missing = [target for target in targets if "://" not in target and not (document.parent / target).exists()]
    assert not missing


def test_every_folder_of_the_package_is_on_the_map():
    package = ROOT / "compat_saver"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert folders == set(re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE))
