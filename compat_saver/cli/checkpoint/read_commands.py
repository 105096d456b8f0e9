"""The commands that read a checkpoint and print what they find."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from compat_saver.cli.checkpoint.shared_options import PATH, reads, source_argument
from compat_saver.cli.log import put, say
from compat_saver.cli.output import DIFFERENT, byte_bar
from compat_saver.errors import printable


@click.command(short_help="List the tensors by scope, with types, shapes and sizes.")
@source_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--flat", is_flag=True, help="A line for each tensor, its whole name first, bytes as a plain number.")
@reads
def ls(source: Path, patterns: tuple[str, ...], flat: bool, as_json: bool) -> None:
    """List the tensors of SOURCE by scope, with types, shapes and sizes; no values are read.

    A checkpoint that was saved by object is listed by object path, with the full names of its variables.
    """
    from compat_saver.checkpoints import ls as list_tensors
    from compat_saver.report.checkpoint_tables import render_flat, render_tree
    from compat_saver.report.json_text import to_json

    listing = list_tensors(source, patterns)
    if as_json:
        click.echo(to_json(listing.to_dict()))
    else:
        put(render_flat(listing) if flat else render_tree(listing))


@click.command(short_help="Print one tensor, or write it to a .npy file.")
@source_argument
@click.argument("name")
@click.option("-o", "--output", type=PATH, metavar="FILE.npy", help="Write a .npy file instead of printing.")
@click.option("--slice", "slices", default="", metavar="0:10,:", help="Only this part of the tensor.")
@click.option("--overwrite", is_flag=True, help="Replace FILE.npy if it is there.")
@reads
def get(source: Path, name: str, output: Path | None, slices: str, overwrite: bool, as_json: bool) -> None:
    """Print the values of one tensor, or write them to a .npy file.

    Many values are printed with gaps; --json prints them all.
    """
    from compat_saver.checkpoints import get as get_tensor
    from compat_saver.checkpoints import save_tensor
    from compat_saver.report.json_text import tensor_dict, to_json

    if output is None:
        array = get_tensor(source, name, slices)
        click.echo(to_json(tensor_dict(name, array)) if as_json else printable(str(array)))
        return
    save_tensor(source, name, output, slices, overwrite=overwrite)
    if as_json:
        click.echo(to_json({"name": name, "output": str(output)}))
    say(f"Written to {output}.")


@click.command(short_help="Show minimum, maximum and mean; find NaN and infinite values.")
@source_argument
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--check", is_flag=True, help="List only tensors with NaN or infinite values; exit 1 if there are any.")
@reads
def stats(source: Path, patterns: tuple[str, ...], check: bool, as_json: bool) -> None:
    """Show the smallest, largest and mean value of every tensor, and count NaN and infinite ones.

    Minimum, maximum and mean are those of the finite values; of complex numbers, of their magnitudes.
    """
    from compat_saver.checkpoints import stats as compute
    from compat_saver.report.checkpoint_tables import render_statistics
    from compat_saver.report.json_text import to_json

    with byte_bar("Reading") as progress:
        found = compute(source, patterns, progress=progress)
    shown = found.unsound if check else found.tensors
    if as_json:
        click.echo(to_json(found.to_dict()))
    elif shown:
        put(render_statistics(shown))
    if found.unsound:
        say(f"{len(found.unsound):,} of {len(found.tensors):,} tensors hold NaN or infinite values.")
    elif check:
        say(f"All {len(found.tensors):,} tensors are finite.")
    if check and found.unsound:
        sys.exit(DIFFERENT)


@click.command(short_help="Compare names, shapes, types and values of two checkpoints.")
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@click.option("--rtol", type=click.FloatRange(min=0), default=0, show_default=True, help="Relative tolerance.")
@click.option("--atol", type=click.FloatRange(min=0), default=0, show_default=True, help="Absolute tolerance.")
@click.option("--ignore-dtype", is_flag=True, help="Compare values alone where only types differ.")
@reads
def diff(a: Path, b: Path, as_json: bool, **options: Any) -> None:
    """Compare the checkpoints A and B: names, shapes, types and values; exit 1 if they differ.

    How they are stored makes no difference: format, shards, slices. NaN equals NaN.
    """
    from compat_saver.checkpoints import diff as compare
    from compat_saver.report.checkpoint_tables import render_difference
    from compat_saver.report.json_text import to_json

    with byte_bar("Comparing") as progress:
        found = compare(a, b, progress=progress, **options)
    click.echo(to_json(found.to_dict()) if as_json else printable(render_difference(found)))
    if found:
        sys.exit(DIFFERENT)


@click.command(short_help="Check every checksum and list all damage.")
@source_argument
@reads
def verify(source: Path, as_json: bool) -> None:
    """Check every checksum and every promise of the index; list all damage and exit 1 if there is any."""
    from compat_saver.checkpoints import verify as check
    from compat_saver.report.checkpoint_tables import render_soundness
    from compat_saver.report.json_text import to_json

    with byte_bar("Checking") as progress:
        found = check(source, progress=progress)
    click.echo(to_json(found.to_dict()) if as_json else printable(render_soundness(found)))
    if not found.is_intact:
        sys.exit(DIFFERENT)
