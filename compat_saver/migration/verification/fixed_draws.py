"""Makes random draws equal wherever a graph runs, so that what depends on them can be compared.

1. What has a stateless form draws with one seed that never changes: in a loop, whose iterations overlap, no state would
   tell which iteration draws first.
2. What else has seeds gets fixed ones, if it has none.

Graphs are changed as messages: the original, and a copy of the written model, are changed in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from compat_saver import dtypes
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.proto.messages import Message

_STATELESS = {
    "RandomUniform": "StatelessRandomUniform",
    "RandomStandardNormal": "StatelessRandomNormal",
    "TruncatedNormal": "StatelessTruncatedNormal",
}
_SEEDS = frozenset(("seed", "seed2"))
_SEED = np.array([1, 2], np.int32)
_OUTPUT = ":output:0"
_INT32 = dtypes.by_name("int32").number


def is_draw(attrs: Collection[str]) -> bool:
    """Whether a node of these attributes draws at random, with or without seeds."""
    return set(attrs) >= _SEEDS


def fix_draws(graph: Message) -> None:
    """Makes the draws of a GraphDef and of its functions equal in all runs, in place."""
    _fix(graph.node, "")
    for function in graph.library.function:
        _fix(function.node_def, _OUTPUT, [arg.name for arg in function.signature.input_arg])


def _fix(nodes: Any, output: str, arguments: Collection[str] = ()) -> None:
    """Changes nodes.

    Args:
        nodes: the NodeDefs of a graph or of a function's body.
        output: what is behind the name of a constant where it is read.
        arguments: the arguments of the function.
    """
    for node in [node for node in nodes if is_draw(node.attr)]:
        if node.op in _STATELESS:  # case 1
            seed = nodes.add(name=f"{node.name}/fixed_seed", op="Const")
            seed.attr["dtype"].CopyFrom(type_attr(_INT32))
            seed.attr["value"].CopyFrom(tensor_attr(_SEED))
            shape, *others = node.input
            if shape not in arguments:  # in a loop, a constant belongs to an iteration by what it waits for
                seed.input.append(f"^{shape.partition(':')[0]}")
            _make_stateless(node, [shape, f"{seed.name}{output}", *others])
        elif node.attr["seed"].i == node.attr["seed2"].i == 0:  # case 2
            node.attr["seed"].i, node.attr["seed2"].i = _SEED.tolist()


def _make_stateless(node: Message, inputs: Iterable[str]) -> None:
    node.op = _STATELESS[node.op]
    del node.input[:]
    node.input.extend(inputs)
    for name in _SEEDS:
        del node.attr[name]
    node.attr["Tseed"].CopyFrom(type_attr(_INT32))
