"""What the user should know of a model that is to be served: one function per warning, a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.serving.dropouts import is_zero
from compat_saver.analysis.serving.initial_states import initial_states
from compat_saver.analysis.serving.modes import Mode
from compat_saver.errors import and_more, counted, phrases_and_more
from compat_saver.graph import Graph, Value
from compat_saver.model.signature import Signature
from compat_saver.passes import Rewrite
from compat_saver.passes.control_flow import Kept
from compat_saver.passes.replacements.all_reduce import OneWorker
from compat_saver.passes.structure.removals import DropGradientOverrides

_MOST_NAMES = 5


def mode_notes(modes: Iterable[Mode], trains: bool = False) -> Iterator[str]:
    """Yields a sentence per training-mode input: what it was bound to, why, and what overrides it.

    Args:
        modes: the inputs.
        trains: whether they were bound in a training step, where nothing overrides that.
    """
    for mode in modes:
        if trains:
            yield f"{mode.tensor!r} was bound to {mode.value.tolist()} in the training step: {mode.why}."
            continue
        yield (
            f"{mode.tensor!r} was bound to {mode.value.tolist()}: {mode.why}. --bind gives it another value, --inputs "
            "makes it an input."
        )


def state_notes(graph: Graph, signatures: Iterable[Signature]) -> Iterator[str]:
    """Yields a sentence for the inputs that are the initial state of a loop."""
    states = {value.name for value in initial_states(graph)}
    names = dict.fromkeys(
        tensor.name for item in signatures for tensor in item.inputs.values() if tensor.name in states
    )
    if names:
        yield f"{', '.join(map(repr, names))}: the initial state of a loop, zeros for a new sequence."


def batch_notes(signatures: Iterable[Signature]) -> Iterator[str]:
    """Yields a sentence for each signature whose inputs and outputs all have one number of rows in the graph."""
    for signature in signatures:
        shapes = [tensor.shape for tensor in signature.inputs.values() if tensor.shape is None or len(tensor.shape) > 1]
        rows = {shape[0] if shape else None for shape in [*shapes, *(t.shape for t in signature.outputs.values())]}
        if shapes and len(rows) == 1 and None not in rows:
            yield f"{signature.name!r} takes batches of {rows.pop()} only: the graph fixes their size."


def default_notes(graph: Graph) -> Iterator[str]:
    """Yields a sentence for each placeholder that keeps its default.

    Args:
        graph: pruned to what the signatures need.
    """
    states = initial_states(graph)
    for node in graph:
        if node.op == "PlaceholderWithDefault" and node.inputs:
            state = ", the initial state of a loop," if node.output() in states else ""
            yield (
                f"{node.name}:0{state} keeps its default{_shown(node.inputs[0])}; --bind gives it another value, "
                "--inputs makes it an input."
            )


def _shown(default: Value) -> str:
    array = constant_value(default)
    if array is not None and array.size == 1:
        return f" {array.item()}"
    return " of zeros" if is_zero(default) else ""


def worker_notes(rewrites: Iterable[Rewrite]) -> Iterator[str]:
    """Yields a sentence if ops that exchange values between workers became those of a single one.

    Args:
        rewrites: what the passes did.
    """
    for rewrite in rewrites:
        if rewrite.name == OneWorker.name:
            yield (
                f"Ops that exchange values between workers forward those of the only one ({rewrite.detail}). A "
                "division by the number of workers, or a learning rate times it, stays as recorded."
            )


def init_op_warnings(init_op: str, names: Sequence[str]) -> Iterator[str]:
    """Yields a sentence if TensorFlow's loader may change weights after it has restored them.

    Args:
        init_op: the op that it runs.
        names: the weights.
    """
    if names:
        yield (
            f"The init op of the SavedModel, {init_op!r}, may change {and_more(names, _MOST_NAMES)} "
            "whenever TensorFlow loads the model; what is written has the weights of its files. If they differ, save "
            "what it has after loading (compat_saver.restore, then model.saver.save into a directory that is there) "
            "and migrate that, with its signatures."
        )


def control_flow_warnings(kept: Sequence[Kept]) -> Iterator[str]:
    """Yields a sentence for the loops and conditionals of TensorFlow 1 that have no functional form."""
    if kept:
        yield (
            f"Some control flow keeps its TF1 form: {phrases_and_more([str(item) for item in kept], _MOST_NAMES)}. "
            "Inference works; gradients through it may not. If its predicate is a training-mode input such as "
            "is_training, fix it with --bind."
        )


def gradient_warnings(graph: Graph, rewrites: Iterable[Rewrite]) -> Iterator[str]:
    """Yields a sentence for each way in which gradients through a model are not what the user may expect.

    Args:
        graph: pruned and rewritten.
        rewrites: what the passes did.
    """
    for rewrite in rewrites:
        if rewrite.name == DropGradientOverrides.name:
            yield (
                f"{counted(rewrite.count, 'op')} used custom gradients, which are Python code and not stored in the "
                f"file ({rewrite.detail}); TensorFlow's default gradients are used now."
            )
    for function in graph.gradients:
        yield (
            f"The function {function!r} used a custom gradient function, which TensorFlow 2 does not load; "
            "TensorFlow's default gradient is used now."
        )
