"""The options that `migrate` and `verify` share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from compat_saver.cli.arguments import Renaming, Size, SourcePath, once_each


def _as_dict(ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(once_each(ctx, param, pairs))


memory_option = click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="The memory that the process may use that runs the models, such as 4G [default: no limit].",
)
"""Not among the options that `batch` shares: there a limit is for all models that run at a time."""

_EVERY_OP = ("*",)
_OPTIONS = (
    click.option(
        "--asset",
        "assets",
        type=Renaming(),
        multiple=True,
        callback=_as_dict,
        metavar="OLD=NEW",
        help="Read a lookup table from file NEW where the graph names OLD; repeatable.",
    ),
    click.option(
        "--verify-data",
        type=SourcePath(),
        metavar="FILE.npz",
        help="Verify with these inputs: an array per input, named by tensor or signature key.",
    ),
    click.option(
        "--rtol", type=click.FloatRange(min=0), help="Relative tolerance [default: 1e-5; 1e-2 for 16-bit types]."
    ),
    click.option(
        "--atol", type=click.FloatRange(min=0), help="Absolute tolerance [default: 1e-6; 1e-3 for 16-bit types]."
    ),
    click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed for generated test inputs."
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="The time that one run of a model may take when it is verified; one conversion (--to), ten times that.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="OP",
        help="Run this op though it reaches outside of the graph: files, network, the process; repeatable.",
    ),
    click.option("--allow-side-effects", is_flag=True, help="Run all such ops: only for a model that you trust."),
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON."),
)


def verification_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared options to a command, which gets the two that allow ops as one `allow`."""

    @functools.wraps(command)
    def with_permissions(*, allow: tuple[str, ...], allow_side_effects: bool, **options: Any) -> Any:
        return command(allow=_EVERY_OP if allow_side_effects else allow, **options)

    found = with_permissions
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
