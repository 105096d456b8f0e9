"""The models of a batch: a source each, with options and the name of its output."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from compat_saver.batch.finding import find_models
from compat_saver.batch.fingerprint import SourceFiles, fingerprint
from compat_saver.batch.lists import OF_KERAS, Listed, Model, given_models, read_list
from compat_saver.batch.names import names_below, names_of, unique
from compat_saver.errors import ArtifactError, UsageError
from compat_saver.keras_models.routing import SUFFIX, is_keras_model
from compat_saver.migration.options import make_options

Sources = str | PathLike[str] | Iterable[Model]
"""A directory to search, a list file, or the models themselves."""


@dataclass(frozen=True)
class Job:
    """One model to migrate.

    Attributes:
        source: its absolute path.
        name: of its output, below the directory of the batch.
        options: the arguments of its migration.
        keras: those of them that only models of Keras have.
        nbytes: how large its files are.
        fingerprint: of what it is made from.
    """

    source: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    keras: Mapping[str, Any] = field(default_factory=dict)
    nbytes: int = 0
    fingerprint: str = ""


def make_jobs(
    sources: Sources, output: Path, common: Mapping[str, Any], *, every_checkpoint: bool = False
) -> tuple[Job, ...]:
    """Returns the models of a batch.

    Args:
        sources: where they are.
        output: the directory of the outputs, which is not searched.
        common: options of all of them; those of a model go before.
        every_checkpoint: whether all checkpoints of a training directory are wanted, rather than the latest.

    Raises:
        UsageError: there are none, a list cannot be read, or options contradict each other; the message says where.
    """
    found, names = _found(sources, output, every_checkpoint)
    if not found:
        raise UsageError(f"{sources}: there is no legacy model: no checkpoint, SavedModel, frozen graph or Keras file.")
    _refuse_repeated([item.name for item in found if item.name])
    names = [item.name or _default_name(name, item) for item, name in zip(found, names, strict=True)]
    names = unique(names, [item.source for item in found])
    _refuse_repeated(names)  # a source that is listed twice
    return tuple(_job(item, name, common) for item, name in zip(found, names, strict=True))


def _found(sources: Sources, output: Path, every_checkpoint: bool) -> tuple[Sequence[Listed], Sequence[str]]:
    """Cases: a directory, a list file, models."""
    if not isinstance(sources, str | PathLike):
        found = list(given_models(sources))
    elif (root := Path(sources)).is_dir():
        paths = list(find_models(root, output, every_checkpoint=every_checkpoint))
        return [Listed(path, "", {}, str(path)) for path in paths], names_below(root, paths)
    else:
        found = list(read_list(root))
    return found, names_of([item.source for item in found])


def _default_name(name: str, item: Listed) -> str:
    """Returns the name of an output: a file of Keras becomes a file of Keras 3, anything else a directory."""
    with contextlib.suppress(ArtifactError):
        is_keras = is_keras_model(item.source, "", item.options.get("architecture"))
        return name.removesuffix(SUFFIX) + SUFFIX if is_keras else name
    return name


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = [name for name, count in Counter(map(str.casefold, names)).items() if count > 1]
    if repeated:
        raise UsageError(f"The name {repeated[0]!r} is given to several models. Give each its own `name`.")


def _job(item: Listed, name: str, common: Mapping[str, Any]) -> Job:
    options = {**common, **item.options}
    keras = {key: options.pop(key) for key in OF_KERAS if key in options}
    try:
        made = make_options(**options)
    except UsageError as error:
        raise UsageError(f"{item.where}: {error}") from None
    files = SourceFiles.of(item.source)
    named = [path for path in (made.meta_graph, made.verify_data, *made.assets.values()) if path is not None]
    if keras.get("architecture") is not None:
        named.append(Path(keras["architecture"]))
    of_the_model = dataclasses.replace(made, dry_run=False, overwrite=False)
    custom = sorted((keras.get("custom_objects") or {}).items())
    mark = fingerprint(files, repr((of_the_model, custom)) if custom else repr(of_the_model), named)
    return Job(os.path.abspath(item.source), name, options, keras, files.nbytes, mark)
