"""The forms that command line arguments take: lists of tensors, signatures, bindings, new keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click


class SourcePath(click.Path):
    """A path on this machine, or a URL, which stays the text that it is."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Returns a Path, or the URL."""
        return value if "://" in str(value) else super().convert(value, param, ctx)


class Names(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`a:0,b:0` -> ["a:0", "b:0"]."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Splits at commas."""
        if not isinstance(value, str):
            return list(value)
        names = _split(value)
        if not names:
            self.fail(f"{value!r} names nothing.", param, ctx)
        return names


class SignatureArgument(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`NAME:in1,in2->out1` -> (NAME, ([in1, in2], [out1])); None for inputs left out: `NAME:->out1`."""

    name = "signature"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[list[str] | None, list[str]]]:
        """Splits at the first colon and the arrow."""
        name, colon, tensors = str(value).partition(":")
        inputs, arrow, outputs = tensors.partition("->")
        if not (name.strip() and colon and arrow and _split(outputs)):
            self.fail(f"{value!r} is not of the form NAME:in1,in2->out1.", param, ctx)
        return name.strip(), (_split(inputs) or None, _split(outputs))


class Binding(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`keep_prob:0=1.0` -> ("keep_prob:0", "1.0")."""

    name = "binding"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Splits at the first equals sign."""
        name, equals, text = str(value).partition("=")
        if not (name.strip() and equals):
            self.fail(f"{value!r} is not of the form TENSOR=VALUE.", param, ctx)
        return name.strip(), text


class Renaming(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`OLD=NEW` -> ("OLD", "NEW")."""

    name = "renaming"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Splits at the last equals sign."""
        old, equals, new = str(value).rpartition("=")
        if not (old.strip() and equals and new.strip()):
            self.fail(f"{value!r} is not of the form OLD=NEW.", param, ctx)
        return old.strip(), new.strip()


class Size(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """`4G` -> 4,000,000,000 bytes; K, M, G and T are powers of 1000."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Reads a number and its unit."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]?)B?", str(value).strip(), re.IGNORECASE)
        bytes_ = 0 if found is None else int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))
        if bytes_ <= 0:
            self.fail(f"{value!r} is no size, such as 4G or 500M.", param, ctx)
        return bytes_


def once_each(
    ctx: click.Context, param: click.Parameter, pairs: tuple[tuple[str, Any], ...]
) -> tuple[tuple[str, Any], ...]:
    """Refuses a name that is given twice; the callback of a repeatable option."""
    names = [name for name, _ in pairs]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise click.BadParameter(f"{twice[0]!r} is given more than once.", ctx, param)
    return pairs


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
