"""Which resource op does what a reference op did.

The rule has one exception per way of naming: `Resource` + name is the counterpart (ScatterAdd, ApplyAdam,
SparseApplyAdagrad, StridedSliceAssign, CountUpTo, ...), but for the first ops that TensorFlow gave resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compat_saver.graph.ops import known_definitions, known_facts
from compat_saver.proto.messages import Message

_OTHER_NAMES = {
    "Assign": "AssignVariableOp",
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    "IsVariableInitialized": "VarIsInitializedOp",
}


@dataclass(frozen=True)
class Counterpart:
    """The resource form of a reference op; it takes the same inputs in the same order.

    Attributes:
        op: its name.
    """

    op: str

    def attrs(self, reference_attrs: Mapping[str, Message]) -> dict[str, Message]:
        """Returns the attributes of the resource form, from those of the reference form.

        What one calls `T` the other may call `dtype`; what the resource form does not have (use_locking,
        validate_shape) has no meaning for a resource.
        """
        names = [attr.name for attr in known_definitions()[self.op].attr]
        attrs = {name: reference_attrs[name] for name in names if name in reference_attrs}
        if "dtype" in names and "T" in reference_attrs:
            attrs.setdefault("dtype", reference_attrs["T"])
        return attrs


def counterpart(op: str) -> Counterpart | None:
    """Returns the resource form of a reference op, or None if it has none."""
    name = _OTHER_NAMES.get(op, f"Resource{op}")
    facts = known_facts().get(name)
    return Counterpart(name) if facts is not None and facts.registered_today else None
