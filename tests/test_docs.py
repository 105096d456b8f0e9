"""The documents say what is so: output of commands, examples, links."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from compat_saver.cli import main
from compat_saver.cli.checkpoint import checkpoint
from compat_saver.cli.output import BUG, DIFFERENT, INTERRUPTED, OBSTRUCTED, UNUSABLE
from tests.docs import DOCUMENTS, ROOT, blocks, blocks_of, invoke, workplace, write
from tests.test_project_files import SETUP

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = [ROOT / "README.md", ROOT / "compat_saver" / "saver" / "README.md"]
MOST_LINES = 375
FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)


def fenced(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    return [line for block in fenced(ROOT / "README.md", "sh") for line in block.splitlines()]


def commands() -> list[list[str]]:
    """The arguments of every `compat-saver` in the README's shell examples."""
    found = [shlex.split(text) for line in shell_lines() for text in re.findall(r"(?:^|/)compat-saver (.*)", line)]
    return list(map(list, dict.fromkeys(map(tuple, found))))


@pytest.fixture
def elsewhere():
    with workplace() as folder:
        yield folder


def names_of(group: click.Group) -> list[str]:
    return group.list_commands(click.Context(group))


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, marks=[pytest.mark.tensorflow] * block.is_slow) for block in blocks()],
    ids=str,
)
def test_what_is_shown_is_what_is_printed(block, elsewhere):
    """`python -m tests.docs --write` rewrites what is not."""
    expected = block.expected()
    assert block.text == expected or block.shows(expected), expected


def test_blocks_are_rewritten_where_they_stand(tmp_path):
    page, text = tmp_path / "page.md", "# A\n\n<!-- output[:2]: compat-saver --help -->\n```\n{}```\n\nThe end.\n"
    page.write_text(text.format("old\n") * 2, encoding="utf-8")
    first, second = blocks_of(page)
    assert (first.lines, first.command, second.text) == (2, "--help", "old\n")
    write([(first, "longer\n" * 3), (second, first.expected())])
    usage = "Usage: compat-saver [OPTIONS] COMMAND [ARGS]...\n\n"
    assert page.read_text(encoding="utf-8") == text.format("longer\n" * 3) + text.format(usage)


def test_the_command_reference_has_every_command():
    page = ROOT / "compat_saver" / "cli" / "COMMANDS.md"
    wanted = ["", *(f"{name} " for name in names_of(main)), *(f"checkpoint {name} " for name in names_of(checkpoint))]
    shown = [block.command for block in blocks() if block.document == page]
    assert shown == [f"{name}--help" for name in wanted]


@pytest.mark.parametrize("arguments", [item for item in commands() if item[0] not in ("verify", "run")], ids=" ".join)
def test_the_shell_examples_run(arguments, elsewhere):
    dry = ["--dry-run"] if arguments[0] in ("migrate", "batch") and "--dry-run" not in arguments else []
    result = invoke(*arguments, *dry)
    assert result.exit_code == 0, result.output


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_first_example_can_be_verified_again_and_run(elsewhere):
    assert invoke(*commands()[0]).exit_code == 0
    (verify,) = (item for item in commands() if item[0] == "verify")
    assert invoke(*verify).exit_code == 0
    (run,) = (item for item in commands() if item[0] == "run")
    assert invoke(*run).stdout.startswith("price: float32 [1, 1]\n[[2")


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("document", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_python_examples_run_one_after_the_other(document, elsewhere):
    if document.parent == ROOT:
        assert invoke(*commands()[0]).exit_code == 0  # the first loads what the first command wrote
    for code in fenced(document, "python"):
        result = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr


def test_the_exit_codes_are_those_of_the_code():
    listed = re.findall(r"^\| (\d+) \| ", README.partition("\n## Exit codes\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert [int(code) for code in listed] == [0, DIFFERENT, UNUSABLE, OBSTRUCTED, BUG, INTERRUPTED]


def test_the_two_commands_need_no_other_line():
    example, tests = (line for line in shell_lines() if line.startswith("python3 -m venv "))
    assert ".venv/bin/pip install '.[tf-cpu]' && .venv/bin/compat-saver migrate legacy_examples/" in example
    assert ".venv/bin/pip install '.[tf-cpu,test]' && .venv/bin/python -m pytest" in tests


def test_ci_takes_the_test_command_from_the_readme():
    (pattern,) = re.findall(r"grep -E '(.*)' README.md", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    (command,) = (line for line in README.splitlines() if re.search(pattern, line))
    assert command in shell_lines()


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MOST_LINES


def targets(document: Path) -> list[str]:
    """Where the links of a document lead, those of references included."""
    prose = re.sub(r"`[^`\n]*`", "", FENCED.sub("", document.read_text(encoding="utf-8")))
    return re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"^\[[^\]]+\]: (\S+)$", prose, re.MULTILINE)


def source_url() -> str:
    return dict(re.findall(r"(\w+) = (\S+)", SETUP["metadata"]["project_urls"]))["Source"]


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub and package indexes give to headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target in targets(document):
        path, _, anchor = target.removeprefix(f"{source_url()}/blob/main/").partition("#")
        if "://" in path:
            assert not path.startswith((f"{source_url()}/blob/", f"{source_url()}/tree/")), target
            continue
        folder = ROOT if target.startswith(source_url()) else document.parent
        file = folder / path if path else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_no_link_of_the_readme_is_relative():
    """A package index shows the README without the files beside it."""
    assert [target for target in targets(ROOT / "README.md") if not target.startswith(("https://", "#"))] == []


def test_every_folder_of_the_package_is_on_the_map():
    package = ROOT / "compat_saver"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    places = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert folders == set(re.findall(r"^\| `(\w+)/` \|", places, re.MULTILINE))
