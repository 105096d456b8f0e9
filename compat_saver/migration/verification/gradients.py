"""Takes gradients through a written model once: the report says which variables have one instead of guessing."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver import _tensorflow
from compat_saver.graph import Graph

_LARGEST_EVALUATED = 1 << 24
"""In bytes: the gradient of a larger variable is built but not evaluated, for it takes as much memory again."""
_MOST_NODES = 5_000
"""Of a larger graph no gradients are taken: to build them takes a few milliseconds per node."""


@dataclass(frozen=True)
class Gradients:
    """Gradients of a signature with respect to the trainable variables that it depends on.

    Attributes:
        found: the names of the variables that have one.
        zero: those of them whose gradient was zero everywhere for the inputs that were tried.
        missing: the names of the variables that have none.
        error: why none could be taken; "" where that is not the case.
    """

    found: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns them in the form of the report."""
        counts = {"with": len(self.found), "without": len(self.missing)}
        return counts | {"zero_for": list(self.zero), "none_for": list(self.missing), "error": self.error}


def trainable_for(graph: Graph, outputs: list[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the trainable variables that some outputs depend on, by name.

    Args:
        graph: with a node for every variable, as it is before loops become functions.
        outputs: the names of their nodes.
        variables: those of the written model, by name.
    """
    needed = {node.name for node in graph.ancestors(graph[name] for name in outputs)}
    return {name: item for name, item in variables.items() if item.trainable and name in needed}


def take_gradients(serve: Any, inputs: Mapping[str, Any], variables: Mapping[str, Any]) -> Gradients:
    """Takes the gradients of a nonlinear function of the floating outputs: the sum of their sines.

    Args:
        serve: a signature of the written model.
        inputs: a tensor for each of its inputs.
        variables: what to take them with respect to, by name.
    """
    tf, names = _tensorflow.tensorflow(), tuple(variables)
    if not names:
        return Gradients()
    if (nodes := _count_nodes(serve)) > _MOST_NODES:
        return Gradients(missing=names, error=f"not tried: {nodes:,} nodes, more than {_MOST_NODES:,}")
    if not any(item.dtype.is_floating for item in serve.outputs):
        return Gradients(missing=names, error="it has no floating output")
    found: list[str] = []

    def are_zero(given: Mapping[str, Any]) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            results = [item for item in serve(**given).values() if item.dtype.is_floating]
            objective = tf.add_n([tf.cast(tf.reduce_sum(tf.sin(item)), tf.float32) for item in results])
        gradients = tape.gradient(objective, variables)
        found.extend(name for name in names if gradients[name] is not None)
        return {name: _is_zero(gradients[name]) for name in found if _nbytes(variables[name]) <= _LARGEST_EVALUATED}

    try:
        # As a graph: what is only built takes no memory, and no gradient is kept longer than it is needed.
        zero = tf.function(are_zero, autograph=False).get_concrete_function(inputs)(inputs)
    except Exception as error:  # the gradient of an op is Python code, which may raise anything
        return Gradients(missing=names, error=f"{_tensorflow.first_line(error)}{_where(error)}")
    missing = tuple(name for name in names if name not in found)
    return Gradients(tuple(found), tuple(name for name in zero if zero[name].numpy()), missing)


def _where(error: Exception) -> str:
    """Returns which gradient function raised, for some do so without a message; their names end with Grad."""
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__) if frame.name.endswith("Grad")]
    return f" (in {names[-1]})" if names else ""


def _count_nodes(serve: Any) -> int:
    graph = serve.graph.as_graph_def()
    return len(graph.node) + sum(len(function.node_def) for function in graph.library.function)


def _is_zero(gradient: Any) -> Any:
    tf = _tensorflow.tensorflow()
    values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    return tf.reduce_all(tf.equal(values, 0))


def _nbytes(variable: Any) -> int:
    return int(variable.shape.num_elements() or 0) * int(variable.dtype.size)
