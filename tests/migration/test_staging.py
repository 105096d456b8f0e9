"""A killed process leaves the old or the new output, and what else it left goes with the next run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat_saver.migration import staging
from compat_saver.migration.publish import staged
from compat_saver.migration.staging import make_staging, remove_abandoned, replace_directory

KILLED_AT = """
import os, sys
from pathlib import Path
from compat_saver.migration import staging
from compat_saver.migration.publish import staged

step, exchanges = int(sys.argv[1]), sys.argv[2] == "exchange"
steps = 0

def dying(call):
    def counted(*arguments, **options):
        global steps
        found = call(*arguments, **options)
        steps += 1
        if steps == step:
            os._exit(9)
        return found
    return counted

if not exchanges:
    staging._exchange = lambda one, other: False
staging._exchange = dying(staging._exchange)
for name in ("rename", "mkdir", "rmdir", "unlink"):
    setattr(os, name, dying(getattr(os, name)))
with staged(Path("out"), overwrite=True) as work:
    work.mkdir()
    (work / "saved_model.pb").write_text("new")
print("done")
"""


def content(directory: Path) -> str:
    return (directory / "out" / "saved_model.pb").read_text()


@pytest.mark.parametrize("how", ["exchange", "rename"])
def test_a_kill_at_any_step_leaves_an_output(how, tmp_path):
    """Killed after every change of the directory in turn; where nothing exchanges, the next run brings it back."""
    for step in range(1, 30):
        place = tmp_path / str(step)
        (place / "out").mkdir(parents=True)
        (place / "out" / "saved_model.pb").write_text("old")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", KILLED_AT, str(step), how]
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        if done.stdout:
            assert (done.returncode, content(place)) == (0, "new")
            break
        assert done.returncode == 9, done.stderr
        if how == "exchange":
            assert content(place) in ("old", "new")
        remove_abandoned(place / "out")
        assert content(place) in ("old", "new")
        assert [path.name for path in place.iterdir()] == ["out"]
    else:
        pytest.fail("it never came to an end")
    assert step > 4


INTERRUPTED_AT = """
import atexit, os, sys
from pathlib import Path
from compat_saver.migration.publish import staged

FILES = ("staging.py", "publish.py", "contextlib.py")

def interrupting(step):
    events = 0
    def trace(frame, event, argument):
        nonlocal events
        if not frame.f_code.co_filename.endswith(FILES):
            return None
        events += 1
        if events == step:
            raise KeyboardInterrupt
        return trace
    return trace

def migrate(step):
    sys.settrace(interrupting(step))
    with staged(Path(str(step)) / "out", overwrite=True) as work:
        work.mkdir()
        (work / "saved_model.pb").write_text("new")

for step in range(1, 1000):
    (Path(str(step)) / "out").mkdir(parents=True)
    (Path(str(step)) / "out" / "saved_model.pb").write_text("old")
    if not os.fork():
        try:
            interrupted = False
            migrate(step)
        except KeyboardInterrupt:
            interrupted = True
        atexit._run_exitfuncs()
        os._exit(interrupted)
    if os.wait()[1] == 0:
        break
"""


def test_an_interrupt_at_any_line_leaves_nothing_else(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", INTERRUPTED_AT], cwd=tmp_path, env=environment, check=True)
    places = list(tmp_path.iterdir())
    assert 50 < len(places) < 999
    assert {tuple(path.name for path in place.iterdir()) for place in places} == {("out",)}
    assert {content(place) for place in places} == {"old", "new"}


def dead(output: Path, **changed: object) -> Path:
    """Makes the staging directory of a process that is gone."""
    work = make_staging(output)
    *_, machine, token = work.name.split("-")
    name = f".{output.name}.staging-{changed.get('pid', 2**22 + 1)}-{changed.get('start', 5)}"
    return work.rename(work.with_name(f"{name}-{changed.get('machine', machine)}-{token}"))


def test_only_those_of_dead_processes_of_this_machine_go(tmp_path):
    own = make_staging(tmp_path / "out")
    gone, elsewhere = dead(tmp_path / "out"), dead(tmp_path / "out", machine="00000000")
    reused, other = dead(tmp_path / "out", pid=os.getpid()), dead(tmp_path / "another")
    (tmp_path / ".out.staging-mine").mkdir()
    remove_abandoned(tmp_path / "out")
    assert not gone.exists()
    assert not reused.exists()  # its number has another process now
    assert all(path.exists() for path in (own, elsewhere, other, tmp_path / ".out.staging-mine"))


def test_an_output_that_was_moved_aside_comes_back(tmp_path):
    work = dead(tmp_path / "out")
    (work / "replaced").mkdir()
    (work / "replaced" / "saved_model.pb").write_text("old")
    remove_abandoned(tmp_path / "out")
    assert content(tmp_path) == "old"
    with staged(tmp_path / "out", overwrite=True) as new:
        new.mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_process_of_another_user_is_left_alone(tmp_path, monkeypatch):
    def refuse(pid, number):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    work = make_staging(tmp_path / "out")
    remove_abandoned(tmp_path / "out")
    assert work.exists()


@pytest.mark.parametrize("unsupported", [True, False])
def test_a_system_that_cannot_exchange_or_say_when_a_process_started(unsupported, tmp_path, monkeypatch):
    if unsupported:
        monkeypatch.setattr(staging.ctypes, "CDLL", lambda *args, **options: object())
        monkeypatch.setattr(staging, "Path", lambda path: Path("/nowhere" if "/proc" in str(path) else path))
        monkeypatch.setattr(os, "readlink", lambda path: os.stat("/nowhere"))
    for name in ("new", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
    replace_directory(tmp_path / "new", tmp_path / "out", tmp_path / "aside")
    assert content(tmp_path) == "new"
    assert ((tmp_path / "aside") if unsupported else (tmp_path / "new")).exists()
    work = make_staging(tmp_path / "out")
    remove_abandoned(tmp_path / "out")
    assert work.exists()


def test_a_failed_exchange_changes_nothing(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(FileNotFoundError):
        replace_directory(tmp_path / "absent", tmp_path / "out", tmp_path / "aside")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
