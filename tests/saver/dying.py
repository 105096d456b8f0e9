"""Kills the process that asks for it at a step: any that it takes with files, or that it counts itself."""

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any


class Death:
    """Lets a number of steps pass; the next one does not return."""

    def __init__(self, after: int) -> None:
        self._left = iter(range(after))

    def step(self) -> None:
        if next(self._left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with a step before and one after it."""

        def call(*arguments: Any, **options: Any) -> Any:
            self.step()
            found = function(*arguments, **options)
            self.step()
            return found

        return call

    def count_files(self) -> None:
        """Counts whatever this process does with files from now on."""
        for name in ("replace", "link", "unlink"):
            setattr(os, name, self.counted(getattr(os, name)))
        shutil.copyfile = self.counted(shutil.copyfile)
