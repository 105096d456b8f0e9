"""The object graph of a SavedModel: what `tf.saved_model.load` makes objects of, and under which keys they are stored.

The root has `weights`, a dict from name to variable, and the lists `variables` and `trainable_variables`; where there
are lookup tables also `tables`, a dict from name to table, and `assets`, the list of their files; and `signatures`. A
checkpoint names an object by the first path that leads to it from the root.
Source: tensorflow/core/protobuf/saved_object_graph.proto, tensorflow/python/saved_model/save.py and load.py,
tensorflow/python/checkpoint/graph_view.py (paths), tensorflow/python/trackable/trackable_utils.py (escapes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from compat_saver.graph.attributes import shape_to_message
from compat_saver.proto.messages import Message, SavedObjectGraph, TrackableObjectGraph
from compat_saver.saved_model.contents import Asset, Contents, Resource, SavedSignature, Table, Variable
from compat_saver.saved_model.functions import KEYS, VALUES, Function, Functions, TableFunctions
from compat_saver.saved_model.structures import full_arg_spec, none_value, tuple_value

_VALUE = "VARIABLE_VALUE"
_TENSORS = ".TENSORS"
_ATTRIBUTES = ".ATTRIBUTES"
_DICT, _LIST = "trackable_dict_wrapper", "trackable_list_wrapper"
_HOLDERS = {"weights": _DICT, "variables": _LIST, "trainable_variables": _LIST, "tables": _DICT, "assets": _LIST}


def variable_key(name: str) -> str:
    """Returns the name that the value of a variable has in the checkpoint of its model."""
    return f"weights/{_escaped(name)}/{_ATTRIBUTES}/{_VALUE}"


def table_keys(name: str) -> tuple[str, str]:
    """Returns the names that the keys and the values of a table have in the checkpoint of its model."""
    path = f"tables/{_escaped(name)}/{_ATTRIBUTES}"
    return f"{path}/{KEYS}", f"{path}/{VALUES}"


def stored_tensors(contents: Contents) -> dict[str, int]:
    """Returns the names of all tensors in the checkpoint of a model, each with its DT_* number."""
    found = {variable_key(item.name): item.dtype for item in contents.variables}
    for table in contents.tables:
        if table.is_stored:
            found |= zip(table_keys(table.name), (table.key_dtype, table.value_dtype), strict=True)
    return found


def is_storable(name: str) -> bool:
    """Whether TensorFlow finds the values of a variable or table of that name in a checkpoint.

    It takes what follows the first ".ATTRIBUTES/" of a key for the name of a value.
    """
    return not name.endswith(_ATTRIBUTES)


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def object_graph(contents: Contents, functions: Functions) -> Message:
    """Returns the SavedObjectGraph of a model.

    Args:
        contents: the model.
        functions: its functions.
    """
    objects = _Objects()
    root = objects.add_user_object("_generic_user_object")
    names = ["weights", "variables", "trainable_variables", *(["tables", "assets"] if contents.tables else ())]
    holders = {name: objects.add_user_object(_HOLDERS[name]) for name in names}
    holders["signatures"] = objects.add_user_object("signature_map")
    objects.link(root, holders)
    variables = {item.name: objects.add_variable(item) for item in contents.variables}
    trainable = [variables[item.name] for item in contents.variables if item.trainable]
    objects.link(holders["weights"], variables)
    objects.link(holders["variables"], _numbered(variables.values()))
    objects.link(holders["trainable_variables"], _numbered(trainable))
    if contents.tables:
        tables = {item.name: objects.add_table(item) for item in contents.tables}
        objects.link(holders["tables"], tables)
        objects.link(holders["assets"], _numbered(map(objects.add_asset, range(len(contents.assets)), contents.assets)))
    pairs = zip(contents.signatures, functions.signatures, strict=True)
    objects.link(holders["signatures"], {item.name: objects.add_signature(item, made) for item, made in pairs})
    for table, made in zip(contents.tables, functions.tables, strict=True):
        objects.add_table_functions(table, made)
    return objects.message


def checkpoint_objects(contents: Contents, objects: Message) -> Message:
    """Returns the object graph in the form that a checkpoint holds, a TrackableObjectGraph.

    Args:
        contents: the model.
        objects: its SavedObjectGraph.
    """
    graph = TrackableObjectGraph()
    for item in objects.nodes:
        graph.nodes.add().children.extend(item.children)
    paths = {child.local_name: child.node_id for child in objects.nodes[0].children}
    numbers = {name: _children(objects, paths[name]) for name in ("weights", "tables") if name in paths}
    for variable in contents.variables:
        node = graph.nodes[numbers["weights"][variable.name]]
        node.attributes.add(name=_VALUE, full_name=variable.name, checkpoint_key=variable_key(variable.name))
    for table in contents.tables:
        for name, key in zip((KEYS, VALUES), table_keys(table.name) if table.is_stored else (), strict=False):
            graph.nodes[numbers["tables"][table.name]].attributes.add(name=name, checkpoint_key=key)
    return graph


def _children(objects: Message, number: int) -> dict[str, int]:
    return {child.local_name: child.node_id for child in objects.nodes[number].children}


def _numbered(items: Iterable[int]) -> dict[str, int]:
    return {str(position): number for position, number in enumerate(items)}


class _Objects:
    """A SavedObjectGraph that grows object by object; each gets the next number."""

    def __init__(self) -> None:
        self.message: Message = SavedObjectGraph()
        self._numbers: dict[Resource, int] = {}

    def link(self, number: int, children: Mapping[str, int]) -> None:
        """Gives an object attributes."""
        for name, child in children.items():
            self.message.nodes[number].children.add(node_id=child, local_name=name)

    def add_user_object(self, identifier: str) -> int:
        """Adds an object of one of the classes that TensorFlow knows by an identifier."""
        number = self._add()
        self.message.nodes[number].user_object.identifier = identifier
        version = self.message.nodes[number].user_object.version
        version.producer = version.min_consumer = 1
        return number

    def add_variable(self, variable: Variable) -> int:
        """Adds a variable."""
        number = self._numbers[variable] = self._add()
        saved = self.message.nodes[number].variable
        saved.name, saved.dtype, saved.trainable = variable.name, variable.dtype, variable.trainable
        saved.shape.CopyFrom(shape_to_message(variable.shape))
        return number

    def add_table(self, table: Table) -> int:
        """Adds a table, whose functions are to follow."""
        number = self._numbers[table] = self._add()
        self.message.nodes[number].resource.SetInParent()
        return number

    def add_asset(self, index: int, asset: Asset) -> int:
        """Adds a file."""
        number = self._numbers[asset] = self._add()
        self.message.nodes[number].asset.asset_file_def_index = index
        return number

    def add_signature(self, signature: SavedSignature, function: Function) -> int:
        """Adds the function of a signature, which takes keywords; one argument alone may be given without."""
        keys = sorted(signature.inputs)
        number = self._add_concrete(function, full_arg_spec(keyword_only=keys), none_value(), keys)
        self.message.nodes[number].bare_concrete_function.allowed_positional_arguments = int(len(keys) == 1)
        return number

    def add_table_functions(self, table: Table, functions: TableFunctions) -> None:
        """Adds what makes, fills and stores a table."""
        number = self._numbers[table]
        methods = {
            "_create_resource": functions.create,
            "_initialize": functions.initialize,
            "_destroy_resource": functions.destroy,
        }
        self.link(number, {name: self._add_method(item) for name, item in methods.items()})
        if functions.save is not None and functions.restore is not None:
            save = self._add_concrete(functions.save, full_arg_spec(), tuple_value())
            names = ["restored_tensors", "restored_tensors_1"]
            restore = self._add_concrete(functions.restore, full_arg_spec(names[:1]), none_value(), names)
            self.message.nodes[restore].bare_concrete_function.allowed_positional_arguments = len(names)
            stored = self.message.nodes[number].saveable_objects[_TENSORS]
            stored.save_function, stored.restore_function = save, restore

    def _add_method(self, function: Function) -> int:
        """Adds a tf.function without arguments, and its only trace."""
        number = self._add()
        trace = self._add_concrete(function, full_arg_spec(), tuple_value())
        saved = self.message.nodes[number]
        saved.function.concrete_functions.append(function.name)
        saved.function.function_spec.fullargspec.CopyFrom(full_arg_spec())
        saved.function.function_spec.input_signature.CopyFrom(tuple_value())
        self.link(number, {"trace_0": trace})
        saved.dependencies.extend(saved.children)
        return number

    def _add_concrete(self, function: Function, spec: Message, signature: Message, keywords: Sequence[str] = ()) -> int:
        """Adds a concrete function and what it captures."""
        number = self._add()
        saved = self.message.nodes[number].bare_concrete_function
        saved.concrete_function_name = function.name
        saved.argument_keywords.extend(keywords)
        saved.function_spec.fullargspec.CopyFrom(spec)
        saved.function_spec.input_signature.CopyFrom(signature)
        captures = list(enumerate(function.captures))
        self.link(
            number, {f"capture_{place}": self._numbers[item] for place, item in captures if isinstance(item, Asset)}
        )
        self.message.nodes[number].dependencies.extend(self.message.nodes[number].children)
        concrete = self.message.concrete_functions[function.name]
        concrete.bound_inputs.extend(self._numbers[item] for item in function.captures)
        concrete.canonicalized_input_signature.CopyFrom(function.takes)
        concrete.output_signature.CopyFrom(function.returns)
        return number

    def _add(self) -> int:
        self.message.nodes.add()
        return len(self.message.nodes) - 1
