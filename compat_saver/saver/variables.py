"""The variables passed to a saver: their graph, and the form in which TensorFlow's Saver takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compat_saver._tensorflow import tensorflow
from compat_saver.errors import UsageError
from compat_saver.graph.attributes import Shape
from compat_saver.saver.errors import with_bases
from compat_saver.saver.matching.fit import Wanted


def graph_of(var_list: Any, saver_def: Any) -> Any:
    """Returns the tf.Graph that a saver works on; None for tf.Variables of eager mode.

    Cases: the default graph, where one was entered; the graph of the given variables; the default graph of the process,
    where variables, or the ops of the saver, were imported.

    Raises:
        RuntimeError: there is nothing to save in eager mode (UsageError).
    """
    v1 = tensorflow().compat.v1
    graph = v1.get_default_graph()
    if not v1.executing_eagerly():
        return graph
    if var_list is not None:
        return _graph_of_first(unwrapped(var_list))
    keys = (v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.SAVEABLE_OBJECTS)
    has_variables = any(graph.get_collection(key) for key in keys)
    if has_variables or (saver_def is not None and graph.get_operations()):
        return graph
    raise with_bases(
        UsageError(
            "var_list: expected variables, found None, and the default graph has none. Eager execution is on: pass a "
            "list or dict of tf.Variables, or make the saver where the graph is entered (`with graph.as_default():`)."
        ),
        RuntimeError,
    )


def _graph_of_first(given: Any) -> Any:
    """Returns the graph of the first variable; None for one of eager mode, or for anything else."""
    tf = tensorflow()
    items = list(given.values()) if isinstance(given, Mapping) else given
    while isinstance(items, (list, tuple, set)) and items:
        items = next(iter(items))
    variable: Any = next(iter(items), None) if type(items).__name__ == "PartitionedVariable" else items
    try:
        graph = variable.graph
    except AttributeError:  # of eager mode
        return None
    return graph if isinstance(graph, tf.Graph) else None


def unwrapped(given: Any) -> Any:
    """Returns the same structure with each Keras variable replaced by the tf.Variable that it holds.

    Args:
        given: a variable, or lists and dicts of them.
    """
    if isinstance(given, Mapping):
        return {key: unwrapped(value) for key, value in given.items()}
    if isinstance(given, (list, tuple, set)):
        return [unwrapped(item) for item in given]
    tf = tensorflow()
    held = None if isinstance(given, tf.Variable) else getattr(given, "value", None)
    return held if isinstance(held, tf.Variable) else given


def wanted_eagerly(given: Any, is_reshaped: bool) -> list[tuple[Wanted, Any]]:
    """Returns the tf.Variables of eager mode passed to a saver, each with what it wants from a checkpoint.

    Args:
        given: a list of variables, or name -> variable.
        is_reshaped: whether a value of another shape is accepted.
    """
    tf = tensorflow()
    found = unwrapped(given)
    named = found.items() if isinstance(found, Mapping) else ((None, item) for item in tf.nest.flatten(found))
    return [
        (_wanted(name_of(item) if name is None else name, item, is_reshaped), item)
        for name, item in named
        if isinstance(item, tf.Variable)
    ]


def name_of(variable: Any) -> str:
    """Returns the name of a tf.Variable without `:0`."""
    return str(variable.name).removesuffix(":0")


def static_shape_of(variable: Any) -> Shape:
    """Returns the shape of a tf.Variable, as far as it is known; None for an unknown rank."""
    return None if variable.shape.rank is None else tuple(variable.shape.as_list())


def _wanted(name: str, variable: Any, is_reshaped: bool) -> Wanted:
    shape = static_shape_of(variable)
    return Wanted(name, variable.dtype.as_datatype_enum, shape, (name,), is_reshaped=is_reshaped)
