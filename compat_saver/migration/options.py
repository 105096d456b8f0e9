"""The options of a migration; every option has a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from compat_saver.errors import UsageError
from compat_saver.isolation import is_supported
from compat_saver.model.inference_mode import REMOVE, require_behavior
from compat_saver.model.opening import SERVE, parse_tags
from compat_saver.model.permissions import require_reaching
from compat_saver.model.signature import Names, ServingRequest, SignatureRequest, make_requests
from compat_saver.sources.remote import local_path
from compat_saver.sources.yaml_files import read_yaml

ALL, LARGE, NONE = "all", "large", "none"
"""Which constants that act as weights become variables."""

TFLITE, ONNX = "tflite", "onnx"
"""The formats that a model can be written in beside the SavedModel; each is the suffix of its files as well."""


@dataclass(frozen=True)
class MigrationOptions:
    """All options of `migrate`.

    Attributes:
        meta_graph: the .meta file, where it is not beside the checkpoint.
        signatures: what to serve; empty to take the signatures of the file, or to infer one.
        signature_def: the one SignatureDef of the file to take; None takes all.
        bind: tensor name -> the constant it is fixed to.
        rename: old key, or tensor name, each perhaps behind the name of a signature and a slash -> new key.
        training_behavior: "remove" turns what is served to inference, "keep" leaves the graph as it is.
        train: add the training steps of the graph as signatures.
        train_ops: the ops of the training steps; empty to find them. Given, they imply `train`.
        train_outputs: further tensors that a training step returns.
        train_steps: how many steps prove a training step equal.
        ema: use the moving averages that the checkpoint holds as weights.
        init_missing: initialize variables missing from the checkpoint with the graph's own initializers.
        variables: which constants that act as weights become variables: ALL, LARGE or NONE; None for LARGE, if the
            graph has no variables.
        assets: path of a lookup table's file as the graph has it, or its last part -> the file to read instead.
        tag_set: the tags of the graph of a SavedModel to migrate; empty for the one without tags, None for the usual.
        output_tags: the tags of the written MetaGraphDef.
        to: further formats to write and to verify: TFLITE, ONNX.
        verify: whether to compare the written model with the original before publishing.
        verify_data: an .npz file with an array per input, named by tensor or by signature key.
        rtol: relative tolerance; None takes the default of each output's dtype.
        atol: absolute tolerance; None takes the default of each output's dtype.
        seed: for generated test inputs.
        timeout: seconds that one run of a model may take when it is verified.
        memory: bytes that the process may use that runs the models; None for no limit.
        isolate: whether that is a process of its own; None for one unless this process has TensorFlow.
        dry_run: plan only; nothing is written.
        overwrite: replace an existing output.
        allow: the ops, or patterns of ops, that may reach outside of the graph when it is run.

    Raises:
        UsageError: two of them contradict each other.
    """

    meta_graph: Path | None = None
    signatures: Sequence[SignatureRequest] = ()
    signature_def: str | None = None
    bind: Mapping[str, object] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    training_behavior: str = REMOVE
    train: bool = False
    train_ops: Sequence[str] = ()
    train_outputs: Sequence[str] = ()
    train_steps: int = 3
    ema: bool = False
    init_missing: bool = False
    variables: str | None = None
    assets: Mapping[str, Path] = field(default_factory=dict)
    tag_set: tuple[str, ...] | None = None
    output_tags: tuple[str, ...] = SERVE
    to: tuple[str, ...] = ()
    verify: bool = True
    verify_data: Path | None = None
    rtol: float | None = None
    atol: float | None = None
    seed: int = 0
    timeout: float = 60.0
    memory: int | None = None
    isolate: bool | None = None
    dry_run: bool = False
    overwrite: bool = False
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.serving  # noqa: B018  # raises what contradicts itself
        require_behavior(self.training_behavior)
        require_reaching(self.allow)
        if self.variables not in (None, ALL, LARGE, NONE):
            raise UsageError(f"--variables: expected all, large or none, found {self.variables!r}.")
        if isinstance(self.to, str) or sorted(self.to) not in ([], [ONNX], [TFLITE], [ONNX, TFLITE]):
            raise UsageError(f"--to: expected a list of tflite and onnx, each at most once, found {self.to!r}.")
        if self.trains and self.ema:
            raise UsageError("--ema and --train exclude each other: training goes on from weights, not from averages.")
        if self.train_steps < 1:
            raise UsageError(f"--train-steps: expected at least 1, found {self.train_steps}.")
        if self.train_outputs and not self.trains:
            raise UsageError("--train-outputs says what a training step returns: give --train or --train-op as well.")
        self._require_child()
        if self.verify_data is not None and not self.verify:
            raise UsageError(
                "Inputs to verify with (--verify-data) and no verification (--no-verify) exclude each other."
            )

    def _require_child(self) -> None:
        if self.memory is not None and (self.isolate is False or self.memory <= 0):
            raise UsageError("--memory: expected a number of bytes above 0, and no isolate=False: a child is limited.")
        if not is_supported() and (self.isolate or self.memory is not None):
            raise UsageError("isolate=True and a limit of memory (--memory) need a child process: only on Linux.")

    @property
    def trains(self) -> bool:
        """Whether training steps are requested."""
        return self.train or bool(self.train_ops)

    @property
    def serving(self) -> ServingRequest:
        """What they say of the signatures to serve."""
        return ServingRequest(self.signatures, self.signature_def, self.bind, self.rename)


# ---- options from the arguments of the Python API

PathArgument = str | PathLike[str]


def make_options(
    *,
    inputs: Names | None = None,
    outputs: Names | None = None,
    signatures: Mapping[str, tuple[Names | None, Names]] | PathArgument | None = None,
    bind: Mapping[str, object] | None = None,
    rename: Mapping[str, str] | None = None,
    meta_graph: PathArgument | None = None,
    assets: Mapping[str, PathArgument] | None = None,
    verify_data: PathArgument | None = None,
    tag_set: str | Sequence[str] | None = None,
    **others: Any,
) -> MigrationOptions:
    """Returns the options that the arguments of `compat_saver.migrate` mean.

    Raises:
        UsageError: they contradict each other, or a file of signatures cannot be read.
    """
    if signatures is None or isinstance(signatures, Mapping):
        asked = SignaturesFile(signatures or {}, {}, {})
    else:
        asked = read_signatures_file(signatures)
    return MigrationOptions(
        signatures=make_requests(inputs, outputs, asked.signatures),
        bind={**asked.bind, **(bind or {})},
        rename={**asked.rename, **(rename or {})},
        meta_graph=None if meta_graph is None else Path(local_path(meta_graph)),
        assets={old: Path(new) for old, new in (assets or {}).items()},
        verify_data=None if verify_data is None else Path(local_path(verify_data)),
        tag_set=parse_tags(tag_set),
        **{name: tuple(value) if isinstance(value, list) else value for name, value in others.items()},  # type: ignore[arg-type]
    )


# ---- a file of signatures, bound values and new keys: what the flags of `migrate` say, for scripts
#
# Of the three mappings `signatures`, `bind` and `rename` each may be left out. A signature has `inputs` and `outputs`,
# each a list of tensors or key: tensor; without inputs they are found from the outputs.

_PARTS = ("signatures", "bind", "rename")
_ENDS = ("inputs", "outputs")


class SignaturesFile(NamedTuple):
    """What such a file says; a part that it does not have is empty.

    Attributes:
        signatures: name -> (inputs, outputs), each a list of tensors or key -> tensor; no inputs are None.
        bind: tensor name -> the constant it is fixed to.
        rename: old key -> new key.
    """

    signatures: Mapping[str, tuple[Names | None, Names]]
    bind: Mapping[str, object]
    rename: Mapping[str, str]


def read_signatures_file(path: str | PathLike[str]) -> SignaturesFile:
    """Reads a file of signatures.

    Raises:
        UsageError: it is not there, or not of this form; the message says where.
    """
    whole = _mapping(path, "the file", read_yaml(path), _PARTS)
    rename = _mapping(path, "rename", whole.get("rename") or {})
    for old, new in rename.items():
        _require(isinstance(new, str), path, f"rename/{old}", "a new key as text", new)
    return SignaturesFile(
        signatures_of(path, whole.get("signatures") or {}),
        _mapping(path, "bind", whole.get("bind") or {}),
        rename,
    )


def signatures_of(path: object, found: Any) -> Mapping[str, tuple[Names | None, Names]]:
    """Returns what the part `signatures` of a file says.

    Raises:
        UsageError: it is not of that form; the message says where.
    """
    given = _mapping(path, "signatures", found)
    return {name: _signature(path, f"signatures/{name}", item) for name, item in given.items()}


def _signature(path: object, where: str, found: Any) -> tuple[Names | None, Names]:
    ends = _mapping(path, where, found, _ENDS)
    outputs = _names(path, f"{where}/outputs", ends.get("outputs"))
    _require(bool(outputs), path, f"{where}/outputs", "at least one tensor", outputs)
    return None if ends.get("inputs") is None else _names(path, f"{where}/inputs", ends["inputs"]), outputs


def _names(path: object, where: str, found: Any) -> Names:
    names = list(found.values()) if isinstance(found, dict) else found
    is_right = isinstance(names, list) and all(isinstance(item, str) for item in names)
    _require(is_right, path, where, "a list of tensors, or key: tensor", found)
    return _mapping(path, where, found) if isinstance(found, dict) else names


def _mapping(path: object, where: str, found: Any, known: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Returns what should be a mapping by text, and of known keys if they are given."""
    _require(isinstance(found, dict), path, where, f"a mapping{f' of {_listed(known)}' if known else ''}", found)
    for key in found:
        _require(isinstance(key, str), path, where, "names as text (quote what YAML takes for something else)", key)
        _require(known is None or key in known, path, where, f"nothing but {_listed(known or ())}", key)
    return dict(found)


def _listed(known: tuple[str, ...]) -> str:
    return f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def _require(is_right: bool, path: object, where: str, expected: str, found: object) -> None:
    if not is_right:
        raise UsageError(f"{path}: {where}: expected {expected}, found {found!r}.")
