"""The variables of a target, and the names that checkpoints may have for them.

A variable has several names at once, one per way of naming:

own       its own name: `scope/dense/kernel` in TensorFlow, `sequential/dense/kernel` in Keras 3
inner     the same without the name of its model, which TF1 programs did not have: `dense/kernel`
local     the name of a layer's weight within the layer: `kernel`
objects   the path from object to object, as in tf.train.Checkpoint and Keras: `dense/w`,
          `layer_with_weights-0/kernel`
layers    the first of these, where the weights of a recurrent layer's cell are the layer's own: `lstm/kernel`
flat      the path, where the weights of a recurrent layer's cell are the layer's own: `layer_with_weights-0/kernel`
counted   the name it would have if the layers were numbered as in the checkpoint: `dense` for `dense_2`
older     the first of these as Keras 2 called it: `depthwise_kernel`
paired    the key of the tensor that was found for its layer in another way: by order, or converted
stored    the path of its object in an object-based checkpoint: `_functional/_operations/1/_kernel`
"""

from __future__ import annotations

import functools
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compat_saver import _tensorflow, dtypes
from compat_saver.errors import UsageError
from compat_saver.graph.attributes import Shape
from compat_saver.saver.variables import unwrapped

OWN, INNER, LOCAL, OBJECTS = "own", "inner", "local", "objects"
LAYERS, FLAT, COUNTED, STORED = "layers", "flat", "counted", "stored"
OLDER, PAIRED = "older", "paired"
_CELL = re.compile(r"/(lstm|gru|simple_rnn)_cell(?=/)")
_CELL_OBJECT = re.compile(r"/cell(?=/\w+$)")
_ACCEPTED = "a tf.Variable, a list or a dict of them, a tf.Module, a tf.train.Checkpoint or a Keras model or layer"


@dataclass(frozen=True)
class TargetVariable:
    """A variable that is to be filled.

    Attributes:
        name: its name in a report.
        variable: the tf.Variable or Keras variable.
        dtype: DT_* number.
        shape: of its value, as far as it is known.
        names: way of naming -> name of the variable.
        places: per object of the checkpoint that may correspond to the target, the path to the object of the variable;
            "" if there is none.
    """

    name: str
    variable: Any
    dtype: int
    shape: Shape
    names: Mapping[str, str]
    places: tuple[str, ...] = ()


def variables_of(target: Any) -> list[TargetVariable]:
    """Returns every variable of a target, each once.

    Args:
        target: a variable; a list or tuple of them; a dict, name in the checkpoint -> variable; a tf.Module, a
            tf.train.Checkpoint or another trackable object; a Keras model or layer.

    Raises:
        UsageError: it is something else, has no variables (yet), or they belong to a graph.
    """
    if is_variable(target):
        found = [_described(target, {OWN: own_name(target)})]
    elif isinstance(target, Mapping):
        found = list(_of_mapping(target))
    elif isinstance(target, list | tuple):
        found = [_described(item, {OWN: own_name(item)}) for item in _once(target)]
    else:
        found = list(_of_object(target))
    if not found:
        raise UsageError(f"{_called(target)} has no variables. If it creates them on its first call, call it once.")
    uses = Counter(item.name for item in found)
    return [item if uses[item.name] == 1 else replace(item, name=item.names.get(OBJECTS, item.name)) for item in found]


def name_by(item: TargetVariable, way: str) -> str:
    """Returns the name of a variable by a way of naming, or else by the way that this one builds on."""
    return item.names.get(way) or item.names.get(INNER) or item.names.get(OWN, item.name)


def is_variable(item: Any) -> bool:
    """Whether an object is a variable of TensorFlow or of Keras 3."""
    return isinstance(item, _tensorflow.tensorflow().Variable) or is_keras_variable(item)


def own_name(variable: Any) -> str:
    """Returns the name of a variable, without `:0`."""
    name = variable.path if is_keras_variable(variable) else variable.name
    return str(name).removesuffix(":0")


def is_keras_variable(item: Any) -> bool:
    """Whether an object is a variable of Keras 3."""
    return all(hasattr(type(item), word) for word in ("assign", "path", "value", "regularizer"))


def _of_mapping(target: Mapping[Any, Any]) -> Iterator[TargetVariable]:
    seen: dict[int, str] = {}
    for name, variable in target.items():
        if not isinstance(name, str) or not is_variable(variable):
            raise UsageError(f"expected name in the checkpoint -> variable, found {name!r}: {_called(variable)}")
        if seen.setdefault(id(variable), name) != name:
            raise UsageError(f"one variable cannot be filled from two tensors: {seen[id(variable)]!r} and {name!r}")
        yield _described(variable, {OWN: name}, name)


def _once(items: Iterable[Any]) -> list[Any]:
    """Returns the variables in order, each once."""
    found: dict[int, Any] = {}
    for number, item in enumerate(items):
        if not is_variable(item):
            raise UsageError(f"expected variables, found {_called(item)} at position {number}")
        found.setdefault(id(item), item)
    return list(found.values())


def _of_object(target: Any) -> Iterator[TargetVariable]:
    if is_layer(target):
        _require_built(target)
    objects = _Objects(target)
    is_checkpoint = isinstance(target, _tensorflow.tensorflow().train.Checkpoint)
    for variable in _once((*_listed_variables(target), *objects.variables)):
        # A tf.train.Checkpoint counts how often it was saved; the counter is not part of the model.
        if not is_checkpoint or objects.path(variable) != "save_counter":
            yield _described(variable, _names(variable, target, objects))


def _listed_variables(target: Any) -> list[Any]:
    """Returns the variables that an object lists itself; of a Keras model the weights, without states of dropouts."""
    listed = getattr(target, "weights" if is_layer(target) else "variables", None)
    is_list = isinstance(listed, Sequence) and all(is_variable(item) for item in listed)
    if listed is None or not is_list:
        if not _tensorflow.is_trackable(target):
            raise UsageError(f"expected {_ACCEPTED}; found {_called(target)}")
        return []
    return _once(listed)


_KERAS_PACKAGES = ("keras", "tf_keras")


def _require_built(layer: Any) -> None:
    unbuilt = [item for item in (layer, *getattr(layer, "layers", ())) if not getattr(item, "built", True)]
    if unbuilt or not layer.weights:
        inside = f" ({unbuilt[0].name!r} is not built)" if unbuilt and unbuilt[0] is not layer else ""
        # Keras cannot build the layers that a program's own class makes in its __init__.
        is_subclassed = hasattr(layer, "layers") and type(layer).__module__.partition(".")[0] not in _KERAS_PACKAGES
        how = "call it once on an example" if is_subclassed else "call its build(input_shape), or call it on an example"
        raise UsageError(f"{_called(layer)} has no weights yet{inside}: {how}, then load.")


def _names(variable: Any, target: Any, objects: _Objects) -> dict[str, str]:
    own = own_name(variable)
    names = {OWN: own, OBJECTS: objects.path(variable)}
    parts = own.split("/")
    at = parts.index(target.name) if getattr(target, "name", None) in parts[:-1] else -1
    if at > 0:
        names |= {INNER: "/".join(parts[at:]), LOCAL: "/".join(parts[at + 1 :])}
    elif at == 0 or (len(parts) > 1 and parts[0] in objects.models):
        names[INNER] = "/".join(parts[1:])
    if is_keras_variable(variable):
        held = next((name for name in (names.get(INNER), own) if name and _CELL.search(name)), None)
        names |= {LAYERS: _CELL.sub("", held)} if held is not None else {}
        is_in_cell = held is not None and _CELL_OBJECT.search(names[OBJECTS])
        names |= {FLAT: _CELL_OBJECT.sub("", names[OBJECTS])} if is_in_cell else {}
    if objects.is_depthwise(variable):
        names |= {OLDER: f"{(names.get(INNER) or own).removesuffix('kernel')}depthwise_kernel"}
    return {way: name for way, name in names.items() if name}


def _described(variable: Any, names: Mapping[str, str], name: str | None = None) -> TargetVariable:
    tf = _tensorflow.tensorflow()
    if hasattr(unwrapped(variable), "graph"):
        raise UsageError(
            f"{own_name(variable)!r} is a variable of a graph; load_into fills variables of eager programs. "
            "In a graph use compat_saver.Saver, or init_from_checkpoint before the initializers run."
        )
    shape = tf.TensorShape(variable.shape)
    return TargetVariable(
        name if name is not None else names[OWN],
        variable,
        dtypes.base(tf.as_dtype(variable.dtype).as_datatype_enum),
        None if shape.rank is None else tuple(shape.as_list()),
        names,
    )


class _Objects:
    """Everything reached from an object by attributes, items of lists and layers of models.

    Attributes:
        variables: in the order in which they are reached.
        models: names of the models and modules on the way.
    """

    def __init__(self, root: Any) -> None:
        self.variables: list[Any] = []
        self.models: set[str] = set()
        # The objects are kept with their paths, since an id can be reused when its object is gone.
        self._paths: dict[int, tuple[str, Any]] = {id(root): ("", root)}
        queue = deque([root])
        while queue:
            item = queue.popleft()
            if isinstance(item, _tensorflow.tensorflow().Module) or (is_layer(item) and hasattr(item, "layers")):
                self.models.add(item.name)
            path = self.path(item)
            for name, child in children_of(item, root):
                if id(child) not in self._paths:
                    self._paths[id(child)] = (f"{path}/{name}" if path else name, child)
                    (self.variables if is_variable(child) else queue).append(child)

    @property
    def items(self) -> list[Any]:
        """Everything that was reached, variables included."""
        return [item for _, item in self._paths.values()]

    def is_depthwise(self, variable: Any) -> bool:
        """Whether a variable is the kernel of a DepthwiseConv layer of Keras 3."""
        return id(variable) in self._depthwise

    @functools.cached_property
    def _depthwise(self) -> set[int]:
        layers = (item for item in self.items if is_layer(item) and type(item).__name__.startswith("DepthwiseConv"))
        return {id(layer.kernel) for layer in layers if is_variable(getattr(layer, "kernel", None))}

    def path(self, item: Any) -> str:
        """Returns the shortest path to an object, such as `encoder/layers/0/w`; "" if none was found."""
        return self._paths.get(id(item), ("", None))[0]


def children_of(item: Any, root: Any) -> Iterable[tuple[str, Any]]:
    """Returns (name, object) of the children of an object; root is the target."""
    if is_layer(item):
        return (*_weights_of(item), *_layers_of(item))
    if isinstance(item, Mapping):
        return [(str(name), child) for name, child in item.items()]
    if isinstance(item, list | tuple):
        return [(str(number), child) for number, child in enumerate(item)]
    if not _tensorflow.is_trackable(item):
        return ()
    return _tensorflow.tensorflow().train.TrackableView(root).children(item).items()  # type: ignore[no-any-return]


def generated_names(target: Any) -> set[str]:
    """Returns the names that Keras generates for the layers of a target, without their numbers: `dense`."""
    kinds = {type(item).__name__ for item in _Objects(target).items if is_layer(item)}
    names = {re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower() for kind in kinds}
    return names | {f"{way}_{name}" for way in ("forward", "backward") for name in names}


def is_layer(item: Any) -> bool:
    """Whether an object is a layer or model of any Keras release."""
    return all(hasattr(type(item), word) for word in ("weights", "build", "call", "get_config"))


def _weights_of(layer: Any) -> list[tuple[str, Any]]:
    """Returns the own weights of a layer, by the attribute that holds them or else by their names in it."""
    below = {id(weight) for _, child in _layers_of(layer) for weight in child.weights}
    attributes = {id(value): name for name, value in vars(layer).items() if not name.startswith("_")}
    found = [
        (attributes.get(id(weight)) or own_name(weight).rpartition("/")[2], weight)
        for weight in layer.weights
        if id(weight) not in below
    ]
    is_depthwise = type(layer).__name__.startswith("DepthwiseConv")
    return [*found, *(("depthwise_kernel", weight) for name, weight in found if is_depthwise and name == "kernel")]


def _layers_of(layer: Any) -> list[tuple[str, Any]]:
    """Returns the layers in a layer, by the attribute that holds them or else by their number."""
    named = {id(child): name for name, child in _held_layers(layer)}
    if not hasattr(layer, "layers"):
        return [(name, child) for name, child in _held_layers(layer) if child.weights]
    weighty = [child for child in layer.layers if child.weights]
    return [(named.get(id(child), f"layer_with_weights-{number}"), child) for number, child in enumerate(weighty)]


def _held_layers(layer: Any) -> Iterator[tuple[str, Any]]:
    """Yields the layers in the attributes of a layer; private lists are those of Keras itself."""
    for name, value in vars(layer).items():
        if is_layer(value):
            yield name, value
        elif isinstance(value, list | tuple | Mapping) and not name.startswith("_"):
            items = value.items() if isinstance(value, Mapping) else enumerate(value)
            yield from ((f"{name}/{key}", child) for key, child in items if is_layer(child))


def _called(item: Any) -> str:
    """Returns how to refer to an object in a message."""
    name = getattr(item, "name", None)
    return f"{type(item).__name__} {name!r}" if isinstance(name, str) else f"a {type(item).__name__}"
