"""Finds inputs that are the three parts of one sparse tensor: indices, values, shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from compat_saver.analysis.feeding.flow import shape_input
from compat_saver.analysis.known_values import stored_shape
from compat_saver.graph import OpCatalog, Use, Value
from compat_saver.graph.attributes import Shape

_RANKS = {"indices": 2, "values": 1, "shape": 1}
_CARRIERS = frozenset({"Identity", "Cast", "StridedSlice", "Slice"})


@dataclass(frozen=True)
class SparseInput:
    """Inputs that belong together; an op may need no shape.

    Attributes:
        indices: [entries, rank], int64.
        values: [entries].
        shape: [rank], int64; None if nothing reads it.
        rank: of the sparse tensor, 2 if nothing tells.
        columns: what the last dimension has to be; None if nothing tells.
        is_square: whether it is multiplied with something that has a row for each of its rows, as far as is known.
    """

    indices: Value
    values: Value
    shape: Value | None
    rank: int
    columns: int | None
    is_square: bool = False


def sparse_inputs(
    inputs: Iterable[tuple[str, Value]], catalog: OpCatalog, keys: Mapping[str, Value] = MappingProxyType({})
) -> Iterator[SparseInput]:
    """Yields the sparse tensors among some inputs.

    Three signs tell: one op reads them as `x_indices`, `x_values` and `x_shape`, by its definition; or they are named
    as tf.sparse_placeholder names them, `x/indices`, `x/values` and `x/shape`; or a signature has them as TensorFlow
    lists the parts of a sparse tensor, `x_indices`, `x_values` and `x_dense_shape`, of the ranks that these have.

    Args:
        inputs: the tensor's name in the original graph, and the value that stands for it.
        catalog: the definitions that hold for the graph.
        keys: what the signature calls them.
    """
    groups: dict[object, dict[str, Value]] = {}
    for name, value in inputs:
        owner, _, part = name.partition(":")[0].rpartition("/")
        if part.rstrip("_0123456789") in _RANKS:
            groups.setdefault(owner, {})[part.rstrip("_0123456789")] = value
        for use in _uses(value):
            prefix, part = _argument(use, catalog)
            if part:
                groups.setdefault((use.node.name, prefix), {}).setdefault(part, value)
    for key, value in keys.items():
        name, _, part = key.replace("_dense_shape", "_shape").rpartition("_")
        if len(_declared(value)) == _RANKS.get(part):
            groups.setdefault(("key", name), {})[part] = value
    taken: set[Value] = set()
    for found in groups.values():
        if "indices" in found and "values" in found and taken.isdisjoint(found.values()):
            taken |= set(found.values())
            indices, values, shape = found["indices"], found["values"], found.get("shape")
            columns, is_factor = sparse_columns(values), any(_is_factor(use) for use in _uses(values))
            yield SparseInput(indices, values, shape, _rank(indices, shape), columns, is_factor and columns is None)


def _uses(value: Value) -> Iterator[Use]:
    for use in value.uses:
        if use.node.op in _CARRIERS and use.position == 0:
            yield from use.node.output().uses
        yield use


def _argument(use: Use, catalog: OpCatalog) -> tuple[str, str]:
    """Returns ("a_", "indices") for an input that its op's definition calls "a_indices"; "" if it is no such part."""
    definition = catalog.find(use.node.op)
    args = definition.input_arg if definition is not None else ()
    if definition is None or not use.node.op.startswith("Sparse") or use.position >= len(args):
        return "", ""
    if any(arg.number_attr or arg.type_list_attr for arg in args):
        return "", ""  # of several tensors each, and a position tells nothing
    name = args[use.position].name
    part = next((part for part in _RANKS if name.endswith(part)), "")
    prefix = name.removesuffix(part)
    # SparseToDense calls its parts sparse_indices, output_shape and sparse_values; there is only one of each.
    return ("" if prefix in ("sparse_", "output_", "input_") else prefix), part


def _rank(indices: Value, shape: Value | None) -> int:
    last = (_declared(indices) or (None,))[-1]
    first = (_declared(shape) or (None,))[0] if shape is not None else None
    return last or first or 2


def _declared(value: Value) -> tuple[int | None, ...]:
    return value.node.attr.shape("shape") or ()


def _is_factor(use: Use) -> bool:
    return use.node.op == "SparseTensorDenseMatMul" and use.position == 1 and not use.node.attr.bool("adjoint_a")


def sparse_columns(values: Value) -> int | None:
    """Returns what the last dimension of a sparse tensor with these values has to be; None if nothing tells."""
    for use in _uses(values):
        if use.node.op == "SparseTensorDenseMatMul" and use.position == 1:
            shape = _product_shape(use.node.inputs[3])
            if shape and len(shape) == 2:
                return shape[1 if use.node.attr.bool("adjoint_b") else 0]
        if use.node.op == "SparseToDense" and use.position == 2:
            sizes = shape_input(use.node.inputs[1])
            if sizes:
                return sizes[-1]
    return None


def _product_shape(value: Value) -> Shape:
    """Returns the shape of a weight, or of the product of a sparse tensor whose own shape is a constant."""
    if value.node.op != "SparseTensorDenseMatMul":
        return stored_shape(value)
    sizes = shape_input(value.node.inputs[2])
    return (sizes[1 if value.node.attr.bool("adjoint_a") else 0], None) if len(sizes) == 2 else None
