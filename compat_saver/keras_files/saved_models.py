"""SavedModels of Keras: the objects of saved_model.pb with metadata in JSON, and the variables beside them.

TensorFlow 1.14 to 2.4 stores the metadata of a Keras object in its SavedUserObject, later releases in
`keras_metadata.pb`, by the number of the object. The object graph in the checkpoint numbers the objects alike.
Source: tensorflow/python/keras/saving/saved_model/save.py, load.py and save_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from compat_saver.bundle import Checkpoint, open_bundle
from compat_saver.bundle.arrays import Array
from compat_saver.bundle.object_graph import StoredObject, stored_objects
from compat_saver.errors import ArtifactError, FormatError
from compat_saver.keras_files.configurations import parse_json
from compat_saver.keras_files.contents import Config, KerasFile, Layer, Weight, positions, with_unique_names
from compat_saver.proto.files import mapped
from compat_saver.proto.messages import KerasSavedMetadata, Message, SavedModel
from compat_saver.sources import SavedModelSource

_METADATA = "keras_metadata.pb"
_KERAS = "_tf_keras_"
# Attributes in which a layer holds other things than its weights and layers.
_OTHER = ("keras_api", "optimizer", "signatures")


def keras_metadata(source: SavedModelSource) -> dict[int, Config]:
    """Returns number of the object -> metadata of Keras: class_name, config, ...; empty if Keras did not write it.

    Raises:
        ArtifactError: a file is damaged.
    """
    return _metadata(source, _objects(source))


def open_saved_model(source: SavedModelSource, *, needs_values: bool = True) -> KerasFile:
    """Opens a SavedModel of Keras.

    Args:
        source: the SavedModel.
        needs_values: whether data files that are missing are an error; without them the layers have no weights.

    Raises:
        ArtifactError: a file is damaged or missing.
        FormatError: Keras did not write it.
    """
    nodes = _objects(source)
    metadata = _metadata(source, nodes)
    root = metadata.get(0)
    if root is None:
        raise FormatError(
            "no Keras model", path=str(source.path), expected=f"the metadata of Keras, {_METADATA}", found="none"
        )
    checkpoint = _checkpoint(source, needs_values)
    objects = stored_objects(checkpoint) if checkpoint is not None else []
    reader = _Reader(nodes, metadata, objects, checkpoint)
    layers = with_unique_names(reader.layers())
    config = root.get("model_config") or {"class_name": root.get("class_name"), "config": root.get("config")}
    return KerasFile(
        str(source.path),
        "saved_model",
        keras_version=str(root.get("keras_version", "")),
        backend=str(root.get("backend", "")),
        config=config,
        training_config=root.get("training_config"),
        layers=layers,
        optimizer_weights=tuple(reader.optimizer_weights()),
        aliases=positions(layers),
        close=checkpoint.close if checkpoint is not None else lambda: None,
    )


def _objects(source: SavedModelSource) -> Sequence[Message]:
    if source.file.suffix != ".pb":
        return ()
    with mapped(str(source.file)) as data:
        graphs = _parsed(SavedModel, bytes(data), source.file).meta_graphs
    return graphs[0].object_graph_def.nodes if graphs else ()


def _metadata(source: SavedModelSource, nodes: Sequence[Message]) -> dict[int, Config]:
    file = source.path / _METADATA
    if file.is_file():
        with mapped(str(file)) as data:
            rows = [(row.node_id, row.metadata) for row in _parsed(KerasSavedMetadata, bytes(data), file).nodes]
    else:
        rows = [
            (number, node.user_object.metadata)
            for number, node in enumerate(nodes)
            if node.user_object.identifier.startswith(_KERAS)
        ]
    return {number: parse_json(text, str(source.path), f"metadata of object {number}") for number, text in rows if text}


def _parsed(message: Message, data: bytes, file: Path) -> Message:
    try:
        return message.FromString(data)
    except DecodeError as error:
        raise FormatError("damaged", path=str(file), expected=message.DESCRIPTOR.name, found=str(error)) from error


def _checkpoint(source: SavedModelSource, needs_values: bool) -> Checkpoint | None:
    if source.variables is None or (source.variables.problems and not needs_values):
        return None
    if source.variables.problems:
        raise ArtifactError(" ".join(source.variables.problems))
    return open_bundle(source.variables.prefix)


@dataclass(frozen=True)
class _Reader:
    """The objects of a SavedModel, by number.

    Attributes:
        nodes: as saved_model.pb has them.
        metadata: of the Keras objects among them.
        objects: as the checkpoint has them.
        checkpoint: where the values are stored; None for a model without variables.
    """

    nodes: Sequence[Message]
    metadata: Mapping[int, Config]
    objects: Sequence[StoredObject]
    checkpoint: Checkpoint | None

    def layers(self) -> Iterator[Layer]:
        """Yields the layers of the root, in order; those of a subclassed model in the order of its attributes."""
        for number in self._layer_numbers():
            found = self.metadata[number]
            config = found.get("config") or {}
            weights = tuple(dict.fromkeys(self._weights(number)))
            yield Layer(str(found.get("name", "")), str(found.get("class_name", "")), config, weights)

    def optimizer_weights(self) -> Iterator[Weight]:
        """Yields the variables of the optimizer, then its slots, slot by slot, in the order of the layers' weights."""
        optimizer = self._children(0).get("optimizer")
        slots = (node.slot_variable_node_id for node in sorted(self._slots(optimizer), key=self._place_of_slot()))
        numbers = (*self._variables(optimizer, {0}), *slots) if optimizer is not None else ()
        yield from (weight for number in dict.fromkeys(numbers) if (weight := self._weight(number)) is not None)

    def _place_of_slot(self) -> Callable[[Message], tuple[int, int]]:
        """Returns what sorts slots: by their kinds as they come, then by the variables that they are of."""
        weights = dict.fromkeys(item for layer in self._layer_numbers() for item in self._weight_numbers(layer))
        order = {item: place for place, item in enumerate(weights)}
        kinds = {kind: place for place, kind in enumerate(self._kinds_of_slots())}
        return lambda slot: (kinds[slot.slot_name], order.get(slot.original_variable_node_id, len(order)))

    def _kinds_of_slots(self) -> list[str]:
        optimizer = self._children(0).get("optimizer")
        return list(dict.fromkeys(slot.slot_name for slot in self._slots(optimizer)))

    def _layer_numbers(self) -> list[int]:
        children = self._children(0)
        numbered = [children[name] for n in range(len(children)) if (name := f"layer-{n}") in children]
        listed = self._children(self._children(children.get("keras_api")).get("layers")).values()
        direct = [number for name, number in children.items() if name not in _OTHER]
        found = numbered or list(listed) or direct
        return [number for number in dict.fromkeys(found) if number in self.metadata and number != 0]

    def _children(self, number: int | None) -> dict[str, int]:
        if number is None or not 0 <= number < len(self.nodes):
            return {}
        return {child.local_name: child.node_id for child in self.nodes[number].children}

    def _weights(self, number: int) -> Iterator[Weight]:
        """Yields the weights of a layer that are stored."""
        yield from (weight for item in self._weight_numbers(number) if (weight := self._weight(item)) is not None)

    def _weight_numbers(self, number: int) -> Iterable[int]:
        """Returns the weights of a layer: those that it lists, or else all that are reached from it."""
        listed = self._children(self._children(number).get("variables"))
        return listed.values() if listed else self._variables(number, {0})

    def _variables(self, number: int, seen: set[int]) -> Iterator[int]:
        stack = [number]
        while stack:
            item = stack.pop()
            if item in seen or not 0 <= item < len(self.nodes):
                continue
            seen.add(item)
            if self.nodes[item].WhichOneof("kind") == "variable":
                yield item
            stack += [child for name, child in reversed(self._children(item).items()) if name not in _OTHER]

    def _slots(self, optimizer: int | None) -> Sequence[Message]:
        if optimizer is None or not 0 <= optimizer < len(self.nodes):
            return ()
        return self.nodes[optimizer].slot_variables  # type: ignore[no-any-return]

    def _weight(self, number: int) -> Weight | None:
        """Returns the variable of an object; None where its value is not stored, or the two graphs disagree."""
        key = self.objects[number].key if 0 <= number < len(self.objects) else ""
        if not key or self.checkpoint is None or key not in self.checkpoint:
            return None
        checkpoint = self.checkpoint
        info = checkpoint.info(key)

        def read(slices: tuple[slice, ...]) -> Array:
            return checkpoint.read_slice(key, slices)

        name = self.nodes[number].variable.name or self.objects[number].full_name
        return Weight(name.removesuffix(":0"), key, info.shape, info.dtype, read)
