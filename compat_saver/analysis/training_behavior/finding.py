"""What an analysis says of one piece of training behavior."""

from __future__ import annotations

from dataclasses import dataclass

from compat_saver.passes.inference.edits import Edit


@dataclass(frozen=True)
class Finding:
    """One place where a graph does what only training does.

    Attributes:
        what: its kind, in words: "dropout", "batch norm", ...
        node: the node that shows it.
        became: what it is turned to, a phrase; "" if it stays.
        reason: why it stays, a phrase; "" if it is turned to inference.
        variables: the variables whose values take part.
        confidence: "certain", or "likely" where a program may do the same on purpose when it serves.
        edits: what turns the migrated graph to inference.
        reference_edits: what gives the graph as it was read the same behavior by other means.
    """

    what: str
    node: str
    became: str = ""
    reason: str = ""
    variables: tuple[str, ...] = ()
    confidence: str = "certain"
    edits: tuple[Edit, ...] = ()
    reference_edits: tuple[Edit, ...] = ()
