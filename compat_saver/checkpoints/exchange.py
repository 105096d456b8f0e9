"""Checkpoints as files that others read: .npz and .safetensors, both ways, tensor by tensor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from compat_saver.bundle.publication import Publication
from compat_saver.checkpoints import npy, npz, safetensors
from compat_saver.checkpoints.keras_reader import open_any
from compat_saver.checkpoints.reading import (
    MOST_SHOWN,
    PathArgument,
    matching,
    parse_slices,
    shape_of_part,
)
from compat_saver.checkpoints.values import Stored
from compat_saver.checkpoints.write_plan import (
    Progress,
    WriteOptions,
    WritePlan,
    Written,
    copies,
    summary,
    write_checkpoint,
)
from compat_saver.errors import OutputExistsError, UsageError, phrases_and_more

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FORMATS: dict[str, ModuleType] = {".npz": npz, ".safetensors": safetensors}


def export(
    source: PathArgument,
    output: PathArgument,
    patterns: Sequence[str] = (),
    *,
    skip_unsupported: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Writes the tensors of a checkpoint into a .npz or .safetensors file; memory does not grow with it.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        output: the file; its suffix decides the format.
        patterns: shell patterns of the tensors to take; all by default.
        skip_unsupported: leave out what the format cannot hold, such as strings in .safetensors.
        overwrite: whether the file may be replaced.
        dry_run: only report what would be written.
        progress: called with the bytes since the last call, and how many there will be in all.

    Raises:
        UsageError: another suffix, a pattern that matches nothing, or tensors that the format cannot hold.
        ArtifactError: there is no checkpoint, or it is damaged.
        OutputExistsError: the output is already there.
    """
    path = os.fspath(output)
    codec = _codec(path)
    with open_any(os.fspath(source)) as checkpoint:
        chosen = matching(checkpoint, patterns) if patterns else checkpoint.keys()
        entries = copies(checkpoint, [name for name in checkpoint if name in chosen])
        problems = {entry.name: reason for entry in entries if (reason := codec.problem(entry.name, entry.values))}
        if problems and not skip_unsupported:
            shown = phrases_and_more([f"{name!r} ({reason})" for name, reason in problems.items()], MOST_SHOWN)
            raise UsageError(f"{path} cannot hold {shown}. Leave them out with --skip-unsupported.")
        plan = WritePlan(tuple(entry for entry in entries if entry.name not in problems), tuple(problems))
        if dry_run:
            return summary(plan, None, ())
        _write(path, plan, codec, overwrite, progress)
        return summary(plan, path, [path])


def _write(path: str, plan: WritePlan, codec: ModuleType, overwrite: bool, progress: Progress | None) -> None:
    total = sum(entry.values.nbytes for entry in plan.entries)
    with _published(path, overwrite) as file:
        for count in codec.write(file, list(plan.entries)):
            if progress is not None:
                progress(count, total)


@contextlib.contextmanager
def _published(path: str, overwrite: bool) -> Iterator[BinaryIO]:
    """Gives a file to write into, which appears as `path` if the block ends well."""
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{path} is already there; replace it with --overwrite")
    publication = Publication([path], overwrite=overwrite)
    try:
        yield publication.files[0]
    except BaseException:
        publication.abandon()
        raise
    publication.publish()


def import_(source: PathArgument, output: PathArgument, **options: Unpack[WriteOptions]) -> Written:
    """Writes the arrays of a .npz or .safetensors file as a V2 checkpoint; memory does not grow with it.

    Args:
        source: the file; its suffix decides the format.
        output: the prefix to write.
        **options: as WriteOptions has them.

    Raises:
        UsageError: another suffix.
        ArtifactError: the file is missing, damaged, or holds what a checkpoint cannot.
        OutputExistsError: the output is already there.
    """
    path = os.fspath(source)
    return write_checkpoint(WritePlan(tuple(_codec(path).read(path))), output, **options)


def _codec(path: str) -> ModuleType:
    suffix = os.path.splitext(path)[1]
    if suffix not in _FORMATS:
        raise UsageError(f"{path}: expected a name that ends with {' or '.join(_FORMATS)}")
    return _FORMATS[suffix]


def save_tensor(
    source: PathArgument,
    name: str,
    output: PathArgument,
    slices: str | tuple[slice, ...] = (),
    *,
    overwrite: bool = False,
) -> None:
    """Writes one tensor, or a part of it, into a .npy file.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.
        name: the tensor.
        output: the file.
        slices: the part of it, as slices or as text such as "0:10,:"; all by default.
        overwrite: whether the file may be replaced.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
        TensorNotFoundError: there is no such tensor.
        UsageError: slices that do not fit, or values that a .npy file cannot hold.
        OutputExistsError: the output is already there.
    """
    chosen = parse_slices(slices) if isinstance(slices, str) else slices
    with open_any(os.fspath(source)) as checkpoint:
        values = Stored(checkpoint, checkpoint.info(name))
        reason = npy.problem(values.dtype, values)
        if reason:
            raise UsageError(f"a .npy file cannot hold {name!r} ({reason})")
        shape = shape_of_part(chosen, values.shape)
        with _published(os.fspath(output), overwrite) as file:
            if values.dtype.itemsize:
                npy.write(file, values, shape, values.chunks(chosen))
            else:
                npy.write_strings(file, checkpoint.read_slice(name, chosen))
