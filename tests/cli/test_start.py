"""What a command does to start, and to end, quickly."""

import os
import subprocess
import sys

import pytest

RUN = """
import atexit, gc, os
from click.testing import CliRunner
from compat_saver.cli import main
atexit.register(lambda: print("frozen:", gc.get_freeze_count() > 0))  # runs last: handlers run in reverse order
assert CliRunner().invoke(main, ["checkpoint", "--help"]).exit_code == 0
import numpy
print("collects after", gc.get_threshold()[0], "BLAS threads", os.environ["OPENBLAS_NUM_THREADS"])
"""


@pytest.mark.parametrize("given", [None, "3"])
def test_a_command_searches_no_garbage_and_starts_no_blas_threads_unless_told_to(given):
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    environment |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == [f"collects after 100000 BLAS threads {given or '1'}", "frozen: True"]
