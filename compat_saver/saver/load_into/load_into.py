"""load_into: fills the variables of an eager program from a checkpoint that another program wrote."""

from __future__ import annotations

import dataclasses
import functools
import os
from os import PathLike
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.errors import FormatError, NotALegacyArtifactError, UsageError
from compat_saver.keras_files import KerasFile, LayerConfig, open_keras_file
from compat_saver.keras_files.saved_models import keras_metadata
from compat_saver.saver.checkpoint_utils import open_or_tf_error
from compat_saver.saver.errors import require_path
from compat_saver.saver.load_into.gru_biases import find
from compat_saver.saver.load_into.layer_order import in_layer_order
from compat_saver.saver.load_into.names import LoadMap, note_of, wanted_of
from compat_saver.saver.load_into.numbered_files import named_by
from compat_saver.saver.load_into.old_files import in_layout_of_keras_2
from compat_saver.saver.load_into.optimizer_reports import notes_of, reported, require_state
from compat_saver.saver.load_into.optimizers import is_optimizer, optimizer_of, states, trained_by
from compat_saver.saver.load_into.pairs import Placement, configs_of_graph, placed
from compat_saver.saver.load_into.settings import (
    contradictions,
    require_same,
    stored_configs,
    unknown_activations,
)
from compat_saver.saver.load_into.targets import TargetVariable, generated_names, variables_of
from compat_saver.saver.load_into.walk import scope_that_fits, with_stored_paths
from compat_saver.saver.matching.conflicts import fit_without_conflicts
from compat_saver.saver.matching.conversions import original_of
from compat_saver.saver.matching.fit import Fit
from compat_saver.saver.matching.naming import Matching
from compat_saver.saver.matching.report import RestoreReport
from compat_saver.saver.restore_ops.filling import assign, match
from compat_saver.sources import Hdf5Source, KerasArchiveSource, SavedModelSource, resolve


def load_into(
    target: Any,
    source: str | PathLike[str],
    *,
    name_map: LoadMap | None = None,
    scope: str | None = None,
    ema: bool = False,
    strict: bool = True,
    reshape: bool = False,
    optimizer: bool = False,
) -> RestoreReport:
    """Loads the weights of a checkpoint into variables; no graph is needed.

    Every variable is looked for under its name (`dense/kernel`), under that without its model's name, and by its path
    from object to object. Names, dtypes and shapes are checked before the first assignment; if an assignment fails
    nevertheless, the earlier ones are undone. The previous values are kept in memory for that until the end, as in
    tf.train.Checkpoint.restore.

    Args:
        target: a tf.Variable; a list or tuple of them; a dict, name in the checkpoint -> variable; a tf.Module, a
            tf.train.Checkpoint or another trackable object; a Keras model or layer that is built; a Keras optimizer
            that is built, whose state alone is loaded.
        source: a checkpoint saved by name or by object, V1 or V2: a prefix, any file, a directory, a SavedModel; or an
            HDF5 file of Keras 1 and 2, of weights or of a whole model, or a `.keras` file of Keras 2 or 3.
        name_map: name in the checkpoint -> name of the variable, or the variable itself; compiled patterns with the
            replacement for their matches; or a function from one name to the other.
        scope: only tensors below it count, and their names are taken without it.
        ema: whether a variable gets its moving average, if the checkpoint has it.
        strict: whether everything must be found; otherwise what matches is loaded, and the report lists the rest.
        reshape: whether a tensor of another shape and the same size will do, as in `Saver`.
        optimizer: whether the optimizer of a compiled model gets its state too: slots and the number of steps.

    Returns:
        What was loaded, what is missing or does not match, and which tensors belong to no variable.

    Raises:
        RestoreError: strict, and variables are missing or do not match; all are listed, and nothing was changed.
        UsageError: the target has no variables, the program is not in eager mode, or the map matches nothing.
        ArtifactError: there is no checkpoint, or it is damaged.
    """
    _require_eager()
    require_path(source)
    trainer = optimizer_of(target) if optimizer else target if is_optimizer(target) else None
    variables = trained_by(target) if is_optimizer(target) else variables_of(target)
    with _opened(source, target) as stored:
        variables = with_stored_paths(variables, target, stored, scope)
        matching = Matching(strict, name_map, scope, ema, reshape)
        place = placed(target, variables, stored, matching, source)
        configs = [*_configs(source, stored), *place.configs]
        if strict:
            require_same(target, configs, stored.prefix)
        found, variables, notes = _matched(target, place)
        configs = configs or configs_of_graph(target, variables, found, source)
        if strict:
            require_same(target, configs, stored.prefix, found)
        rows = states(trainer, variables, found, stored) if trainer is not None else []
        if trainer is not None and strict:
            require_state(trainer, rows, stored)
        by_number = {} if trainer is target else {item.wanted.number: item for item in found.matches}
        values = [(by_number[n], item.variable) for n, item in enumerate(variables) if n in by_number]
        assign([*values, *((row, row.variable) for row in rows if row.key)], place.tensors)
        report = reported(RestoreReport(stored.prefix) if trainer is target else found.report, rows)
        more = tuple(notes_of(trainer, rows, stored)) if trainer is not None else ()
    return dataclasses.replace(report, notes=(*place.notes, *notes, *_notes(target, configs, found), *more))


def _matched(target: Any, place: Placement) -> tuple[Fit, list[TargetVariable], tuple[str, ...]]:
    """Returns what was found by name or, of a Keras file, by the order of layers; the variables, and notes.

    Raises:
        RestoreError: strict, and something was not found.
    """
    tensors, matching = place.tensors, place.matching
    wanted, names, variables = wanted_of(place.variables, tensors, matching, lambda: generated_names(target))
    is_plain = matching.name_map is None and not matching.scope
    if is_plain and not fit_without_conflicts(wanted, tensors, names).report.is_complete:
        ordered = in_layer_order(target, variables, tensors)
        if ordered is not None:
            wanted, names, variables = wanted_of(ordered[0], tensors, matching)
            return match(wanted, tensors, names, matching, find=find), variables, (ordered[1],)
    find_scope = functools.partial(scope_that_fits, variables, target, original_of(tensors))
    found = match(
        wanted,
        tensors,
        names,
        matching,
        find=find,
        find_scope=find_scope if is_plain else None,
    )
    return found, variables, note_of(variables, found)


def _configs(source: str | PathLike[str], tensors: Checkpoint | KerasFile) -> list[LayerConfig]:
    """Returns the configurations of the layers beside the weights; none where there are none."""
    if isinstance(tensors, KerasFile):
        return stored_configs(tensors)
    found = resolve(source)
    if not isinstance(found, SavedModelSource) or not keras_metadata(found):
        return []
    with open_keras_file(source) as file:
        return stored_configs(file)


def _notes(target: Any, configs: list[LayerConfig], found: Fit) -> tuple[str, ...]:
    return tuple(map(str, contradictions(target, configs, found))) if configs else unknown_activations(target)


def _require_eager() -> None:
    if not _tensorflow.tensorflow().executing_eagerly():
        raise UsageError(
            "load_into assigns at once and needs eager execution. In a graph use compat_saver.Saver and its restore, "
            "or init_from_checkpoint before the initializers run; with a tf.function, call load_into before it."
        )


def _opened(source: str | PathLike[str], target: Any) -> Checkpoint | KerasFile:
    found = resolve(source)
    return (
        _with_names(in_layout_of_keras_2(open_keras_file(source), target), target)
        if isinstance(found, Hdf5Source | KerasArchiveSource)
        else open_or_tf_error(os.fspath(source), needs_values=True)
    )


def _with_names(file: KerasFile, target: Any) -> KerasFile:
    """Returns a file with names; closes and refuses one in which weights have numbers, and layers are others than here.

    Raises:
        FormatError: a `.weights.h5` file of Keras 3.
        NotALegacyArtifactError: a `.keras` file of another model.
    """
    named = file if file.has_names else named_by(target, file) if file.form == "keras" else None
    if named is not None:
        return named
    file.close()
    if file.form == "keras":
        raise NotALegacyArtifactError(
            f"{file.prefix}: the weights of a .keras file have numbers and no names, and the layers of the target do "
            "not correspond to its layers, by name or by order and class. Open the file with "
            "keras.models.load_model(FILE), one of Keras 2 after compat-saver migrate FILE OUT.keras, and pass the "
            "weights on with model.set_weights."
        )
    raise FormatError(
        "no names of weights",
        path=file.prefix,
        expected="weights as Keras 1 and 2 write them",
        found="numbers",
        hint="Keras 3 wrote it, and reads it: build the model and call model.load_weights(FILE), where FILE ends with "
        ".weights.h5.",
    )
