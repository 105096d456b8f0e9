"""`compat-saver checkpoint get`."""

from __future__ import annotations

from pathlib import Path

import click

from compat_saver.cli.checkpoint.options import PATH, reads, source_argument


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
    from compat_saver.report.json_text import to_json
    from compat_saver.report.tensor_values import tensor_dict

    if output is None:
        array = get_tensor(source, name, slices)
        click.echo(to_json(tensor_dict(name, array)) if as_json else str(array))
        return
    save_tensor(source, name, output, slices, overwrite=overwrite)
    if as_json:
        click.echo(to_json({"name": name, "output": str(output)}))
    click.echo(f"Written to {output}.", err=True)
