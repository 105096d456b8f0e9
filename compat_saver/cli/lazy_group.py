"""A group of commands that imports a command's module when the command is named, so that none waits for the others."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import click

from compat_saver.cli.examples import epilog
from compat_saver.cli.log import log_options
from compat_saver.cli.output import last_resort


class LazyGroup(click.Group):
    """A click group whose commands are stored in modules of their own.

    Args:
        modules: module -> the commands in it, in the order of the help; the command `import_` is called `import`.
        settings: what click.Group takes.
    """

    def __init__(self, *args: Any, modules: Mapping[str, Sequence[str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._places = {name.rstrip("_"): (module, name) for module, names in modules.items() for name in names}

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; what it does not handle itself ends the program with an exit code of its own."""
        with last_resort():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names, in the order in which they were given."""
        del ctx
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command and returns it, with what all commands have; None if there is none of that name."""
        if cmd_name not in self._places:
            return None
        module, name = self._places[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        if command.epilog is None:  # it is imported for the first time
            command.params += log_options(hidden=True)
            command.epilog = epilog(cmd_name if ctx.parent is None else f"{self.name} {cmd_name}")
        return command
