"""What is fed to a graph: placeholders, and what input pipelines and parsers of examples return."""

from __future__ import annotations

import re
from collections.abc import Iterable

from compat_saver.graph.ir import Node, Value
from compat_saver.graph.op_sets import FEEDABLE_OPS

_DELIVERY = re.compile(
    r"QueueDequeue\w*|ReaderRead\w*|RecordInput|Infeed\w*|\w*GetNext\w*|\w*Unstage\w*|(Eager)?PyFunc\w*"
)
# Each output is a field of an example, and one of them may be the label.
_PARSER = re.compile(r"Parse(Single)?(Sequence)?Example\w*|DecodeCSV")


def fed_values(node: Node) -> Iterable[Value]:
    """Returns the outputs of a node that are fed; none if it is no such node."""
    is_fed = node.op in FEEDABLE_OPS
    return node.used_outputs if is_fed or _DELIVERY.fullmatch(node.op) or _PARSER.fullmatch(node.op) else ()
