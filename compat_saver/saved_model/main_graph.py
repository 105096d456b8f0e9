"""The graph in which a session runs a SavedModel: it calls the functions of the signatures on fed placeholders.

It has the variables and tables as nodes, an op that fills the tables when the model is loaded, and ops that save and
restore all values, which a SaverDef names. TensorFlow 2 writes the latter two as functions; as ops of this graph
`tf.saved_model.load`, which does not use them, need not load them.
Source: tensorflow/python/saved_model/save.py and loader_impl.py, tensorflow/python/training/saver.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from compat_saver.graph import Graph, Node, Value, to_graph_def
from compat_saver.graph.attributes import (
    Shape,
    bytes_attr,
    shape_attr,
    shape_to_message,
    type_attr,
    types_attr,
)
from compat_saver.graph.checkpoint_ops import Stored, assign, import_table, read_stored, string_constant
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, AttrValue, Message, SaverDef, SignatureDef, TensorInfo
from compat_saver.saved_model.bodies import STRING
from compat_saver.saved_model.contents import Contents, Endpoint, Resource, SavedSignature, Table
from compat_saver.saved_model.functions import Function, Functions
from compat_saver.saved_model.objects import stored_tensors

INIT_OP = "__saved_model_init_op"
"""The signature that names the op which fills the tables."""

# Those of TensorFlow 2.21, whose op definitions this package has.
_PRODUCER, _MIN_CONSUMER = 2474, 12


class MainGraph:
    """The graph of one model.

    Args:
        contents: the model.
        functions: its functions.
        object_graph: what its checkpoints say of its objects, a serialized TrackableObjectGraph.

    Attributes:
        signatures: name -> SignatureDef, those of init ops among them.
        saver: the SaverDef.
        init_op: the name of the op that fills the tables.
        asset_tensors: the name of the tensor that is fed with the path of each asset, in their order.
    """

    def __init__(self, contents: Contents, functions: Functions, object_graph: bytes) -> None:
        self._graph = Graph(_PRODUCER, _MIN_CONSUMER)
        self._graph.functions = {**contents.graph.functions, **{item.name: item.definition for item in functions.all}}
        self._contents = contents
        self._handles: dict[Resource, Value] = {}
        for variable in contents.variables:  # first, so that they get the very names that they had
            attrs = {
                "dtype": type_attr(variable.dtype),
                "shape": shape_attr(variable.shape),
                "shared_name": bytes_attr(variable.name),
            }
            self._handles[variable] = self._add("VarHandleOp", variable.name, attrs=attrs).output()
        for asset in contents.assets:
            self._handles[asset] = self._placeholder("asset_path_initializer", STRING, ())
        for table, made in zip(contents.tables, functions.tables, strict=True):
            self._handles[table] = self._call(made.create).output()
        self.asset_tensors = [self._handles[asset].name for asset in contents.assets]
        pairs = zip(contents.signatures, functions.signatures, strict=True)
        self.signatures = {item.name: self._signature(item, function) for item, function in pairs}
        self.init_op = self._init_op(functions).name
        self.signatures[INIT_OP] = _op_signature(self.init_op)
        self.saver = self._saver(object_graph)

    def message(self) -> Message:
        """Returns the GraphDef."""
        return to_graph_def(self._graph)

    def _add(
        self,
        op: str,
        name: str,
        inputs: Sequence[Value] = (),
        attrs: Mapping[str, Message] | None = None,
        control_inputs: Iterable[Node] = (),
    ) -> Node:
        return self._graph.add(op, self._graph.unique_name(name), inputs, attrs, control_inputs=control_inputs)

    def _placeholder(self, name: str, dtype: int, shape: Shape) -> Value:
        return self._add("Placeholder", name, attrs={"dtype": type_attr(dtype), "shape": shape_attr(shape)}).output()

    def _call(self, function: Function, given: Sequence[Value] = (), control_inputs: Iterable[Node] = ()) -> Node:
        """Calls a function on its arguments and what it captures."""
        signature = function.definition.signature
        op = "StatefulPartitionedCall" if signature.is_stateful else "PartitionedCall"
        attrs = {
            "Tin": types_attr(arg.type for arg in signature.input_arg),
            "Tout": types_attr(function.result_types),
            "f": AttrValue(func={"name": function.name}),
        }
        inputs = [*given, *(self._handles[item] for item in function.captures)]
        return self._add(op, op, inputs, attrs, control_inputs)

    def _signature(self, signature: SavedSignature, function: Function) -> Message:
        message = SignatureDef(method_name="tensorflow/serving/predict")
        given = []
        for key, item in sorted(signature.inputs.items()):
            given.append(self._placeholder(_node_name(f"{signature.name}_{key}"), item.dtype, item.shape))
            message.inputs[key].CopyFrom(_tensor_info(given[-1], item))
        call = self._call(function, given)
        for index, (key, item) in enumerate(sorted(signature.outputs.items())):
            message.outputs[key].CopyFrom(_tensor_info(call.output(index), item))
        return message

    def _init_op(self, functions: Functions) -> Node:
        """Fills one table after another: filling one may take an earlier one."""
        last: list[Node] = []
        for item in functions.tables:
            last = [self._call(item.initialize, control_inputs=last)]
        return self._add("NoOp", "NoOp", control_inputs=last)

    def _saver(self, object_graph: bytes) -> Message:
        stored = stored_tensors(self._contents)
        filename = self._placeholder("saver_filename", STRING, ())
        return SaverDef(
            filename_tensor_name=filename.name,
            save_tensor_name=self._save(filename, stored, object_graph).name,
            restore_op_name=self._restore(filename, stored).name,
            version=SaverDef.V2,
        )

    def _save(self, filename: Value, stored: Mapping[str, int], object_graph: bytes) -> Value:
        """Adds the op that writes all values, and the object graph beside them for TensorFlow 2."""
        names = string_constant(self._graph, "SaveV2/tensor_names", [*stored, OBJECT_GRAPH_KEY])
        slices = string_constant(self._graph, "SaveV2/shape_and_slices", [""] * (len(stored) + 1))
        objects = string_constant(self._graph, "SaveV2/object_graph", object_graph)
        attrs = {"dtypes": types_attr([*stored.values(), STRING])}
        save = self._add("SaveV2", "SaveV2", [filename, names, slices, *self._values(), objects], attrs)
        text = {"T": type_attr(STRING)}
        return self._add("Identity", "SaveV2/filename", [filename], text, control_inputs=[save]).output()

    def _values(self) -> Iterator[Value]:
        """Adds what reads all values, in the order of `stored_tensors`."""
        for variable in self._contents.variables:
            attrs = {"dtype": type_attr(variable.dtype)}
            name = f"{variable.name}/Read/ReadVariableOp"
            yield self._add("ReadVariableOp", name, [self._handles[variable]], attrs).output()
        for table in filter(_is_stored, self._contents.tables):
            attrs = {"Tkeys": type_attr(table.key_dtype), "Tvalues": type_attr(table.value_dtype)}
            export = self._add("LookupTableExportV2", "LookupTableExportV2", [self._handles[table]], attrs)
            yield from (export.output(0), export.output(1))

    def _restore(self, filename: Value, stored: Mapping[str, int]) -> Node:
        """Adds the ops that read all values, in one go, and assign them."""
        values = iter(read_stored(self._graph, filename, [Stored(key, dtype) for key, dtype in stored.items()]))
        assigned = [
            assign(self._graph, self._handles[variable], next(values), variable.dtype)
            for variable in self._contents.variables
        ] + [
            import_table(
                self._graph, self._handles[table], next(values), next(values), table.key_dtype, table.value_dtype
            )
            for table in filter(_is_stored, self._contents.tables)
        ]
        return self._add("NoOp", "RestoreV2/all", control_inputs=assigned)


def _is_stored(table: Table) -> bool:
    return table.is_stored


def _tensor_info(value: Value, endpoint: Endpoint) -> Message:
    return TensorInfo(name=value.name, dtype=endpoint.dtype, tensor_shape=shape_to_message(endpoint.shape))


def _op_signature(op: str) -> Message:
    message = SignatureDef()
    message.outputs[INIT_OP].name = op
    message.outputs[INIT_OP].tensor_shape.unknown_rank = True
    return message


def _node_name(text: str) -> str:
    """Returns a text as the name of a node."""
    return re.sub(r"^(?![A-Za-z0-9.])", ".", re.sub(r"[^A-Za-z0-9_.\\/-]", "_", text))
