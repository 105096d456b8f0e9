"""Reads a file of signatures, bound values and new keys: what the flags of `migrate` say, for scripts.

Of the three mappings `signatures`, `bind` and `rename` each may be left out. A signature has `inputs` and `outputs`,
each a list of tensors or key: tensor; without inputs they are found from the outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

from compat_saver.errors import UsageError
from compat_saver.model.signature import Names
from compat_saver.sources.yaml_files import read_yaml

_PARTS = ("signatures", "bind", "rename")
_ENDS = ("inputs", "outputs")


class SignaturesFile(NamedTuple):
    """What such a file says; a part that it does not have is empty.

    Attributes:
        signatures: name -> (inputs, outputs), each a list of tensors or key -> tensor; no inputs are None.
        bind: tensor name -> the value it always has.
        rename: old key -> new key.
    """

    signatures: Mapping[str, tuple[Names | None, Names]]
    bind: Mapping[str, object]
    rename: Mapping[str, str]


def read_signatures_file(path: str | PathLike[str]) -> SignaturesFile:
    """Reads a file of signatures.

    Raises:
        UsageError: it is not there, or not of this form; the message says where.
    """
    whole = _mapping(path, "the file", read_yaml(path), _PARTS)
    signatures = _mapping(path, "signatures", whole.get("signatures") or {})
    rename = _mapping(path, "rename", whole.get("rename") or {})
    for old, new in rename.items():
        _require(isinstance(new, str), path, f"rename/{old}", "a new key as text", new)
    return SignaturesFile(
        {name: _signature(path, f"signatures/{name}", item) for name, item in signatures.items()},
        _mapping(path, "bind", whole.get("bind") or {}),
        rename,
    )


def _signature(path: object, where: str, found: Any) -> tuple[Names | None, Names]:
    ends = _mapping(path, where, found, _ENDS)
    outputs = _names(path, f"{where}/outputs", ends.get("outputs"))
    _require(bool(outputs), path, f"{where}/outputs", "at least one tensor", outputs)
    return None if ends.get("inputs") is None else _names(path, f"{where}/inputs", ends["inputs"]), outputs


def _names(path: object, where: str, found: Any) -> Names:
    names = list(found.values()) if isinstance(found, dict) else found
    is_right = isinstance(names, list) and all(isinstance(item, str) for item in names)
    _require(is_right, path, where, "a list of tensors, or key: tensor", found)
    return _mapping(path, where, found) if isinstance(found, dict) else names


def _mapping(path: object, where: str, found: Any, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Returns what should be a mapping by text, and of known keys if they are given."""
    _require(isinstance(found, dict), path, where, f"a mapping{f' of {_listed(known)}' if known else ''}", found)
    for key in found:
        _require(isinstance(key, str), path, where, "names as text (quote what YAML takes for something else)", key)
        _require(known is None or key in known, path, where, f"nothing but {_listed(known or ())}", key)
    return dict(found)


def _listed(known: tuple[str, ...]) -> str:
    return f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def _require(is_right: bool, path: object, where: str, expected: str, found: object) -> None:
    if not is_right:
        raise UsageError(f"{path}: {where}: expected {expected}, found {found!r}.")
