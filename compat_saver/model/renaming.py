"""Gives inputs and outputs of signatures other keys, as `--rename OLD=NEW` asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from compat_saver.errors import NameNotFoundError, UsageError, nearest_names
from compat_saver.model.signature import Signature, Tensor, refuse_bad_key


class _Entry(NamedTuple):
    """One input or output of one signature."""

    signature: str
    kind: str
    key: str
    tensor: str

    def names(self) -> Iterator[str]:
        """Yields all that it may be called."""
        for name in (self.key, self.tensor, self.tensor.removesuffix(":0")):
            yield from (name, f"{self.signature}/{name}")


def renamed(signatures: Sequence[Signature], rename: Mapping[str, str]) -> tuple[Signature, ...]:
    """Returns the signatures with other keys; a tensor that several of them name is renamed in all.

    Args:
        signatures: as they were chosen.
        rename: old key or tensor name, each perhaps behind the name of a signature and a slash -> new key.

    Raises:
        NameNotFoundError: a name that no signature has.
        UsageError: a name that means several tensors, a new key that cannot be one or that is taken.
    """
    entries = [
        _Entry(item.name, kind, key, tensor.name)
        for item in signatures
        for kind in ("inputs", "outputs")
        for key, tensor in getattr(item, kind).items()
    ]
    new: dict[_Entry, str] = {}
    for old, key in rename.items():
        refuse_bad_key(key)
        new |= dict.fromkeys(_meant(entries, old), key)
    return tuple(
        dataclasses.replace(
            item,
            inputs=_with_keys(item.name, "inputs", item.inputs, new),
            outputs=_with_keys(item.name, "outputs", item.outputs, new),
        )
        for item in signatures
    )


def _meant(entries: Sequence[_Entry], old: str) -> list[_Entry]:
    """Returns the entries that a name means; if there are several, they must be of one tensor."""
    found = [entry for entry in entries if old in entry.names()]
    if not found:
        hint = nearest_names(old, [name for entry in entries for name in entry.names()])
        raise NameNotFoundError(f"No signature has an input or output {old!r} to be renamed{hint or '.'}")
    if len({entry.tensor for entry in found}) > 1:
        listed = ", ".join(f"{entry.signature}/{entry.tensor}" for entry in found)
        raise UsageError(f"{old!r}, to be renamed, means several tensors; name one of {listed}.")
    return found


def _with_keys(
    signature: str, kind: str, tensors: Mapping[str, Tensor], new: Mapping[_Entry, str]
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for old, tensor in tensors.items():
        key = new.get(_Entry(signature, kind, old, tensor.name), old)
        if key in found:
            raise UsageError(f"Two {kind} of {signature!r} want the key {key!r}: {found[key].name} and {tensor.name}.")
        found[key] = tensor
    return found
