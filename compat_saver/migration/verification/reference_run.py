"""The reference run: what the original graph computes, on inputs that are given or generated.

Generated inputs are tried until the original graph runs on them and every output is finite on some batch; how they were
generated is reported.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding import text_formats as formats
from compat_saver.analysis.feeding.input_facts import Domain, InputFacts, Meaning
from compat_saver.errors import UsageError
from compat_saver.migration.verification.replay import Replay, ReplayError
from compat_saver.migration.verification.samples import BATCHES, Feeds, SampleMaker
from compat_saver.model.signature import Signature, Tensor


@dataclass
class ReferenceRun:
    """The outputs of the original graph, to be compared with those of the written model.

    Attributes:
        signature: the signature that was run.
        feeds: the batches.
        outputs: those of each batch, by output key.
        guesses: input key -> how it was generated, for those where more than the dtype was chosen.
        notes: what the user should know, a sentence each.
    """

    signature: Signature
    feeds: list[Feeds] = field(default_factory=list)
    outputs: list[dict[str, np.ndarray]] = field(default_factory=list)
    guesses: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, replay: Replay, batch: Feeds) -> None:
        """Runs one more batch.

        Raises:
            ReplayError: the graph does not run on it; the batch is left out, and variables are reset to their values
                before it.
        """
        try:
            outputs = replay.run(self.signature, batch)
        except ReplayError:
            # It may have changed variables before it failed; the written model is never run on it.
            replay.restore()
            raise
        self.feeds.append(batch)
        self.outputs.append(outputs)

    def is_finite(self) -> bool:
        """Whether every output was finite, and not empty, on some batch."""
        return all(any(_is_finite(found[key]) for found in self.outputs) for key in self.signature.outputs)


def _is_finite(array: np.ndarray) -> bool:
    return array.size > 0 and (array.dtype.kind not in "fc" or bool(np.isfinite(array).all()))


def run_given(replay: Replay, signature: Signature, feeds: Sequence[Feeds]) -> ReferenceRun:
    """Runs the original graph on the inputs that the user gave.

    Raises:
        UsageError: it does not run on them.
    """
    reference = ReferenceRun(signature)
    try:
        for batch in feeds:
            reference.add(replay, batch)
    except ReplayError as error:
        raise UsageError(f"The original graph does not run on the given inputs: {error}") from None
    return reference


def run_generated(replay: Replay, signature: Signature, maker: SampleMaker) -> ReferenceRun:
    """Runs the original graph on generated inputs.

    Raises:
        UsageError: it fails on all of them.
    """
    first_error: ReplayError | None = None
    for guess in maker.guesses(signature):
        reference = ReferenceRun(signature)
        for batch in maker.feeds(signature, guess):
            try:
                reference.add(replay, batch)
            except ReplayError as error:  # a batch of one size may run where another does not
                first_error = first_error or error
        if not reference.feeds:
            continue
        _run_until_finite(reference, replay, maker.more_feeds(signature, guess))
        reference.guesses = describe_guesses(signature, maker, reference.feeds)
        if first_error is not None:
            shapes = ", ".join(f"{key} {list(array.shape)}" for key, array in reference.feeds[0].items())
            reference.notes.append(f"The shapes of the inputs of {signature.name!r} were guessed: {shapes}.")
        if first_error is not None and guess.batches[0] not in BATCHES:
            reference.notes.append(
                f"{signature.name!r} ran on {guess.batches[0]} rows, not on {BATCHES[0]}: the graph fixes the size of "
                "the batch, or divides it."
            )
        return reference
    raise UsageError(
        f"The original graph failed on every generated input ({first_error}). "
        "Give real ones with --verify-data FILE.npz, or migrate with --no-verify."
    )


def _run_until_finite(reference: ReferenceRun, replay: Replay, more: Iterable[Feeds]) -> None:
    for batch in more:
        if reference.is_finite():
            return
        with contextlib.suppress(ReplayError):
            reference.add(replay, batch)


# ---- how inputs were generated


def describe_guesses(signature: Signature, maker: SampleMaker, feeds: Sequence[Feeds]) -> dict[str, str]:
    """Returns input key -> how it was generated, a phrase. Floats of known shape, but for the batch, need none."""
    parts = maker.composites(signature).parts()
    found = {}
    for key, tensor in signature.inputs.items():
        arrays = [batch[key] for batch in feeds]
        what = f"part of {parts[key]}" if key in parts else _own(maker, tensor, arrays)
        phrases = [*filter(None, (what, _shapes(tensor, arrays)))]
        if phrases:
            found[key] = ", ".join(phrases)
    return found


def _own(maker: SampleMaker, tensor: Tensor, arrays: Sequence[np.ndarray]) -> str:
    return "what fits another input" if maker.is_argument(tensor) else _elements(maker.facts(tensor), tensor, arrays)


def _shapes(tensor: Tensor, arrays: Sequence[np.ndarray]) -> str:
    if tensor.shape is not None and None not in tensor.shape[1:]:
        return ""
    return "of shape " + " and ".join(str(list(shape)) for shape in dict.fromkeys(array.shape for array in arrays))


def _elements(facts: InputFacts, tensor: Tensor, arrays: Sequence[np.ndarray]) -> str:
    row = dtypes.by_number(tensor.dtype)
    if row.name == "string":
        return _text(facts.text)
    if row.is_integer or facts.high is not None:
        return _integers(facts, np.concatenate([array.reshape(-1) for array in arrays]))
    return "" if facts.domain is Domain.ANY else f"numbers {facts.domain.value}"


def _integers(facts: InputFacts, found: np.ndarray) -> str:
    if facts.meaning is Meaning.SIZE and facts.high is None:
        return "the size of the batch"
    if not found.size:
        return "none"
    span = f"from {int(found.min())} to {int(found.max())}"
    if facts.meaning is Meaning.ORDER and facts.high is None:
        return "axes"
    if facts.choices:
        return f"keys of a table, {span}"
    if facts.high is not None:
        return f"integers {span}, for what they index ends at {facts.high - 1}"
    if facts.meaning is Meaning.LENGTH:
        return f"lengths {span}"
    return f"integers {span}; nothing tells how large they may be"


def _text(text: formats.Text | None) -> str:
    match text:
        case formats.Image():
            return f"{text.format} images"
        case formats.Sound():
            return "WAV sounds"
        case formats.Example():
            keys = ", ".join(field.key for field in text.fields)
            return f"tf.train.Example records{' in JSON' * text.as_json} of {keys}"
        case formats.Csv():
            return f"lines of {len(text.fields)} values"
        case formats.Number():
            return "numbers as text"
        case formats.RawBytes():
            return f"bytes of {dtypes.name_of(text.field.dtype)}"
        case formats.SerializedTensor():
            return "serialized tensors"
        case formats.Base64():
            return f"base64 of {_text(text.inner)}"
        case formats.Words():
            return "words of a table" if text.vocabulary else "any words"
    return "any words"
