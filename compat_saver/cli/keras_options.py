"""The options of `migrate` for models of Keras."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def keras_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as the arguments of `compat_saver.migrate`."""

    @functools.wraps(command)
    def with_arguments(*, custom_objects: tuple[str, ...], **others: Any) -> Any:
        from compat_saver.keras_models.routing import parse_custom

        return command(custom_objects=dict(parse_custom(item) for item in custom_objects), **others)

    architecture = click.option(
        "--architecture",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Keras: the model as to_json() or to_yaml() wrote it, for a file of weights alone.",
    )
    custom = click.option(
        "--custom-objects",
        multiple=True,
        metavar="[NAME=]MODULE:NAME",
        help="Keras: a custom class or function, or the function of the Lambda layer NAME; repeatable.",
    )
    found: Callable[..., Any] = architecture(custom(with_arguments))
    return found
