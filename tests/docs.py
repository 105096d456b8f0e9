"""The blocks of documents that show what the program prints, and the command that rewrites them.

A comment before a fenced block says what the block shows:

    <!-- output: compat-saver inspect --help -->          all that the command prints to stdout
    <!-- output[:11]: compat-saver migrate ... -->        its first 11 lines
    <!-- json: compat-saver migrate ... --json -->        JSON, of each list of objects only the first

`python -m tests.docs` lists the blocks that are out of date; with `--write` it replaces them by the program's output.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from compat_saver.cli import main as compat_saver

ROOT = Path(__file__).parent.parent
WIDTH = 100
_PATTERNS = (
    "*.md",
    ".github/**/*.md",
    "benchmarks/*.md",
    "compat_saver/**/*.md",
    "legacy_examples/**/*.md",
    "tests/**/*.md",
)
DOCUMENTS = sorted(path for pattern in _PATTERNS for path in ROOT.glob(pattern))
_BLOCK = re.compile(r"^<!-- (output|json)(?:\[:(\d+)\])?: compat-saver ([^\n]+) -->\n+```\w*\n(.*?)^```$", re.M | re.S)

_VERIFICATION = re.compile(r"^Verification: .*?\n\n.*?\n\n", re.M | re.S)
"""The table of differences, up to the blank line after it."""


@dataclass(frozen=True)
class Block:
    """A block that shows what a command prints.

    Attributes:
        document: the file it is in.
        kind: "output" or "json".
        lines: how many lines are shown; None for all.
        command: the command's arguments, as a shell takes them.
        text: what is shown.
        position: where the text starts in the document.
    """

    document: Path
    kind: str
    lines: int | None
    command: str
    text: str
    position: int

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: compat-saver {self.command}"

    @property
    def is_slow(self) -> bool:
        """Whether the command imports TensorFlow."""
        arguments = shlex.split(self.command)
        return arguments[0] in ("migrate", "verify") and not {"--dry-run", "--help"} & set(arguments)

    def expected(self) -> str:
        """Runs the command in the working directory; returns what is to be shown."""
        result = invoke(*shlex.split(self.command))
        if result.exit_code:
            raise AssertionError(f"{self} exits with {result.exit_code}:\n{result.output}")
        printed = result.stdout
        if self.kind == "json":
            return f"{_compact(_first_of_each(json.loads(printed)))}\n"
        lines = [line.rstrip() for line in printed.rstrip().splitlines()][: self.lines]
        return "".join(f"{line}\n" for line in lines)

    def shows(self, expected: str) -> bool:
        """Whether the block is up to date, numbers of the machine at hand apart: times, differences in outputs."""
        if self.kind == "json":
            return _without_numbers(json.loads(self.text)) == _without_numbers(json.loads(expected))
        return _VERIFICATION.sub("", self.text) == _VERIFICATION.sub("", expected)


def blocks() -> list[Block]:
    """Returns the blocks of all documents."""
    return [block for document in DOCUMENTS for block in blocks_of(document)]


def blocks_of(document: Path) -> list[Block]:
    """Returns the blocks of a document, in their order."""
    found = _BLOCK.finditer(document.read_text(encoding="utf-8"))
    return [Block(document, m[1], int(m[2]) if m[2] else None, m[3], m[4], m.start(4)) for m in found]


def invoke(*arguments: str) -> Result:
    """Runs `compat-saver` in this process, as wide as the documents show it."""
    return CliRunner().invoke(compat_saver, arguments, prog_name="compat-saver", terminal_width=WIDTH)


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """Changes into a new directory that has what the examples read, and where they may write."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("legacy_examples", "tests"):
            Path(folder, name).symlink_to(ROOT / name, target_is_directory=True)
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def keys(value: Any) -> Any:
    """Returns the keys of nested objects; a list counts as its first object, everything else as nothing."""
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def _without_numbers(report: dict[str, Any]) -> dict[str, Any]:
    return {key: keys(value) if key in ("verification", "seconds") else value for key, value in report.items()}


def _first_of_each(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _first_of_each(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_first_of_each(item) for item in (value[:1] if value and isinstance(value[0], dict) else value)]
    return value


def _compact(value: Any, indent: str = "") -> str:
    """Returns JSON in which everything that fits on a line is on one."""
    line = json.dumps(value)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner = f"{indent}  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_compact(item, inner)}" for key, item in value.items()]
    else:
        items = [_compact(item, inner) for item in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}{last}"


def stale() -> Iterator[tuple[Block, str]]:
    """Yields the blocks that are out of date, and what they are to show."""
    for block in blocks():
        with workplace():
            expected = block.expected()
        if not block.shows(expected):
            yield block, expected


def write(changes: list[tuple[Block, str]]) -> None:
    """Puts other texts into blocks.

    Args:
        changes: blocks in the order of their documents, and what each is to show.
    """
    for block, expected in reversed(changes):  # the last one first, so that positions stay right
        text = block.document.read_text(encoding="utf-8")
        end = block.position + len(block.text)
        block.document.write_text(text[: block.position] + expected + text[end:], encoding="utf-8")


def main() -> int:
    """Lists the blocks that are out of date, or rewrites them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="rewrite the blocks that are out of date")
    options = parser.parse_args()
    changes = list(stale())
    for block, _ in changes:
        print(block)
    if options.write:
        write(changes)
    return int(bool(changes) and not options.write)


if __name__ == "__main__":
    sys.exit(main())
