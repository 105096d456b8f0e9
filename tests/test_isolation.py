"""What a child process does ends as a result or as an error here, and nothing of it stays."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from compat_saver import isolation
from compat_saver.errors import CrashError, FormatError, MemoryLimitError
from compat_saver.isolation import ChildError, module_command, run_in_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are isolated on Linux")


@pytest.fixture(params=["fork", "fresh"])
def way(request, monkeypatch):
    """Both ways to start a child; what has TensorFlow, or threads, gets a fresh interpreter."""
    monkeypatch.setattr(isolation, "has_tensorflow", lambda: request.param == "fresh")


def staged(progress):
    progress("one")
    progress("two")
    return os.getpid(), tempfile.gettempdir()


@pytest.mark.usefixtures("way")
def test_the_result_comes_back_and_progress_is_made_here():
    stages = []
    pid, folder = run_in_child(staged, lambda stage: stages.append((stage, os.getpid())))
    assert stages == [("one", os.getpid()), ("two", os.getpid())]
    assert pid != os.getpid()
    assert not Path(folder).exists()  # the temporary files of a child that is killed go as well


def test_temporary_files_are_where_they_are_wanted(tmp_path):
    assert Path(run_in_child(staged, lambda stage: None, folder=tmp_path)[1]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def damaged(progress):
    raise FormatError("a block", path="f", expected="a", found="b", offset=3)


def missing(progress):
    Path("nothing/there").read_text()


def wrong(progress):
    raise LookupError("a bug")


def exhausted(progress):
    raise MemoryError("no more")


@pytest.mark.usefixtures("way")
def test_errors_come_back_as_they_are():
    with pytest.raises(FormatError, match="f, byte 3: a block: expected a, found b") as caught:
        run_in_child(damaged, print)
    assert caught.value.offset == 3
    with pytest.raises(FileNotFoundError, match="nothing/there"):
        run_in_child(missing, print)
    with pytest.raises(MemoryLimitError, match="no more"):
        run_in_child(exhausted, print)


def test_a_bug_arrives_with_its_place():
    with pytest.raises(ChildError, match=r"^LookupError: a bug$") as caught:
        run_in_child(wrong, print)
    assert caught.value.frames[-1][0] == __file__


def failed(progress):
    os.abort()


def killed(progress):
    os.kill(os.getpid(), signal.SIGKILL)


def left(progress):
    os._exit(0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (failed, "ended by SIGABRT: a check in TensorFlow failed, or an op aborted.*What to do"),
        (killed, r"killed \(SIGKILL\): the system does that when memory runs out"),
        (left, "ended with exit code 0 and no result"),
    ],
)
def test_a_child_that_dies_is_an_error(call, message):
    with pytest.raises(CrashError, match=message):
        run_in_child(call, print, advice="What to do.")


def greedy(progress):
    kept = []
    while True:
        kept.append(b"x" * 10_000_000)


def test_a_child_that_uses_too_much_memory_is_killed():
    limit = isolation.used_memory(os.getpid()) + 100_000_000
    with pytest.raises(MemoryLimitError, match=r"used \d[\d,]* MB of memory; [\d,]+ MB are allowed \(--memory\)"):
        run_in_child(greedy, print, memory=limit)


def endless(progress):
    progress(str(os.getpid()))
    ctypes.PyDLL(None).pause()  # in native code, with the lock of the interpreter


def test_a_module_runs_as_with_python_m():
    command = [*module_command("json.tool"), "--compact"]
    done = subprocess.run(command, input='{"a": [1, 2]}', capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ('{"a":[1,2]}\n', "")


def test_a_module_ends_with_a_parent_that_is_killed():
    start = "import subprocess, time; from compat_saver.isolation import module_command as command; "
    start += "child = subprocess.Popen([*command('http.server'), '0'], stdout=subprocess.DEVNULL, stderr=-3); "
    start += "print(child.pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    deadline = time.monotonic() + 20
    while "http.server" not in Path(f"/proc/{pid}/cmdline").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.usefixtures("way")
def test_an_interrupt_ends_the_child():
    pids = []

    def interrupted(stage):
        pids.append(int(stage))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_child(endless, interrupted)
    assert not is_running(pids[0])


@pytest.mark.parametrize("way", ["lambda: False", "lambda: True"], ids=["fork", "fresh"])
def test_a_child_ends_with_a_parent_that_is_killed(way, tmp_path):
    code = (
        f"from tests import test_isolation as t; t.isolation.has_tensorflow = {way}; "
        f"t.run_in_child(t.endless, t.say, folder=t.Path({str(tmp_path)!r}))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)


def say(stage):
    print(stage, flush=True)
