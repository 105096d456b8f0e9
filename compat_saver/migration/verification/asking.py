"""Finds inputs on which the original graph runs and gives numbers, and notes what it answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compat_saver.errors import UsageError
from compat_saver.migration.verification.guesses import tell_guesses
from compat_saver.migration.verification.replay import Replay, ReplayError
from compat_saver.migration.verification.samples import Feeds, SampleMaker
from compat_saver.model.signature import Signature


@dataclass
class Asked:
    """What the original answered, to be held against the written model.

    Attributes:
        signature: what was asked.
        feeds: the batches.
        answers: to each batch, by output key.
        guesses: input key -> how it was guessed, of those that were.
        notes: what a person should know, a sentence each.
    """

    signature: Signature
    feeds: list[Feeds] = field(default_factory=list)
    answers: list[dict[str, np.ndarray]] = field(default_factory=list)
    guesses: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, replay: Replay, batch: Feeds) -> None:
        """Asks one batch more.

        Raises:
            ReplayError: the graph does not run on it; the batch is left out, and the variables are as if it never was.
        """
        try:
            answer = replay.run(self.signature, batch)
        except ReplayError:
            # It may have changed variables before it failed; the written model will never see it.
            replay.restore()
            raise
        self.feeds.append(batch)
        self.answers.append(answer)

    def is_finite(self) -> bool:
        """Whether every output was finite, and was there at all, on some batch."""
        return all(any(_is_finite(answer[key]) for answer in self.answers) for key in self.signature.outputs)


def _is_finite(array: np.ndarray) -> bool:
    return array.size > 0 and (array.dtype.kind not in "fc" or bool(np.isfinite(array).all()))


def ask_given(replay: Replay, signature: Signature, feeds: Sequence[Feeds]) -> Asked:
    """Asks the original what a person gave.

    Raises:
        UsageError: it does not run on that.
    """
    asked = Asked(signature)
    try:
        for batch in feeds:
            asked.add(replay, batch)
    except ReplayError as error:
        raise UsageError(f"The original graph does not run on the given inputs: {error}") from None
    return asked


def ask_made_up(replay: Replay, signature: Signature, maker: SampleMaker) -> Asked:
    """Asks the original what can be made up.

    Raises:
        UsageError: it runs on nothing of that.
    """
    first_error: ReplayError | None = None
    for guess in maker.guesses(signature):
        asked = Asked(signature)
        for batch in maker.feeds(signature, guess):
            try:
                asked.add(replay, batch)
            except ReplayError as error:  # a batch of one size may run where another does not
                first_error = first_error or error
        if not asked.feeds:
            continue
        _ask_until_finite(asked, replay, maker.more_feeds(signature, guess))
        asked.guesses = tell_guesses(signature, maker, asked.feeds)
        if first_error is not None:
            shapes = ", ".join(f"{key} {list(array.shape)}" for key, array in asked.feeds[0].items())
            asked.notes.append(f"The shapes of the inputs of {signature.name!r} were guessed: {shapes}.")
        return asked
    raise UsageError(
        f"No inputs could be made on which the original graph runs ({first_error}). "
        "Give real ones with --verify-data FILE.npz, or migrate with --no-verify."
    )


def _ask_until_finite(asked: Asked, replay: Replay, more: Iterable[Feeds]) -> None:
    for batch in more:
        if asked.is_finite():
            return
        with contextlib.suppress(ReplayError):
            asked.add(replay, batch)
