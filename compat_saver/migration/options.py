"""What a migration may be told; everything has a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compat_saver.errors import UsageError

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class SignatureRequest:
    """One signature as a person asks for it, in tensor names with or without `:0`.

    Attributes:
        name: the signature's name in the SavedModel.
        inputs: input tensors; None lets them be found from the outputs.
        outputs: output tensors; None lets them be proposed.
    """

    name: str
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None


@dataclass(frozen=True)
class NamedSignature:
    """One signature whose keys are settled already.

    Attributes:
        name: the signature's name in the SavedModel.
        inputs: key -> input tensor.
        outputs: key -> output tensor.
    """

    name: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class MigrationOptions:
    """Everything that `migrate` may be told.

    Attributes:
        meta_graph: the .meta file, where it does not lie beside the checkpoint.
        signatures: what to serve; empty lets it be taken from the file or proposed.
        signature_def: the one SignatureDef of the file to take; None takes all.
        bind: tensor name -> the value it always has.
        tag_set: the tags of the written MetaGraphDef.
        verify: whether to compare the written model with the original before publishing.
        verify_data: an .npz file with an array per input, named by tensor or by signature key.
        rtol: relative tolerance; None takes the default of each output's dtype.
        atol: absolute tolerance; None takes the default of each output's dtype.
        seed: for the inputs that are made up.
        dry_run: plan only; nothing is written.
        overwrite: replace an existing output.

    Raises:
        UsageError: two of them contradict each other.
    """

    meta_graph: Path | None = None
    signatures: Sequence[SignatureRequest | NamedSignature] = ()
    signature_def: str | None = None
    bind: Mapping[str, object] = field(default_factory=dict)
    tag_set: tuple[str, ...] = ("serve",)
    verify: bool = True
    verify_data: Path | None = None
    rtol: float | None = None
    atol: float | None = None
    seed: int = 0
    dry_run: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.signature_def is not None and self.signatures:
            raise UsageError("Give either a signature of the file (--signature-def) or tensors to serve, not both.")
        if self.verify_data is not None and not self.verify:
            raise UsageError(
                "Inputs to verify with (--verify-data) and no verification (--no-verify) exclude each other."
            )


def make_requests(
    inputs: Sequence[str] | None,
    outputs: Sequence[str] | None,
    signatures: Mapping[str, tuple[Sequence[str], Sequence[str]]] | None,
) -> tuple[SignatureRequest, ...]:
    """Returns what was asked for: one signature by its inputs and outputs, or several by name; empty for neither.

    Raises:
        UsageError: both at once, or inputs without outputs.
    """
    if signatures and (inputs is not None or outputs is not None):
        raise UsageError("Give either inputs and outputs, or named signatures, not both.")
    if signatures:
        return tuple(SignatureRequest(name, tuple(taken), tuple(given)) for name, (taken, given) in signatures.items())
    if inputs is None and outputs is None:
        return ()
    if outputs is None:
        raise UsageError("Inputs were named without outputs; name the outputs too (--outputs).")
    return (SignatureRequest(DEFAULT_SIGNATURE, None if inputs is None else tuple(inputs), tuple(outputs)),)
