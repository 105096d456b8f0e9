"""Writes a migration as the command that does it, to be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from compat_saver.migration.options import MigrationOptions
from compat_saver.model.inference_mode import KEEP
from compat_saver.model.signature import SignatureRequest, tensors_of


def command_line(source: str | Path, output: str | Path, options: MigrationOptions, *more: str) -> str:
    """Returns `compat-saver migrate SOURCE OUT` with the options that say what to serve, and some more.

    Args:
        source: the source.
        output: the output.
        options: of the migration; those of the verification are left out.
        more: flags to add.
    """
    return shlex.join(["compat-saver", "migrate", str(source), str(output), *_flags(options), *more])


def _flags(options: MigrationOptions) -> Iterator[str]:
    tags = None if options.tag_set is None else ",".join(options.tag_set)
    given = {"meta-graph": options.meta_graph, "tag-set": tags, "signature-def": options.signature_def}
    given["variables"] = options.variables
    yield from (f"--{name}={value}" for name, value in given.items() if value is not None)
    for item in options.signatures:
        yield f"--signature={_signature(item)}"
    for name, value in options.bind.items():
        yield f"--bind={name}={value}"
    for old, new in options.rename.items():
        yield f"--rename={old}={new}"
    for recorded, path in options.assets.items():
        yield f"--asset={recorded}={path}"
    yield from (f"--allow={op}" for op in options.allow)
    if options.training_behavior == KEEP:
        yield "--training-behavior=keep"
    if options.train:
        yield "--train"
    yield from (f"--train-op={name}" for name in options.train_ops)
    if options.train_outputs:
        yield f"--train-outputs={','.join(options.train_outputs)}"
    yield from (f"--to={name}" for name in options.to)
    if options.ema:
        yield "--ema"
    if options.init_missing:
        yield "--init-missing"
    if options.overwrite:
        yield "--overwrite"


def _signature(request: SignatureRequest) -> str:
    inputs, outputs = (",".join(tensors_of(names or ())) for names in (request.inputs, request.outputs))
    return f"{request.name}:{inputs}->{outputs}"
