"""Runs a Keras model once: one of Keras 1 or 2 by tf-keras, one of Keras 3 by Keras itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.errors import NameNotFoundError, UsageError
from compat_saver.keras_files import open_keras_file
from compat_saver.keras_models.options import KerasOptions, load_custom, places_of, require_reference
from compat_saver.keras_models.original import open_original
from compat_saver.keras_models.outline import planned_inputs
from compat_saver.keras_models.reference import packed
from compat_saver.keras_models.request import request_of
from compat_saver.keras_models.verification import predict, run_reference
from compat_saver.keras_models.written import load_keras_3
from compat_saver.saver.restore.runner import checked
from compat_saver.sources import Hdf5Source, KerasArchiveSource, resolve


class _Input(NamedTuple):
    """What an input of a model is.

    Attributes:
        name: of its layer.
        dtype: of its elements.
        shape: with None for what is left open.
    """

    name: str
    dtype: str
    shape: Sequence[int | None]


def run_keras(
    source: Path, inputs: Mapping[str, Any], outputs: Sequence[str], options: KerasOptions
) -> dict[str, Array]:
    """Returns the outputs of a Keras model for some inputs.

    Args:
        source: an HDF5 or `.keras` file, or weights, in HDF5 or a checkpoint, with `options.architecture`.
        inputs: name of an input layer -> value.
        outputs: names of output layers; none for all.
        options: the architecture, custom objects, and how long the run may take.

    Raises:
        NameNotFoundError: a name that the model does not have.
        UsageError: an input is missing or of another shape, or tf-keras is needed and not installed.
        CompatSaverError: as for `migrate`.
    """
    names, found = (_keras_3 if _is_of_keras_3(source) else _keras_2)(source, inputs, options)
    known = dict(zip(names, found, strict=True))
    for name in outputs:
        if name not in known:
            raise NameNotFoundError(f"The model has no output {name!r}. It has: {', '.join(known)}.")
    return {name: known[name] for name in outputs or known}


def _is_of_keras_3(source: Path) -> bool:
    if not isinstance(resolve(source, prefers_prefix=True), Hdf5Source | KerasArchiveSource):
        return False
    with open_keras_file(source) as file:
        return file.config is not None and file.keras_version.startswith("3.")


def _keras_3(source: Path, inputs: Mapping[str, Any], options: KerasOptions) -> tuple[Sequence[str], Sequence[Array]]:
    model = load_keras_3(_tensorflow.keras(), source, load_custom(options.custom_objects))
    specs = [_Input(item.name, str(item.dtype), tuple(item.shape)) for item in model.inputs]
    keys = [sorted(ends) if isinstance(ends, Mapping) else [] for ends in (model.input, model.output)]
    names = keys[1] or getattr(model, "output_names", None) or [model.layers[-1].name]
    return names, predict(model, packed(_values(specs, inputs), keys[0]), keys[1])


def _keras_2(source: Path, inputs: Mapping[str, Any], options: KerasOptions) -> tuple[Sequence[str], Sequence[Array]]:
    with open_original(source, options) as original:
        require_reference(original.path, options, "run it")
        specs = [_Input(item.name, item.dtype, item.shape or ()) for item in planned_inputs(original.plan)]
        arrays = {f"x{n}": value for n, value in enumerate(_values(specs, inputs))}
        request = request_of(original, places_of(options.custom_objects) or {})
        try:
            found = run_reference(request, arrays, options.timeout)
        except RuntimeError as error:
            raise UsageError(f"{source}: tf-keras does not run the model on these inputs: {error}") from None
        names = original.plan.output_names
        return names, [found[f"y{number}"] for number in range(len(names))]


def _values(specs: Sequence[_Input], given: Mapping[str, Any]) -> list[Array]:
    """Returns the inputs in the order of the model, each in its dtype."""
    tf = _tensorflow.tensorflow()
    known = {spec.name: tf.TensorSpec(spec.shape, spec.dtype, spec.name) for spec in specs}
    listed = ", ".join(f"{name} ({spec.dtype.name} {spec.shape})" for name, spec in known.items())
    for name in given:
        if name not in known:
            raise NameNotFoundError(f"The model has no input {name!r}. It has: {listed}.")
    missing = [name for name in known if name not in given]
    if missing:
        raise UsageError(f"The model needs a value for {', '.join(map(repr, missing))}. Its inputs: {listed}.")
    return [np.asarray(checked(spec, given[name])) for name, spec in known.items()]
