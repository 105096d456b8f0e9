"""The seconds that each stage of a migration takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from compat_saver.isolation import Progress, Stage

_INTERVAL = 0.2
"""Seconds between two announcements of a stage."""


class Clock:
    """Measures the stages and announces them.

    Args:
        progress: called with the name of each stage when it starts: "read", "rewrite", "write", "verify", "export";
            and with it again, as a `Stage`, while it gets through many bytes.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.progress: Progress = progress or (lambda stage: None)
        self.seconds = dict.fromkeys(("read", "rewrite", "write", "verify", "export"), 0.0)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures a block."""
        self.progress(name)
        start = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - start

    def bytes_of(self, name: str, total: int) -> Callable[[int], None]:
        """Returns a function that takes bytes as a stage gets through them; it announces them now and then."""
        done, announced = 0, time.perf_counter()

        def count(more: int) -> None:
            nonlocal done, announced
            done += more
            if time.perf_counter() - announced > _INTERVAL:
                self.progress(Stage.at(name, done, total))
                announced = time.perf_counter()

        return count

    def add(self, seconds: Mapping[str, float]) -> None:
        """Adds what was measured in another process."""
        for name, more in seconds.items():
            self.seconds[name] += more
