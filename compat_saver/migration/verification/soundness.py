"""Checks of the written model that need no reference: equal calls, untouched variables, independent rows.

A model may fail each of them on purpose. Where nothing in the report explains it, training behavior may be left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.errors import counted
from compat_saver.graph import Graph
from compat_saver.graph.op_sets import RANDOM_OP
from compat_saver.migration.verification.comparison import compare
from compat_saver.migration.verification.reference_run import ReferenceRun
from compat_saver.migration.verification.samples import Feeds
from compat_saver.model.signature import Signature

Run = Callable[[Signature, Feeds], Mapping[str, np.ndarray]]
"""Runs a signature of the written model."""

_ROW_RTOL, _ROW_ATOL = 1e-3, 1e-4
"""Kernels compute rows in another order for another size of the batch: looser than for equal inputs."""


def soundness_notes(run: Run, variables: Mapping[str, Any], reference: ReferenceRun, graph: Graph) -> Iterator[str]:
    """Yields what is wrong with a signature whatever the original computes, a sentence each.

    Args:
        run: runs the written model.
        variables: its variables by name.
        reference: the signature, and inputs that it runs on.
        graph: the graph of the model.
    """
    signature = reference.signature
    random = [node.name for node in graph if RANDOM_OP.search(node.op)]
    changes = [node.name for node in graph if node.op.startswith(("Assign", "Scatter", "ResourceScatter"))]
    before = {name: variable.numpy() for name, variable in variables.items()} if changes else {}
    try:
        if random and _differs_when_repeated(run, reference):
            yield (
                f"Signature {signature.name!r} is non-deterministic: it contains random ops ({random[0]!r}). Fix the "
                "input that enables them, a keep_prob or is_training (--bind), take their output as an input "
                "(--inputs), or serve what does not depend on them (--outputs)."
            )
        elif not changes:
            yield from _dependent_rows(run, reference)
        if changes:
            yield from _changed_variables(run, variables, before, reference)
    except _tensorflow.tf_errors():
        return  # that it does not run is reported by the comparison


_REPEATS = 8
"""Calls on the same inputs: a branch that is taken at random may be taken rarely."""


def _differs_when_repeated(run: Run, reference: ReferenceRun) -> bool:
    """Whether the written model computes something else on the same inputs; a seed makes the first runs alike."""
    first = run(reference.signature, reference.feeds[0])
    repeated = (run(reference.signature, reference.feeds[0]) for _ in range(_REPEATS))
    return any(compare(first[key], found[key], None, None).problem for found in repeated for key in first)


def _changed_variables(
    run: Run, variables: Mapping[str, Any], before: Mapping[str, np.ndarray], reference: ReferenceRun
) -> Iterator[str]:
    run(reference.signature, reference.feeds[0])
    changed = [name for name, value in before.items() if not np.array_equal(value, variables[name].numpy())]
    if changed:
        yield (
            f"A call of {reference.signature.name!r} changes {counted(len(changed), 'variable')} ({changed[0]!r}). "
            "That is right for a state of the model; otherwise training behavior is left."
        )


def _dependent_rows(run: Run, reference: ReferenceRun) -> Iterator[str]:
    """Yields a sentence per output of which a row depends on the other rows of its batch."""
    signature = reference.signature
    feeds = next((batch for batch in reference.feeds if _rows(signature, batch) > 1), None)
    if feeds is None:
        return
    whole, rows = run(signature, feeds), _rows(signature, feeds)
    try:
        single = run(signature, {key: array[:1] for key, array in feeds.items()})
    except _tensorflow.tf_errors():
        return  # made for other batches
    for key, array in whole.items():
        if array.shape[:1] != (rows,) or single[key].shape != (1, *array.shape[1:]) or array.dtype.kind not in "fc":
            continue
        result = compare(array[:1], single[key], _ROW_RTOL, _ROW_ATOL)
        if result.problem:
            yield (
                f"{signature.name}/{key}: a row depends on the other rows of its batch, by up to "
                f"{result.max_abs_diff:.3g}. Training behavior may be left, such as statistics over the batch."
            )


def _rows(signature: Signature, feeds: Feeds) -> int:
    """Returns the size of the batch; 0 if inputs have no open first dimension, or disagree."""
    if not all(tensor.shape and tensor.shape[0] is None for tensor in signature.inputs.values()):
        return 0
    sizes = {len(array) for array in feeds.values()}
    return sizes.pop() if len(sizes) == 1 else 0
