"""Why current TensorFlow, or a served model, does not support an op, since when, and where the op came from."""

from __future__ import annotations

import functools
from typing import NamedTuple

from compat_saver.graph.ir import Node
from compat_saver.graph.op_notes import advice_for
from compat_saver.graph.op_sets import PYTHON_OPS, TABLE_OPS
from compat_saver.graph.ops import OpFacts, known_facts
from compat_saver.proto.messages import Message

CORE, THIRD_PARTY = "TensorFlow", "a third party"
_REPLACED_BY_TENSORFLOW = ("AccumulateNV2",)
"""No device has a kernel for it: TensorFlow puts other ops in its place in a session, and so does a pass of ours."""
_KERNEL_WANTS_MORE = ("MutableDenseHashTable",)
"""Its kernel asks for the `deleted_key` that only the second version of the op can have."""
_UNKNOWN = (
    "Ask the author of the model for the op's library and its source; in no file of the model is what the op computes."
)


class Loss(NamedTuple):
    """Why an op cannot run today.

    Attributes:
        reason: a phrase.
        since: the first measured release that cannot; "" if there is none.
        advice: what the user can do, in sentences; "" if nothing is known of this op in particular.
    """

    reason: str
    since: str
    advice: str


def origin_of(op: str) -> str:
    """Returns where an op came from: TensorFlow, a library of tf.contrib, or a third party, by name if it is known."""
    facts = known_facts().get(op)
    if facts is not None:
        return f"tf.contrib.{facts.contrib_library.replace('/', '.')}" if facts.contrib_library else CORE
    known = advice_for(op)
    return known.origin if known is not None else THIRD_PARTY


@functools.cache
def loss_of(op: str) -> Loss | None:
    """Returns why today's TensorFlow cannot run an op in a function, or None if it can."""
    facts = known_facts().get(op)
    if facts is None:
        return Loss(f"in no TensorFlow release known here; it comes from {origin_of(op)}", "", _advice(op) or _UNKNOWN)
    if not facts.registered_today:
        return Loss(_gone(op, facts), facts.gone_since, _advice(op) or f"TensorFlow {facts.last_release} has it.")
    if not facts.cpu_kernel_today and op not in _REPLACED_BY_TENSORFLOW:
        since = f" since {facts.no_kernel_since}" if facts.no_kernel_since else ""
        return Loss(f"without a CPU kernel in TensorFlow{since}", facts.no_kernel_since, _advice(op))
    if facts.deprecated_at is not None:
        return Loss(
            f"allowed only in graphs older than GraphDef version {facts.deprecated_at}, and no rewrite is known",
            f"GraphDef version {facts.deprecated_at}",
            _advice(op),
        )
    return None


def runs_in_a_session(op: str) -> bool:
    """Whether today's TensorFlow can run an op in a graph of the op's own day, where a deprecated one is allowed."""
    facts = known_facts().get(op)
    if facts is None or not facts.registered_today or op in _KERNEL_WANTS_MORE:
        return False
    return facts.cpu_kernel_today or op in _REPLACED_BY_TENSORFLOW


def _gone(op: str, facts: OpFacts) -> str:
    # Of TensorFlow 1 not every release was measured, so that the first one without an op is not known.
    is_exact = facts.gone_since.startswith("2.")
    gone = f"gone since TensorFlow {facts.gone_since}" if is_exact else f"last seen in TensorFlow {facts.last_release}"
    return f"{gone}; it was in {origin_of(op)}" if facts.contrib_library else gone


def _advice(op: str) -> str:
    known = advice_for(op)
    return known.advice if known is not None else ""


# ---- parts of a graph that are removed as a whole: input pipelines and Python functions


_PIPELINE_WORDS = (
    *("Queue", "Reader", "Iterator", "Dataset", "StagingArea", "Stage", "Unstage"),
    *("BufferingResource", "RecordInput", "InfeedDequeue"),
)


class Subsystem(NamedTuple):
    """Why parts of one kind cannot be migrated, and what the user can do.

    Attributes:
        reason: a phrase.
        instead: what the user can do, a sentence without its end, for a flag follows.
    """

    reason: str
    instead: str


_PIPELINE = Subsystem("an input pipeline, which is no part of a served model", "Take its output as an input instead")
_PYTHON = Subsystem("calls a Python function that is not stored in the file", "Take its output as an input instead")


def subsystem(op: str) -> Subsystem | None:
    """Returns what an op is a part of, or None."""
    if op in PYTHON_OPS:
        return _PYTHON
    return _PIPELINE if _is_pipeline(op) else None


def is_pipeline(node: Node) -> bool:
    """Whether a node is a queue, a reader, an iterator or the like, or works on one."""
    return _is_pipeline(node.op)


def is_python(node: Node) -> bool:
    """Whether a node calls a Python function."""
    return node.op in PYTHON_OPS


def is_table(node: Node | Message) -> bool:
    """Whether a node, or the NodeDef of one, makes a lookup table."""
    return node.op in TABLE_OPS


def _is_pipeline(op: str) -> bool:
    return op in known_facts() and any(word in op for word in _PIPELINE_WORDS)
