"""The functions of a SavedModel: one for each signature, and those that make, fill, save and restore its tables.

Source: tensorflow/python/saved_model/signature_serialization.py, tensorflow/python/trackable/resource.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compat_saver import dtypes
from compat_saver.graph import Node, OpCatalog, Value
from compat_saver.graph.attributes import bytes_attr, tensor_attr, type_attr
from compat_saver.graph.checkpoint_ops import import_table
from compat_saver.proto.messages import Message
from compat_saver.saved_model.bodies import RESOURCE, Argument, Body, Cutter
from compat_saver.saved_model.contents import Contents, Resource, SavedSignature, Table
from compat_saver.saved_model.structures import arguments, dict_value, none_value, tensor_spec

KEYS, VALUES = "keys", "values"
"""The names under which a checkpoint holds what is in a table."""

_INT32 = dtypes.by_name("int32").number


@dataclass(frozen=True)
class Function:
    """A function of the library and how it is called.

    Attributes:
        definition: the FunctionDef.
        captures: the objects whose handles are its last arguments.
        takes: its positional and keyword arguments, as a structure.
        returns: its results, as a structure.
        result_types: the DT_* numbers of its results.
    """

    definition: Message
    captures: tuple[Resource, ...]
    takes: Message
    returns: Message
    result_types: tuple[int, ...]

    @property
    def name(self) -> str:
        """Its name in the library."""
        return str(self.definition.signature.name)


@dataclass(frozen=True)
class TableFunctions:
    """What TensorFlow calls to handle a table.

    Attributes:
        create: makes it and returns the handle.
        initialize: fills it.
        destroy: does nothing, as in TensorFlow.
        save: returns its content; None for a table that no checkpoint holds.
        restore: replaces its content; None for a table that no checkpoint holds.
    """

    create: Function
    initialize: Function
    destroy: Function
    save: Function | None = None
    restore: Function | None = None

    @property
    def all(self) -> tuple[Function, ...]:
        """All of them that there are."""
        found = (self.create, self.initialize, self.destroy, self.save, self.restore)
        return tuple(item for item in found if item is not None)


@dataclass(frozen=True)
class Functions:
    """The functions of one model.

    Attributes:
        signatures: one for each signature, in their order.
        tables: those of each table, in their order.
    """

    signatures: tuple[Function, ...]
    tables: tuple[TableFunctions, ...]

    @classmethod
    def of(cls, contents: Contents, catalog: OpCatalog) -> Functions:
        """Makes them.

        Args:
            contents: the model.
            catalog: knows the ops of its graph.

        Raises:
            GraphError: the graph contains an op without a definition.
        """
        maker = _Maker(contents, catalog)
        return cls(tuple(map(maker.signature, contents.signatures)), tuple(map(maker.table, contents.tables)))

    @property
    def all(self) -> tuple[Function, ...]:
        """All functions."""
        return (*self.signatures, *(item for table in self.tables for item in table.all))


class _Maker:
    """Makes the functions of one model.

    Args:
        contents: the model.
        catalog: knows the ops of its graph.
    """

    def __init__(self, contents: Contents, catalog: OpCatalog) -> None:
        self._catalog = catalog
        self._cutters = {graph: Cutter(graph, contents.resources) for graph in contents.graphs}
        self._graph = contents.graph
        self._taken = set(contents.library)

    def signature(self, signature: SavedSignature) -> Function:
        """Makes the function of a signature; inputs and outputs are ordered by their keys, as TensorFlow does."""
        inputs, outputs = dict(sorted(signature.inputs.items())), dict(sorted(signature.outputs.items()))
        cutter = self._cutters[self._graph if signature.graph is None else signature.graph]
        body, captures = cutter.cut([item.node for item in outputs.values()], inputs)
        return self._function(
            f"signature_wrapper_{signature.name}",
            body,
            [(body.graph[item.node].output(), item.dtype) for item in outputs.values()],
            captures,
            arguments(keywords={key: tensor_spec(key, item.dtype, item.shape) for key, item in inputs.items()}),
            dict_value({key: tensor_spec(key, item.dtype, item.shape) for key, item in outputs.items()}),
        )

    def table(self, table: Table) -> TableFunctions:
        """Makes the functions of a table."""
        stored = (self._save(table), self._restore(table)) if table.is_stored else (None, None)
        return TableFunctions(self._create(table), self._initialize(table), self._destroy(table), *stored)

    def _cutter_of(self, table: Table) -> Cutter:
        """Returns what cuts the graph that makes a table."""
        return next(cutter for graph, cutter in self._cutters.items() if table.name in graph)

    def _create(self, table: Table) -> Function:
        body, captures = self._cutter_of(table).cut([table.name])
        maker = body.graph[table.name]
        # Within one session TensorFlow finds a table by this name, also from the functions of its signatures.
        maker.attrs["shared_name"] = bytes_attr(table.name)
        returns = tensor_spec("unknown", RESOURCE, ())
        return self._function(f"creator_{table.name}", body, [(maker.output(), RESOURCE)], captures, returns=returns)

    def _initialize(self, table: Table) -> Function:
        body, captures = self._cutter_of(table).cut(table.initializers)
        return self._done(
            f"initializer_{table.name}", body, [body.graph[name] for name in table.initializers], captures
        )

    def _destroy(self, table: Table) -> Function:
        return self._done(f"destroyer_{table.name}", Body())

    def _save(self, table: Table) -> Function:
        body = Body()
        attrs = {"Tkeys": type_attr(table.key_dtype), "Tvalues": type_attr(table.value_dtype)}
        handle = body.add_argument(Argument.of(table))
        export = body.graph.add("LookupTableExportV2", "LookupTableExportV2", [handle], attrs)
        results = [(export.output(0), table.key_dtype), (export.output(1), table.value_dtype)]
        returns = dict_value(_content(table, ""))
        return self._function(f"save_fn_{table.name}", body, results, (table,), returns=returns)

    def _restore(self, table: Table) -> Function:
        body = Body()
        keys = body.add_argument(Argument("restored_tensors", table.key_dtype, None))
        values = body.add_argument(Argument("restored_tensors", table.value_dtype, None))
        handle = body.add_argument(Argument.of(table))
        fill = import_table(body.graph, handle, keys, values, table.key_dtype, table.value_dtype)
        takes = arguments([dict_value(_content(table, "restored_tensors_"))])
        return self._function(f"restore_fn_{table.name}", body, (), (table,), takes, effects=[fill])

    def _done(
        self, name: str, body: Body, effects: Sequence[Node] = (), captures: tuple[Resource, ...] = ()
    ) -> Function:
        """Makes a function that runs some nodes and returns 1, as TensorFlow does where there is nothing to return."""
        attrs = {"dtype": type_attr(_INT32), "value": tensor_attr(np.int32(1))}
        one = body.graph.add("Const", body.graph.unique_name("Const"), attrs=attrs)
        last = body.graph.add(
            "Identity",
            body.graph.unique_name("Identity"),
            [one.output()],
            {"T": type_attr(_INT32)},
            control_inputs=effects,
        )
        returns = tensor_spec("unknown", _INT32, ())
        return self._function(name, body, [(last.output(), _INT32)], captures, returns=returns, effects=effects)

    def _function(
        self,
        name: str,
        body: Body,
        results: Sequence[tuple[Value, int]],
        captures: tuple[Resource, ...],
        takes: Message | None = None,
        returns: Message | None = None,
        effects: Sequence[Node] = (),
    ) -> Function:
        definition = body.function(self._name(name), results, effects, self._catalog)
        types = tuple(number for _, number in results)
        return Function(definition, captures, takes or arguments(), returns or none_value(), types)

    def _name(self, name: str) -> str:
        """Returns a free name in TensorFlow's own form, of which its loader keeps the middle part."""
        clean = re.sub(r"\W", "_", name, flags=re.ASCII)
        number = len(self._taken)
        while f"__inference_{clean}_{number}" in self._taken:
            number += 1
        self._taken.add(f"__inference_{clean}_{number}")
        return f"__inference_{clean}_{number}"


def _content(table: Table, prefix: str) -> Mapping[str, Message]:
    return {
        KEYS: tensor_spec(f"{prefix}{KEYS}", table.key_dtype, None),
        VALUES: tensor_spec(f"{prefix}{VALUES}", table.value_dtype, None),
    }
