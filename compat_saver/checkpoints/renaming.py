"""Tensors under other names, by exact names and by regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compat_saver.bundle import Checkpoint
from compat_saver.checkpoints.opening import PathArgument, open_source
from compat_saver.checkpoints.run import Entry, Plan, WriteOptions, Written, copies, listed, write_checkpoint
from compat_saver.errors import UsageError, nearest_names
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.sources.yaml_files import read_yaml

if TYPE_CHECKING:
    from typing_extensions import Unpack

Patterns = Sequence[tuple[str | re.Pattern[str], str]]
"""Regular expressions and what takes the place of their matches."""

OBJECT_GRAPH_NOTE = (
    "The checkpoint was saved by object, and its object graph still names the keys it had before: "
    "tf.train.Checkpoint will not find what has another name now."
)


def rename(
    source: PathArgument,
    output: PathArgument,
    names: Mapping[str, str] | None = None,
    patterns: Patterns = (),
    **options: Unpack[WriteOptions],
) -> Written:
    r"""Writes a checkpoint with other names.

    A tensor that `names` holds gets the name found there. On every other one the patterns are tried, all of them, one
    after the other, each on what the one before made of the name; all matches are replaced, as re.sub does it.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        names: old name -> new name.
        patterns: regular expressions and replacements, which may refer to groups (`\1`).
        **options: as WriteOptions has them.

    Raises:
        UsageError: two tensors would have the same name, a name or pattern fits no tensor, or is malformed.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    with open_source(source) as checkpoint:
        new_names = new_names_of(list(checkpoint), names or {}, patterns)
        return write_checkpoint(_plan(checkpoint, new_names), output, **options)


def _plan(checkpoint: Checkpoint, new_names: Mapping[str, str]) -> Plan:
    entries = []
    for entry in copies(checkpoint):
        new = new_names[entry.name]
        entries.append(Entry(new, entry.values, f"was {entry.name}" if new != entry.name else ""))
    changed = any(entry.change for entry in entries)
    return Plan(tuple(entries), notes=(OBJECT_GRAPH_NOTE,) if changed and OBJECT_GRAPH_KEY in checkpoint else ())


def new_names_of(known: Sequence[str], names: Mapping[str, str], patterns: Patterns) -> dict[str, str]:
    """Returns the new name of every tensor.

    Raises:
        UsageError: a name or a pattern fits no tensor, a new name is empty, or a pattern is malformed.
    """
    compiled = [(_compile(pattern), replacement) for pattern, replacement in patterns]
    used: set[int] = set()
    found = {name: names[name] if name in names else _substituted(name, compiled, used) for name in known}
    idle = [repr(name) for name in names if name not in found]
    hint = nearest_names(next(iter(names.keys() - found.keys()), ""), known) if len(idle) == 1 else ""
    idle += [f"the pattern {pattern.pattern!r}" for number, (pattern, _) in enumerate(compiled) if number not in used]
    if idle:
        raise UsageError(f"No tensor fits {listed(idle)}{hint or '.'}")
    nameless = [repr(name) for name, new in found.items() if not new]
    if nameless:
        raise UsageError(f"Nothing would be left of the names of {listed(nameless)}.")
    return found


def _substituted(name: str, patterns: Sequence[tuple[re.Pattern[str], str]], used: set[int]) -> str:
    for number, (pattern, replacement) in enumerate(patterns):
        try:
            name, count = pattern.subn(replacement, name)
        except (re.error, IndexError) as error:
            raise UsageError(f"{replacement!r} cannot replace what {pattern.pattern!r} matches: {error}") from None
        if count:
            used.add(number)
    return name


def _compile(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression: {error}") from None


def read_map(path: PathArgument) -> dict[str, str]:
    """Returns the mapping of strings in a JSON or YAML file; JSON is YAML, so the name of the file does not matter.

    Raises:
        UsageError: there is none, or it is something else.
    """
    found = read_yaml(path)
    if not isinstance(found, dict) or not all(isinstance(item, str) for pair in found.items() for item in pair):
        raise UsageError(f"{path}: expected a mapping of old names to new names, all strings")
    return found
