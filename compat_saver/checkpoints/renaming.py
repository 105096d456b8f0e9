"""Tensors under other names: exact names, regular expressions, moving averages in the place of their variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.bundle import Checkpoint
from compat_saver.checkpoints.reading import MOST_SHOWN, PathArgument
from compat_saver.checkpoints.values import Stored
from compat_saver.checkpoints.write_plan import Entry, WriteOptions, WritePlan, Written, copies, write_checkpoint
from compat_saver.errors import UsageError, and_more, nearest_names, phrases_and_more
from compat_saver.proto.messages import OBJECT_GRAPH_KEY
from compat_saver.sources import open_checkpoint
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
    with open_checkpoint(source) as checkpoint:
        new_names = new_names_of(list(checkpoint), names or {}, patterns)
        return write_checkpoint(_plan(checkpoint, new_names), output, **options)


def _plan(checkpoint: Checkpoint, new_names: Mapping[str, str]) -> WritePlan:
    entries = []
    for entry in copies(checkpoint):
        new = new_names[entry.name]
        entries.append(Entry(new, entry.values, f"was {entry.name}" if new != entry.name else ""))
    changed = any(entry.change for entry in entries)
    return WritePlan(tuple(entries), notes=(OBJECT_GRAPH_NOTE,) if changed and OBJECT_GRAPH_KEY in checkpoint else ())


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
        raise UsageError(f"No tensor fits {phrases_and_more(idle, MOST_SHOWN)}{hint or '.'}")
    nameless = [name for name, new in found.items() if not new]
    if nameless:
        raise UsageError(f"Nothing would be left of the names of {and_more(nameless, MOST_SHOWN)}.")
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


def ema(
    source: PathArgument, output: PathArgument, *, suffix: str = AVERAGE, **options: Unpack[WriteOptions]
) -> Written:
    """Writes a checkpoint in which every moving average has taken the place of the variable that it followed.

    `x` holds what was in `x/ExponentialMovingAverage`, which is gone, as the values are that `x` had.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the prefix to write.
        suffix: the last part of the names of averages.
        **options: as WriteOptions has them.

    Raises:
        UsageError: there is no average, or one of another type or shape than its variable.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    with open_checkpoint(source) as checkpoint:
        ending = f"/{suffix}"
        averages = {name.removesuffix(ending): name for name in checkpoint if name.endswith(ending)}
        if not averages:
            raise UsageError(f"{checkpoint.prefix} holds no moving averages: no name ends with {ending!r}")
        _refuse_other_shapes(checkpoint, averages)
        plain = [name for name in checkpoint if name not in averages and not name.endswith(ending)]
        swapped = [
            Entry(name, Stored(checkpoint, checkpoint.info(average)), f"was {average}")
            for name, average in averages.items()
        ]
        plan = WritePlan((*copies(checkpoint, plain), *swapped), tuple(sorted(averages.values())))
        return write_checkpoint(plan, output, **options)


def _refuse_other_shapes(checkpoint: Checkpoint, averages: dict[str, str]) -> None:
    dtypes, shapes = checkpoint.dtypes(), checkpoint.shapes()
    odd = [
        average
        for name, average in averages.items()
        if name in checkpoint and (dtypes[name], shapes[name]) != (dtypes[average], shapes[average])
    ]
    if odd:
        raise UsageError(f"Averages of another type or shape than their variables: {and_more(odd, MOST_SHOWN)}")


def read_map(path: PathArgument) -> dict[str, str]:
    """Returns the mapping of strings in a JSON or YAML file; JSON is YAML, so the name of the file does not matter.

    Raises:
        UsageError: there is none, or it is something else.
    """
    found = read_yaml(path)
    if not isinstance(found, dict) or not all(isinstance(item, str) for pair in found.items() for item in pair):
        raise UsageError(f"{path}: expected a mapping of old names to new names, all strings")
    return found
