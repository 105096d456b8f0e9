"""`compat-saver inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from compat_saver.cli.arguments import SourcePath
from compat_saver.cli.output import reports_failures
from compat_saver.cli.report_option import report_option, write_inspection_page
from compat_saver.cli.source_options import source_options


@click.command(short_help="Describe SOURCE.")
@click.argument("source", type=SourcePath())
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@report_option
@reports_failures
def inspect(
    source: Path, meta_graph: Path | None, tag_set: tuple[str, ...] | None, as_json: bool, page: Path | None
) -> None:
    """Describe SOURCE: producer version, inputs, likely outputs, variables.

    And what a migration would make of every op: fine as it is, rewritten, dropped, or unsupported. Never imports
    TensorFlow.
    """
    import compat_saver

    found = compat_saver.inspect(source, meta_graph=meta_graph, tag_set=tag_set)
    if page is not None:
        write_inspection_page(page, found)
    if as_json:
        from compat_saver.report.json_text import to_json

        click.echo(to_json(found.to_dict()))
        return
    from compat_saver.report.inspection_table import render_inspection
    from compat_saver.report.text import print_to_stdout

    print_to_stdout(render_inspection(found))
