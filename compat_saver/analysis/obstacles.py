"""Finds what stands in the way of a migration: everything, in one go, each with what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from compat_saver.analysis.proposal import needed_placeholders
from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.ops import OpCatalog, OpFacts, known_facts
from compat_saver.passes.drop_unknown_attributes import unknown_attributes
from compat_saver.passes.ref_to_resource import stuck_nodes

_PIPELINE_WORDS = ("Queue", "Reader", "Iterator", "Dataset", "StagingArea", "Stage", "Unstage")
_PYTHON_OPS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_TABLE_WORDS = ("HashTable", "LookupTable")
# No device has a kernel for it: TensorFlow puts other ops in its place in a session, and so does a pass of ours.
_REPLACED_BY_TENSORFLOW = ("AccumulateNV2",)
_GO_AROUND = "Choose outputs before it with --outputs, or feed what it computes with --inputs."


def find_obstacles(graph: Graph, catalog: OpCatalog) -> list[str]:
    """Returns a sentence per obstacle of a graph that is pruned to its signatures and otherwise ready to be written."""
    found = [_grouped(graph, why, what_to_do) for why, what_to_do in _KINDS]
    found += [_hung_on(graph, *kind) for kind in _SUBSYSTEMS]
    found.append(_stuck(graph, catalog))
    return [sentence for sentences in found for sentence in sentences]


def unbound_placeholders(needed: Iterable[Node], taken: set[str]) -> list[str]:
    """Returns the placeholders among the needed nodes that a signature does not take and nothing binds."""
    return [node.name for node in needed_placeholders(needed) if node.name not in taken]


def _grouped(graph: Graph, why: Callable[[Graph, Node], str], what_to_do: str) -> Iterator[str]:
    """Yields one sentence per reason, naming the nodes it holds for."""
    nodes: dict[str, list[str]] = {}
    for node in graph:
        reason = why(graph, node)
        if reason:
            nodes.setdefault(reason, []).append(node.name)
    for reason, names in nodes.items():
        yield f"{reason} ({_some(names)}). {what_to_do}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(repr(name) for name in names[:2]) + more


def op_problem(op: str, facts: OpFacts | None) -> str:
    """Returns why today's TensorFlow cannot run an op, a phrase; "" if it can.

    Args:
        op: its name.
        facts: what is known of it; None if nothing is.
    """
    if op in _PYTHON_OPS:
        return f"{op} calls a Python function that no file holds"
    if facts is None:
        return f"No TensorFlow release known here has the op {op}; it is a third party's"
    if facts.registered_today and (facts.cpu_kernel_today or op in _REPLACED_BY_TENSORFLOW):
        return ""
    if facts.registered_today:
        return f"Today's TensorFlow has no CPU kernel for the op {op}{_origin(facts)}"
    return f"Today's TensorFlow no longer has the op {op}{_origin(facts)}"


def is_pipeline(node: Node) -> bool:
    """Whether a node is a queue, a reader, an iterator or the like, or works on one."""
    return node.op in known_facts() and any(word in node.op for word in _PIPELINE_WORDS)


def is_table(node: Node) -> bool:
    """Whether a node is a lookup table or works on one."""
    return any(word in node.op for word in _TABLE_WORDS)


def is_python(node: Node) -> bool:
    """Whether a node calls a Python function."""
    return node.op in _PYTHON_OPS


def _hung_on(graph: Graph, is_part: Callable[[Node], bool], reason: str, what_to_do: str) -> Iterator[str]:
    """Yields one sentence for all parts of a pipeline and the like, with the tensors that leave it as a flag."""
    parts = [node for node in graph if is_part(node)]
    if not parts:
        return
    ops = ", ".join(dict.fromkeys(node.op for node in parts))
    leaving = [
        value.name for node in parts for value in node.used_outputs if any(not is_part(use.node) for use in value.uses)
    ]
    flag = f"--inputs {','.join(leaving)}" if leaving else "--inputs"
    yield f"{reason} {ops} ({_some([node.name for node in parts])}). {what_to_do}: {flag}"


def _origin(facts: OpFacts) -> str:
    origin = f" of tf.contrib.{facts.contrib_library}" if facts.contrib_library else ""
    return f"{origin}, last seen in TensorFlow {facts.last_release}" if facts.last_release else origin


def _gone(graph: Graph, node: Node) -> str:
    if node.op in graph.functions or _is_part_of_any(node):
        return ""  # the latter are told as such
    return op_problem(node.op, known_facts().get(node.op))


def _deprecated(graph: Graph, node: Node) -> str:
    facts = known_facts().get(node.op)
    if node.op in graph.functions or facts is None or facts.deprecated_at is None or op_problem(node.op, facts):
        return ""
    return (
        f"{node.op} runs only in graphs older than GraphDef version {facts.deprecated_at}, and no rewrite for it exists"
    )


def _attributes(graph: Graph, node: Node) -> str:
    del graph
    names = unknown_attributes(node.op, node.attrs)
    return f"Today's {node.op} has no attribute {', '.join(map(repr, names))}" if names else ""


_KINDS: tuple[tuple[Callable[[Graph, Node], str], str], ...] = (
    (_gone, _GO_AROUND),
    (_deprecated, _GO_AROUND),
    (_attributes, "Its value is not the default, so dropping it could change the answer."),
)

_SUBSYSTEMS: tuple[tuple[Callable[[Node], bool], str, str], ...] = (
    (is_pipeline, "An answer hangs on the input pipeline of", "Take what it delivers as input instead"),
    (
        is_python,
        "An answer hangs on a Python function that no file holds, through",
        "Take what it returns as input instead",
    ),
    (
        is_table,
        "An answer needs the lookup table of",
        "Tables cannot be carried over yet; take what it returns as input",
    ),
)


def _is_part_of_any(node: Node) -> bool:
    return any(is_part(node) for is_part, _, _ in _SUBSYSTEMS)


def _stuck(graph: Graph, catalog: OpCatalog) -> Iterator[str]:
    for node in stuck_nodes(graph, catalog):
        if not (any(why(graph, node) for why, _ in _KINDS) or _is_part_of_any(node)):
            yield f"{node.op} ({node.name!r}) works on a reference and has no resource form. {_GO_AROUND}"
