"""The seconds that each stage of a migration takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

from compat_saver.isolation import Progress


class Clock:
    """Measures the stages and announces them.

    Args:
        progress: called with the name of each stage when it starts: "read", "rewrite", "write", "verify", "export".
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

    def add(self, seconds: Mapping[str, float]) -> None:
        """Adds what was measured in another process."""
        for name, more in seconds.items():
            self.seconds[name] += more
