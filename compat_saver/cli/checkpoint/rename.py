"""`compat-saver checkpoint rename`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.options import PATH, output_argument, source_argument, writes_checkpoint

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Give tensors other names, exactly or by pattern.")
@source_argument
@output_argument
@click.argument("pairs", metavar="[OLD=NEW]...", nargs=-1)
@click.option(
    "--regex",
    nargs=2,
    multiple=True,
    metavar="PATTERN REPLACEMENT",
    help="Replace what a regular expression matches, in every name; repeatable, one after the other.",
)
@click.option("--map", "name_map", type=PATH, metavar="FILE", help="OLD: NEW pairs in a JSON or YAML file.")
@click.option("--regex-map", type=PATH, metavar="FILE", help="PATTERN: REPLACEMENT pairs in a JSON or YAML file.")
@writes_checkpoint
def rename(
    source: Path,
    output: Path,
    pairs: tuple[str, ...],
    regex: tuple[tuple[str, str], ...],
    name_map: Path | None,
    regex_map: Path | None,
    **options: Any,
) -> Written:
    r"""Write SOURCE with other names to OUT.

    Exact names come first; what they do not name is left to the regular expressions, whose replacements may refer to
    groups (\1). Names that meet, and pairs that fit no tensor, are errors.
    """
    from compat_saver.checkpoints import read_map
    from compat_saver.checkpoints import rename as run
    from compat_saver.errors import UsageError

    names = read_map(name_map) if name_map is not None else {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise UsageError(f"{pair!r} is not of the form OLD=NEW")
        if names.get(old, new) != new:
            raise UsageError(f"{old!r} is to become both {names[old]!r} and {new!r}")
        names[old] = new
    patterns = [*regex, *(read_map(regex_map).items() if regex_map is not None else ())]
    if not names and not patterns:
        raise UsageError("nothing to rename: give OLD=NEW, --regex, --map or --regex-map")
    return run(source, output, names, patterns, **options)
