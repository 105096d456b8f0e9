"""The options of a migration; every option has a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compat_saver.errors import UsageError
from compat_saver.model.inference_mode import KEEP, REMOVE
from compat_saver.model.opening import SERVE
from compat_saver.model.signature import ServingRequest, SignatureRequest


@dataclass(frozen=True)
class MigrationOptions:
    """Everything that `migrate` may be told.

    Attributes:
        meta_graph: the .meta file, where it does not lie beside the checkpoint.
        signatures: what to serve; empty lets it be taken from the file or proposed.
        signature_def: the one SignatureDef of the file to take; None takes all.
        bind: tensor name -> the value it always has.
        rename: old key, or tensor name, each perhaps behind the name of a signature and a slash -> new key.
        training_behavior: "remove" turns what is served to inference, "keep" leaves the graph as it is.
        init_missing: let variables that no checkpoint holds begin as the graph's own initialisers have it.
        assets: path of a lookup table's file as the graph has it, or its last part -> the file to read instead.
        tag_set: the tags of the graph of a SavedModel to migrate; empty for the one without tags, None for the usual.
        output_tags: the tags of the written MetaGraphDef.
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
    signatures: Sequence[SignatureRequest] = ()
    signature_def: str | None = None
    bind: Mapping[str, object] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    training_behavior: str = REMOVE
    init_missing: bool = False
    assets: Mapping[str, Path] = field(default_factory=dict)
    tag_set: tuple[str, ...] | None = None
    output_tags: tuple[str, ...] = SERVE
    verify: bool = True
    verify_data: Path | None = None
    rtol: float | None = None
    atol: float | None = None
    seed: int = 0
    dry_run: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        self.serving  # noqa: B018  # raises what contradicts itself
        if self.training_behavior not in (KEEP, REMOVE):
            raise UsageError(f"training_behavior: expected 'remove' or 'keep', found {self.training_behavior!r}.")
        if self.verify_data is not None and not self.verify:
            raise UsageError(
                "Inputs to verify with (--verify-data) and no verification (--no-verify) exclude each other."
            )

    @property
    def serving(self) -> ServingRequest:
        """What they say of the signatures to serve."""
        return ServingRequest(self.signatures, self.signature_def, self.bind, self.rename)
