"""What a Keras file holds: the configuration of the model, its layers and their weights, each read on access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from compat_saver.bundle.arrays import Array
from compat_saver.dtypes import DType
from compat_saver.errors import TensorNotFoundError

Config = Mapping[str, Any]
"""JSON of Keras, as it is in the file."""

Read = Callable[[tuple[slice, ...]], Array]
"""Reads a part of an array; missing slices take all."""


@dataclass(frozen=True)
class Weight:
    """A weight of a layer, or a variable of an optimizer.

    Attributes:
        name: as Keras wrote it, without `:0`: `dense/kernel`; where names repeat in a file, after that of the layer:
            `LAYER/dense/kernel`. Where Keras wrote numbers only, the names of groups and the number: `dense/0`.
        key: where it is stored in its file.
        shape: of the array.
        dtype: of its elements.
        read: reads a part of it.
    """

    name: str
    key: str
    shape: tuple[int, ...]
    dtype: DType
    read: Read = field(repr=False, compare=False)

    @property
    def array(self) -> Array:
        """The values."""
        return self.read(())

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        size = self.dtype.itemsize
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True)
class Layer:
    """A layer of a model; a model inside a model is one layer.

    Attributes:
        name: unique in the model.
        class_name: such as "Dense"; "" if the file does not have it.
        config: its configuration, as `layer_configs` reads it; empty if the file has none.
        weights: in the order of the file.
    """

    name: str
    class_name: str = ""
    config: Config = field(default_factory=dict)
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True)
class KerasFile:
    """A file or directory that Keras wrote: a context manager, and the weights of its layers by name.

    Attributes:
        prefix: the path.
        form: "hdf5", "keras" or "saved_model".
        keras_version: what wrote it, such as "2.2.4-tf"; "" if it does not say.
        backend: "tensorflow", "theano", ...; "" if it does not say.
        config: the configuration of the model, {"class_name": ..., "config": ...}; None in a file of weights alone. Of
            a subclassed model the inner one is None or what its get_config returned, without layers.
        training_config: what the model was compiled with; None if it was not, or if there is no configuration.
        layers: those of the model itself, in its order.
        optimizer_weights: in the order of the file.
        aliases: other names of weights -> names: `layer_with_weights-0/kernel`, as object-based checkpoints have it.
        close: closes the file.
    """

    prefix: str
    form: str
    keras_version: str = ""
    backend: str = ""
    config: Config | None = None
    training_config: Config | None = None
    layers: tuple[Layer, ...] = ()
    optimizer_weights: tuple[Weight, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], object] = field(default=lambda: None, repr=False, compare=False)

    @property
    def has_names(self) -> bool:
        """Whether Keras wrote the names of the weights, and not numbers only."""
        return not any(name.rpartition("/")[2].isdecimal() for name in self.weights)

    @property
    def weights(self) -> dict[str, Weight]:
        """The weights of all layers by name."""
        return {weight.name: weight for layer in self.layers for weight in layer.weights}

    def __iter__(self) -> Iterator[str]:
        return iter(self.weights)

    def __getitem__(self, name: str) -> Array:
        return self.read_slice(name, ())

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns the shape of every weight."""
        return {name: weight.shape for name, weight in self.weights.items()}

    def dtypes(self) -> dict[str, DType]:
        """Returns the type of every weight."""
        return {name: weight.dtype for name, weight in self.weights.items()}

    def read_slice(self, name: str, slices: tuple[slice, ...]) -> Array:
        """Reads a part of a weight; missing slices take all.

        Raises:
            TensorNotFoundError: there is no such weight.
            ArtifactError: its values cannot be read.
        """
        weight = self.weights.get(name)
        if weight is None:
            raise TensorNotFoundError(f"{self.prefix}: there is no weight {name!r}.")
        return weight.read(slices)

    def __enter__(self) -> KerasFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def with_unique_names(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Returns the layers; a weight whose name another one has too goes by that of its layer and its own."""
    listed = list(layers)
    counts = Counter(weight.name for layer in listed for weight in layer.weights)
    return tuple(
        replace(
            layer,
            weights=tuple(
                weight if counts[weight.name] == 1 else replace(weight, name=f"{layer.name}/{weight.name}")
                for weight in layer.weights
            ),
        )
        for layer in listed
    )


def positions(layers: Sequence[Layer]) -> dict[str, str]:
    """Returns `layer_with_weights-0/kernel` -> name of the weight, for layers that are no models themselves."""
    found: dict[str, str] = {}
    weighty = [layer for layer in layers if layer.weights]
    for number, layer in enumerate(weighty):
        # A model inside the model is no layer, and the order of its weights depends on what was trained.
        if len({weight.key.rpartition("/")[0] for weight in layer.weights}) == 1:
            for weight in layer.weights:
                found.setdefault(f"layer_with_weights-{number}/{weight.name.rpartition('/')[2]}", weight.name)
    return found
