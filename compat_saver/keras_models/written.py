"""A model of Keras 3, or a SavedModel that one was written as, loaded and run as a program does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle.arrays import Array
from compat_saver.errors import ArtifactError, SourceNotFoundError, UsageError
from compat_saver.keras_models.architecture import ModelPlan
from compat_saver.keras_models.reference import packed
from compat_saver.keras_models.request import keys_of
from compat_saver.keras_models.routing import SUFFIX
from compat_saver.keras_models.verification import predict


class WrittenModel:
    """A written model, loaded.

    Attributes:
        model: of Keras; None for a SavedModel.
        path: where it is.
    """

    def __init__(self, keras: Any, path: Path, given: Mapping[str, Any], plan: ModelPlan) -> None:
        self._keys = keys_of(plan.inputs), keys_of(plan.outputs)
        self.model: Any = None
        self.path = path
        self._loaded: Any = None
        if not path.exists():
            raise SourceNotFoundError(f"{path}: nothing is there.")
        if path.is_dir():
            self._loaded = _load_saved_model(path)
        else:
            self.model = load_keras_3(keras, path, given)

    def predict(self, inputs: Sequence[Array]) -> list[Array]:
        """Returns the outputs for one batch."""
        if self.model is not None:
            return predict(self.model, packed(inputs, self._keys[0]), self._keys[1])
        outputs = self._loaded.serve(packed(inputs, self._keys[0]))
        return [item.numpy() for item in _tensorflow.tensorflow().nest.flatten(outputs)]

    def require_like(self, model: Any) -> None:
        """Raises UsageError if it has other weights, or other inputs or outputs, than a model of Keras."""
        if self.model is None:
            if hasattr(self._loaded, "serve"):
                return
            raise UsageError(f"{self.path} is no SavedModel that was made of a model of Keras.")
        expected, found = (_outline(item) for item in (model, self.model))
        if expected != found:
            raise UsageError(
                f"{self.path} was not made of this source: expected weights {expected}, found {found}. Name the file "
                "that `migrate` wrote, with the layers it wrote."
            )


def load_keras_3(keras: Any, path: Path, given: Mapping[str, Any]) -> Any:
    """Returns the model in a file of Keras 3.

    Raises:
        ArtifactError: Keras does not open it.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Keras goes by the suffix of a name.
        name = Path(folder) / f"model{path.suffix if path.suffix in ('.h5', '.hdf5') else SUFFIX}"
        name.symlink_to(path.absolute())
        try:
            # A Lambda is stored with the name of its function.
            named = {item.__name__: item for item in given.values() if hasattr(item, "__name__")}
            return keras.models.load_model(str(name), custom_objects={**named, **given}, safe_mode=not given)
        except (ValueError, TypeError, KeyError, OSError) as error:
            reason = _tensorflow.first_line(error).replace(str(name), str(path))
            raise ArtifactError(f"{path}: Keras does not open it: {reason}") from None


def _load_saved_model(path: Path) -> Any:
    try:
        return _tensorflow.tensorflow().saved_model.load(str(path))
    except (OSError, _tensorflow.tensorflow().errors.OpError) as error:
        raise ArtifactError(f"{path}: TensorFlow does not load it: {_tensorflow.first_line(error)}") from None


def _outline(model: Any) -> str:
    shapes = ", ".join(str(list(item.shape)) for item in model.weights)
    return f"{shapes} with {len(model.inputs)} inputs and {len(model.outputs)} outputs"
