"""Signatures: which tensors a served model takes and returns, under which keys, and how the user asks for them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compat_saver.errors import UsageError
from compat_saver.graph.attributes import Shape

DEFAULT_SIGNATURE = "serving_default"

Names = Sequence[str] | Mapping[str, str]
"""Tensors, whose keys are made from their names, or key -> tensor."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the original graph that a signature names.

    Attributes:
        name: its full name, with port.
        dtype: DT_* number of the value.
        shape: its static shape, as far as it is recorded in the file.
    """

    name: str
    dtype: int
    shape: Shape


@dataclass(frozen=True)
class Signature:
    """One signature of the model to be written.

    Attributes:
        name: "serving_default" or as given.
        inputs: key -> tensor.
        outputs: key -> tensor.
    """

    name: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


RESERVED_KEYS = ("self",)
"""What no input may be called: TensorFlow calls signatures with their keys as keywords, and has these for itself."""


def make_keys(names: Iterable[str], words: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns tensor name -> signature key: readable, a Python identifier, and unique.

    A key is the tensor's name with `_` for all that an identifier may not hold, followed by the port unless it is 0.
    Where two tensors want the same key the second gets `_2`, and so on.

    Args:
        names: the tensors.
        words: tensor name -> what to make its key of instead of the name.
    """
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        node, _, port = (words or {}).get(name, name).partition(":")
        base = re.sub(r"\W+", "_", node, flags=re.ASCII).strip("_") or "tensor"
        if not _is_key(base):
            base = f"t_{base}"
        if port not in ("", "0"):
            base = f"{base}_{port}"
        key, number = base, 2
        while key in taken:
            key, number = f"{base}_{number}", number + 1
        taken.add(key)
        keys[name] = key
    return keys


def refuse_bad_key(key: str) -> None:
    """Raises UsageError for what cannot be the key of an input or an output."""
    if not _is_key(key):
        raise UsageError(f"{key!r} cannot be a signature's key: expected a Python identifier that is no keyword.")


def _is_key(text: str) -> bool:
    is_identifier = text.isascii() and text.isidentifier()
    return is_identifier and text not in RESERVED_KEYS and not keyword.iskeyword(text)


def full_name(name: str) -> str:
    """Returns a tensor name with its port: "x" -> "x:0"."""
    stripped = name.strip()
    return stripped if ":" in stripped else f"{stripped}:0"


@dataclass(frozen=True)
class SignatureRequest:
    """One signature as the user asks for it, in tensor names with or without `:0`.

    Attributes:
        name: the signature's name in the SavedModel.
        inputs: input tensors; None for those that the outputs need.
        outputs: output tensors; None for the inferred ones.
    """

    name: str
    inputs: Names | None
    outputs: Names | None

    @property
    def tensors(self) -> list[str]:
        """Returns all tensors that it names."""
        return [name for names in (self.inputs, self.outputs) for name in tensors_of(names or ())]


@dataclass(frozen=True)
class ServingRequest:
    """What the user wants served; without arguments, what is served by default.

    Attributes:
        signatures: what to serve; empty to take the signatures of the file, or to infer one.
        signature_def: the one SignatureDef of the file to take; None takes all.
        bind: tensor name -> the constant that it is fixed to.
        rename: old key, or tensor name, each perhaps behind the name of a signature and a slash -> new key.

    Raises:
        UsageError: two of them contradict each other.
    """

    signatures: Sequence[SignatureRequest] = ()
    signature_def: str | None = None
    bind: Mapping[str, object] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.signature_def is not None and self.signatures:
            raise UsageError("Give either a signature of the file (--signature-def) or tensors to serve, not both.")

    @property
    def tensors(self) -> list[str]:
        """Returns all tensors that its signatures name."""
        return [name for item in self.signatures for name in item.tensors]


def tensors_of(names: Names) -> list[str]:
    """Returns the tensors without their keys."""
    return list(names.values() if isinstance(names, Mapping) else names)


def make_requests(
    inputs: Names | None, outputs: Names | None, signatures: Mapping[str, tuple[Names | None, Names | None]] | None
) -> tuple[SignatureRequest, ...]:
    """Returns the requested signatures: one by its inputs and outputs, or several by name; empty for neither.

    Raises:
        UsageError: both at once, or a key that cannot be one.
    """
    if signatures and (inputs is not None or outputs is not None):
        raise UsageError("Give either inputs and outputs, or named signatures, not both.")
    if not signatures:
        if inputs is None and outputs is None:
            return ()
        signatures = {DEFAULT_SIGNATURE: (inputs, outputs)}
    return tuple(
        SignatureRequest(name, _checked(taken), _checked(given)) for name, (taken, given) in signatures.items()
    )


def _checked(names: Names | None) -> Names | None:
    if isinstance(names, Mapping):
        for key in names:
            refuse_bad_key(key)
        return dict(names)
    return None if names is None else tuple(names)
