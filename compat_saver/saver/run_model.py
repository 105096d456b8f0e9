"""Runs a model once: a legacy one in a session, in inference, or a SavedModel of TensorFlow 2 by its signature."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.analysis.effects import side_effects
from compat_saver.errors import ArtifactError, NameNotFoundError, SideEffectError, UsageError, nearest_names
from compat_saver.graph import OpCatalog, from_graph_def
from compat_saver.model.inference_mode import REMOVE
from compat_saver.model.permissions import refused, require_reaching, sentences
from compat_saver.proto.files import read_saved_model
from compat_saver.proto.messages import GraphDef
from compat_saver.saver.restore.model import RestoredModel, restore
from compat_saver.saver.restore.runner import checked
from compat_saver.sources import SavedModelSource, resolve
from compat_saver.sources.remote import local_path

_DEFAULT = "serving_default"
Arrays = dict[str, np.ndarray]


def run_model(
    source: str | PathLike[str],
    inputs: Mapping[str, Any],
    outputs: Sequence[str] = (),
    *,
    signature: str | None = None,
    meta_graph: Path | None = None,
    tag_set: tuple[str, ...] | None = None,
    allow: Collection[str] = (),
) -> Arrays:
    """Returns the outputs of a model for some inputs.

    Args:
        source: what `restore` opens, or a SavedModel of TensorFlow 2, as `migrate` writes it.
        inputs: key of a signature, or tensor of a legacy graph -> value. Training-mode inputs have their value for
            inference unless they are given.
        outputs: keys, or tensors of a legacy graph; none for all outputs of the signature.
        signature: its name; None for serving_default, or else the first.
        meta_graph: the `.meta` file, if it is not beside the checkpoint.
        tag_set: the tags of the graph of a SavedModel.
        allow: the ops that may reach outside of the graph.

    Raises:
        NameNotFoundError: a name that the model does not have.
        UsageError: an input is missing, or its tensor does not accept the value.
        SideEffectError: the outputs need an op that reaches outside and is not allowed.
        CompatSaverError: as for `restore`.
    """
    require_reaching(allow)
    source = Path(local_path(source))
    if meta_graph is None and _is_tf2(source):
        return _run_saved_model(source, inputs, outputs, signature, tag_set, allow)
    opened = restore(source, meta_graph=meta_graph, tag_set=tag_set, training_behavior=REMOVE, allow=tuple(allow))
    try:
        return _run_legacy(opened, source, inputs, outputs, signature, allow)
    finally:
        opened.close()


def _is_tf2(source: Path) -> bool:
    found = resolve(source)
    if not isinstance(found, SavedModelSource):
        return False
    return any(item.HasField("object_graph_def") for item in read_saved_model(found.file).meta_graphs)


# ---- a legacy model


def _run_legacy(
    model: RestoredModel,
    source: Path,
    inputs: Mapping[str, Any],
    outputs: Sequence[str],
    signature: str | None,
    allow: Collection[str],
) -> Arrays:
    fetches = tuple(outputs) or _outputs_of(model, signature)
    given = {name.partition(":")[0] for name in inputs}
    modes = {name: value for name, value in model.modes.items() if name.partition(":")[0] not in given}
    tensors = [model.outputs[name].tensor if name in model.outputs else name for name in fetches]
    _refuse_effects(model.graph.as_graph_def(), source, allow, tensors)
    found = model.run(list(fetches), {**modes, **inputs})
    return {name: np.asarray(value) for name, value in zip(fetches, found, strict=True)}


def _outputs_of(model: RestoredModel, signature: str | None) -> tuple[str, ...]:
    names = dict.fromkeys(item.signature for item in model.outputs.values())
    if not names:
        raise UsageError("The model has no signature, and no output can be inferred. Name a tensor with --output.")
    chosen = _chosen(signature, list(names))
    return tuple(key for key, item in model.outputs.items() if item.signature == chosen)


def _chosen(signature: str | None, known: Sequence[str]) -> str:
    if signature is None:
        return _DEFAULT if _DEFAULT in known else known[0]
    if signature not in known:
        raise NameNotFoundError(f"The model has no signature {signature!r}{nearest_names(signature, known) or '.'}")
    return signature


# ---- a SavedModel of TensorFlow 2


def _run_saved_model(
    source: Path,
    inputs: Mapping[str, Any],
    outputs: Sequence[str],
    signature: str | None,
    tag_set: tuple[str, ...] | None,
    allow: Collection[str],
) -> Arrays:
    tf = _tensorflow.tensorflow()
    try:
        model = tf.saved_model.load(str(source), tags=None if tag_set is None else list(tag_set))
    except _tensorflow.tf_errors() as error:
        raise ArtifactError(f"{source}: TensorFlow does not load it: {_tensorflow.first_line(error)}") from None
    if not model.signatures:
        raise UsageError(f"{source}: the model has no signature to run.")
    function = model.signatures[_chosen(signature, list(model.signatures))]
    _refuse_effects(function.graph.as_graph_def(), source, allow)
    specs = function.structured_input_signature[1]
    _require_keys("input", inputs, specs, is_exact=True)
    _require_keys("output", outputs, function.structured_outputs)
    fed = {key: tf.constant(checked(spec, inputs[key]), spec.dtype) for key, spec in specs.items()}
    try:
        found = function(**fed)
    except _tensorflow.tf_errors() as error:
        raise UsageError(f"The model does not run on these inputs: {_tensorflow.first_line(error)}") from None
    return {key: np.asarray(found[key].numpy()) for key in outputs or sorted(found)}


def _require_keys(what: str, given: Collection[str], known: Mapping[str, Any], *, is_exact: bool = False) -> None:
    listed = ", ".join(f"{key} ({item.dtype.name} {item.shape})" for key, item in known.items())
    for key in given:
        if key not in known:
            raise NameNotFoundError(f"The signature has no {what} {key!r}. It has: {listed}.")
    missing = [key for key in known if key not in given]
    if is_exact and missing:
        raise UsageError(f"The signature needs a value for {', '.join(map(repr, missing))}. Its {what}s: {listed}.")


def _refuse_effects(graph_def: Any, source: Path, allow: Collection[str], tensors: Sequence[str] | None = None) -> None:
    """Raises SideEffectError if some tensors, or else all nodes, need an op that reaches outside and is not allowed."""
    graph = from_graph_def(GraphDef.FromString(graph_def.SerializeToString()))
    roots = (
        list(graph) if tensors is None else [node for name in tensors if (node := graph.get(name.partition(":")[0]))]
    )
    needed = {node.name for node in graph.ancestors(roots)}
    found = refused(side_effects(graph, OpCatalog.of(graph, {}), needed, None), allow, [source.parent, source])
    if found:
        raise SideEffectError(str(source), list(sentences(found)), found)
