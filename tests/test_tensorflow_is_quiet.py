"""What TensorFlow prints when it is imported does not reach the terminal, unless the user asks for it."""

import subprocess
import sys

import pytest

from compat_saver import _tensorflow

FAKE = """
import contextlib, os
with contextlib.suppress(OSError):
    os.write(2, b"E0000 note below Python\\n")
__version__ = "2.21.0"
def get_logger():
    import logging
    return logging.getLogger("tensorflow")
"""
USE = """
import os, sys, threading
from compat_saver import _tensorflow
if "threads" in sys.argv:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
if "close" in sys.argv:
    os.close(2)
_tensorflow.tensorflow()
print(_tensorflow.tensorflow().get_logger().level)
if "close" not in sys.argv:
    print("after", file=sys.stderr)
"""


def printed(tmp_path, *arguments: str, level: str | None = None) -> tuple[str, str]:
    (tmp_path / "tensorflow.py").write_text(FAKE)
    environment = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}
    environment |= {} if level is None else {_tensorflow._LEVEL: level}
    done = subprocess.run([sys.executable, "-c", USE, *arguments], capture_output=True, text=True, env=environment)
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "level", "notes"),
    [
        ((), None, ""),
        ((), "3", ""),
        ((), "0", "E0000 note below Python\n"),
        (("threads",), None, "E0000 note below Python\n"),
    ],
)
def test_notes_of_the_import(tmp_path, arguments, level, notes):
    assert printed(tmp_path, *arguments, level=level) == ("0\n" if level == "0" else "40\n", f"{notes}after\n")


def test_a_program_without_stderr(tmp_path):
    assert printed(tmp_path, "close") == ("40\n", "")
