"""A plan in the terms of a SavedModel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from compat_saver.migration.plan import Plan
from compat_saver.model.signature import Signature, Tensor
from compat_saver.saved_model import Asset, Contents, Endpoint, SavedSignature, Table, Variable


def contents_of(plan: Plan, tags: tuple[str, ...]) -> tuple[Contents, Mapping[str, Path]]:
    """Returns what the SavedModel of a plan is made from, and the files to copy: name in `assets/` -> where it is.

    Args:
        plan: what to write, with its training steps.
        tags: the tags of its MetaGraphDef.
    """
    paths = {part.content.placeholders[item.initializer]: item.path for part in plan.all for item in part.content.files}
    filenames = _filenames(paths.values())
    contents = Contents(
        graph=plan.graph,
        signatures=tuple(_signature(part, item, plan) for part in plan.all for item in part.signatures),
        variables=tuple(Variable(item.name, item.dtype, item.shape, item.trainable) for item in plan.all_weights),
        tables=tuple(
            Table(item.name, item.nodes, item.key_dtype, item.value_dtype, item.initializers, item.stored is not None)
            for item in plan.all_tables
        ),
        assets=tuple(Asset(node, filenames[path]) for node, path in paths.items()),
        tags=tags,
    )
    return contents, {name: path for path, name in filenames.items()}


def _signature(part: Plan, signature: Signature, whole: Plan) -> SavedSignature:
    inputs, outputs = part.input_nodes, part.output_nodes
    return SavedSignature(
        signature.name,
        _endpoints(signature.inputs, inputs),
        _endpoints(signature.outputs, outputs),
        None if part is whole else part.graph,
    )


def _endpoints(tensors: Mapping[str, Tensor], nodes: Mapping[str, str]) -> dict[str, Endpoint]:
    return {key: Endpoint(nodes[item.name], item.dtype, item.shape) for key, item in tensors.items()}


def _filenames(paths: Iterable[Path]) -> dict[Path, str]:
    """Returns the name that each file gets: its own, or with a number where others have the same."""
    found: dict[Path, str] = {}
    for path in paths:
        name, number = path.name, 1
        while name in found.values() and path not in found:
            name, number = f"{path.name}_{number}", number + 1
        found.setdefault(path, name)
    return found
