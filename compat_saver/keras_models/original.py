"""The original model, read: its configuration upgraded, and all that prevents the migration collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compat_saver.errors import CannotMigrateError, UsageError, and_more
from compat_saver.keras_files import KerasFile, layer_configs, open_keras_file
from compat_saver.keras_files.configurations import plain_values
from compat_saver.keras_files.old_weights import CONVOLUTIONS, THEANO, as_keras_2_weights, layer_kinds, unknown_kernels
from compat_saver.keras_models.architecture import ModelPlan, upgrade_model
from compat_saver.keras_models.changes import Change, Upgrade
from compat_saver.keras_models.compiling import CompilePlan, upgrade_compilation
from compat_saver.keras_models.keras_1 import as_keras_2, is_keras_1
from compat_saver.keras_models.options import KerasOptions
from compat_saver.sources import CheckpointSource, resolve
from compat_saver.sources.yaml_files import read_yaml

CHECKPOINT = "checkpoint"
_CURRENT = "3."
_NO_BACKEND = (
    "TensorFlow was assumed: Keras 1 does not record it. If this model was trained with Theano, set the attribute "
    "first: h5py.File(FILE, 'r+').attrs['backend'] = 'theano'"
)


@dataclass(frozen=True)
class Original:
    """A model of Keras 1 or 2.

    Attributes:
        path: of its file.
        form: "hdf5", "keras", "saved_model", or CHECKPOINT for weights in the format of TensorFlow.
        file: the file; None for CHECKPOINT.
        config: of the model, as it is in the file or beside it.
        plan: the model to make.
        compilation: what to compile it with; None if nothing.
        changes: what the upgrade changed.
        is_keras_1: whether Keras 1 wrote it; `file` and `config` are as Keras 2 would have written them.
    """

    path: Path
    form: str
    file: KerasFile | None
    config: Mapping[str, Any]
    plan: ModelPlan
    compilation: CompilePlan | None
    changes: tuple[Change, ...]
    is_keras_1: bool = False

    @property
    def has_cudnn(self) -> bool:
        """Whether a layer is of cuDNN, which no CPU runs."""
        return any(layer.origin.startswith("CuDNN") for layer in self.plan.all_layers())


@contextmanager
def open_original(source: Path, options: KerasOptions) -> Iterator[Original]:
    """Opens a model.

    Raises:
        ArtifactError: it cannot be read.
        UsageError: it holds weights alone and no architecture is given, or the other way round; or Keras 3 wrote it.
        CannotMigrateError: what prevents the migration, all of it.
    """
    found = resolve(source, prefers_prefix=True)
    if isinstance(found, CheckpointSource):
        yield _upgraded(found.prefix, CHECKPOINT, None, _architecture(source, options), options)
        return
    with open_keras_file(source) as file:
        if file.keras_version.startswith(_CURRENT):
            raise UsageError(
                f"{source}: Keras {file.keras_version} wrote it. No migration is needed: keras.models.load_model opens "
                "it."
            )
        config = file.config if options.architecture is None else _architecture(source, options)
        if config is None:
            config = _architecture(source, options)
        yield _upgraded(source, file.form, file, config, options)


def _architecture(source: Path, options: KerasOptions) -> Mapping[str, Any]:
    """Returns what model.to_json() or to_yaml() wrote."""
    path = options.architecture
    if path is None:
        raise UsageError(
            f"{source}: holds weights alone. Give the model with --architecture FILE.json, as model.to_json() writes "
            "it (architecture= in Python)."
        )
    found = plain_values(read_yaml(path))
    if not isinstance(found, Mapping) or "class_name" not in found:
        raise UsageError(f"{path}: expected the configuration of a model, with class_name and config.")
    return found


def _upgraded(
    path: Path, form: str, file: KerasFile | None, config: Mapping[str, Any], options: KerasOptions
) -> Original:
    version = (file.keras_version if file is not None else "") or str(config.get("keras_version") or "")
    upgrade = Upgrade(frozenset(options.custom_objects), version)
    old = is_keras_1(config, version)
    if old:
        config = as_keras_2(config, [layer.name for layer in file.layers] if file is not None else (), upgrade)
    if file is not None and (old or file.backend == THEANO):
        file = _of_tensorflow(file, config, upgrade, is_keras_1=old)
    plan = upgrade_model(config, upgrade)
    if plan is None:
        raise CannotMigrateError([_subclassed(path, form)])
    compilation = upgrade_compilation(file.training_config if file is not None else None, upgrade)
    problems = [*upgrade.problems, *_missing(upgrade)]
    if problems:
        raise CannotMigrateError(problems)
    return Original(path, form, file, config, plan, compilation, tuple(upgrade.changes), old)


def _of_tensorflow(file: KerasFile, config: Mapping[str, Any], upgrade: Upgrade, *, is_keras_1: bool) -> KerasFile:
    """Returns a file of Keras 1 or of Theano with the weights that Keras 2 on TensorFlow has."""
    for name in unknown_kernels(file, config):
        upgrade.problem(name, "no release of Keras converts its kernels from Theano. Export them with TensorFlow.")
    if file.backend == THEANO:
        upgrade.change("", THEANO, "kernels of convolutions were reversed: TensorFlow correlates, Theano convolves")
    elif not file.backend and any(layer.class_name in CONVOLUTIONS for layer in layer_configs(config)):
        upgrade.change("", "backend", _NO_BACKEND)
    found = as_keras_2_weights(file, layer_kinds(config), is_keras_1=is_keras_1)
    if file.optimizer_weights and not found.optimizer_weights:
        upgrade.change("", "optimizer state", "dropped: its slots do not fit the weights. Training starts a new one")
    return found


def _subclassed(path: Path, form: str) -> str:
    sentence = "it is a subclassed model: the code of its call is not in the file, and a .keras file needs its layers."
    if form == "saved_model":
        return f"{path}: {sentence} Its graph is there: name a directory as OUT for a SavedModel that can be trained."
    return f"{path}: {sentence}"


def _missing(upgrade: Upgrade) -> Iterator[str]:
    """Yields one sentence for all custom objects that are missing."""
    if upgrade.missing:
        listed = "; ".join(f"{name} (layer {and_more(layers, 3)})" for name, layers in upgrade.missing.items())
        flags = " ".join(f"--custom-objects MODULE:{name}" for name in upgrade.missing)
        yield f"Custom classes or functions are needed: {listed}. Give all: {flags} (custom_objects= in Python)."
