"""The commands that write: another checkpoint, or a file that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compat_saver.cli.checkpoint.shared_options import (
    PATH,
    output_argument,
    source_argument,
    writes_checkpoint,
    writes_file,
)

if TYPE_CHECKING:
    from compat_saver.checkpoints import Written


@click.command(short_help="Write V1 as V2, other shards, partitions joined.")
@source_argument
@output_argument
@click.option("--join", is_flag=True, help="Store partitioned tensors in one piece.")
@writes_checkpoint
def convert(source: Path, output: Path, **options: Any) -> Written:
    """Write SOURCE, of any format, as a V2 checkpoint OUT, in one data file or many."""
    from compat_saver.checkpoints import convert as run

    return run(source, output, **options)


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


@click.command(short_help="Leave tensors out, such as the slots of optimizers.")
@source_argument
@output_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--slots", is_flag=True, help="Drop what optimizers keep for themselves: w/Adam, beta1_power, ...")
@writes_checkpoint
def drop(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write SOURCE without the tensors that match to OUT.

    The graph beside SOURCE decides which tensors are slots, where there is one; names do as well.
    """
    from compat_saver.checkpoints import drop as run

    return run(source, output, patterns, **options)


@click.command(short_help="Leave all other tensors out.")
@source_argument
@output_argument
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@writes_checkpoint
def keep(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write only the tensors of SOURCE that match to OUT."""
    from compat_saver.checkpoints import keep as run

    return run(source, output, patterns, **options)


@click.command(short_help="Put moving averages in place of their variables.")
@source_argument
@output_argument
@click.option(
    "--suffix",
    default="ExponentialMovingAverage",
    show_default=True,
    help="The last part of the names of averages.",
)
@writes_checkpoint
def ema(source: Path, output: Path, **options: Any) -> Written:
    """Write SOURCE with moving averages in place of the variables that they followed to OUT.

    x gets the values of x/ExponentialMovingAverage; a name without average stays as it is.
    """
    from compat_saver.checkpoints import ema as run

    return run(source, output, **options)


@click.command(short_help="Change types, such as float32 to bfloat16.")
@source_argument
@output_argument
@click.argument("types", metavar="FROM=TO...", nargs=-1, required=True)
@click.option("--only", multiple=True, metavar="PATTERN", help="Cast only tensors that match; repeatable.")
@writes_checkpoint
def cast(source: Path, output: Path, types: tuple[str, ...], **options: Any) -> Written:
    """Write SOURCE with tensors of some types cast to others: float64=float32 float32=bfloat16.

    A value that the new type cannot hold is an error.
    """
    from compat_saver.checkpoints import cast as run
    from compat_saver.errors import UsageError

    pairs = [item.partition("=") for item in types]
    if not all(old and new for old, _, new in pairs):
        raise UsageError(f"expected FROM=TO, such as float64=float32, got {' '.join(types)}")
    return run(source, output, {old: new for old, _, new in pairs}, **options)


@click.command(short_help="Write several checkpoints as one.")
@click.argument("sources", metavar="SOURCE...", type=PATH, nargs=-1, required=True)
@output_argument
@click.option("--prefer", type=click.Choice(["first", "last"]), help="Which one wins where several hold a tensor.")
@writes_checkpoint
def merge(sources: tuple[Path, ...], output: Path, **options: Any) -> Written:
    """Write the tensors of several checkpoints to one, OUT.

    A tensor that several of them hold is an error, unless --prefer chooses which one wins.
    """
    from compat_saver.checkpoints import merge as run

    return run(sources, output, **options)


@click.command(short_help="Write the mean of several checkpoints.")
@click.argument("sources", metavar="SOURCE...", type=PATH, nargs=-1, required=True)
@output_argument
@writes_checkpoint
def average(sources: tuple[Path, ...], output: Path, **options: Any) -> Written:
    """Write the mean of several checkpoints of one model to OUT.

    Floating and complex numbers are averaged in 64 bits; all else (steps, strings) is that of the last SOURCE.
    """
    from compat_saver.checkpoints import average as run

    return run(sources, output, **options)


@click.command(short_help="Write a .npz or .safetensors file.")
@source_argument
@click.argument("output", metavar="FILE", type=PATH)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--skip-unsupported", is_flag=True, help="Leave out what FILE cannot hold, such as strings.")
@writes_file
def export(source: Path, output: Path, patterns: tuple[str, ...], **options: Any) -> Written:
    """Write the tensors of SOURCE to FILE, a .npz or .safetensors file.

    A tensor that FILE cannot hold is an error, unless --skip-unsupported leaves it out.
    """
    from compat_saver.checkpoints import export as run

    return run(source, output, patterns, **options)


@click.command("import", short_help="Read a .npz or .safetensors file.")
@click.argument("file", type=PATH)
@output_argument
@writes_checkpoint
def import_(file: Path, output: Path, **options: Any) -> Written:
    """Write the arrays of FILE, a .npz or .safetensors file, as a checkpoint OUT."""
    from compat_saver.checkpoints import import_ as run

    return run(file, output, **options)
