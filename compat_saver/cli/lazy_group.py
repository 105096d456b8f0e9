"""A group of commands that imports a command's module when the command is named, so that none waits for the others."""

from __future__ import annotations

import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """A click group whose commands lie in modules of their own names.

    Args:
        package: where the modules lie; the module `import_` holds the command `import_`, called `import`.
        modules: their names, in the order of the help.
        settings: what click.Group takes.
    """

    def __init__(self, *args: Any, package: str, modules: tuple[str, ...], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._package = package
        self._modules = {name.rstrip("_"): name for name in modules}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names, in the order in which the modules were given."""
        del ctx
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command and returns it; None if there is none of that name."""
        del ctx
        name = self._modules.get(cmd_name)
        if name is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"{self._package}.{name}"), name)
        return command
