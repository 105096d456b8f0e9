"""The options that say how SOURCE is read: those of `inspect` and `migrate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from compat_saver.cli.arguments import SourcePath

meta_graph_option = click.option(
    "--meta-graph",
    type=SourcePath(),
    metavar="FILE",
    help="The .meta file, where it is not beside the checkpoint.",
)


class TagSet(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """Tags with commas between; empty for no tags."""

    name = "TAGS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns the tags."""
        from compat_saver.model.opening import parse_tags

        return parse_tags(value)


_tag_set_option = click.option(
    "--tag-set",
    type=TagSet(),
    help="Tags of the graph of a SavedModel; '' for the one without tags [default: serve, or else no tags].",
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command."""
    return meta_graph_option(_tag_set_option(command))
