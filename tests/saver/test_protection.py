"""An earlier checkpoint stays whole and findable while another is written over it; no TensorFlow takes part."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from compat_saver.bundle import BundleWriter
from compat_saver.proto.checkpoint_state import read_checkpoint_state
from compat_saver.saver.save.crash_safety import protected
from compat_saver.sources import find_checkpoint
from tests.golden_cases import GOLDEN
from tests.saver.dying import Death
from tests.state_files import write_checkpoint_state

V1_FILES = [GOLDEN / release / "v1_format" / "model.ckpt" for release in ("1.15.5", "1.4.1")]
FORMATS = {
    "V2": ("", [".data-00000-of-00001", ".index"]),
    "V2 in two shards": ("", [".data-00000-of-00002", ".data-00001-of-00002", ".index"]),
    "V1": ("", [""]),
    "V1 in two shards": ("-?????-of-00002", ["-00000-of-00002", "-00001-of-00002"]),
}
Step = Callable[[], None]


class Model:
    """A directory with an earlier checkpoint, and the means to write another over it as TensorFlow does."""

    def __init__(self, directory: Path, form: str, name: str = "model.ckpt-7") -> None:
        self.directory, self.stem = directory, directory / name
        self.pattern, endings = FORMATS[form]
        self.earlier, self.later = (
            {ending: self._content(form, ending, index) for ending in [".meta", *endings]} for index in range(2)
        )
        for ending, content in self.earlier.items():
            self.path(ending).write_bytes(content)
        self.write_state()

    def _content(self, form: str, ending: str, index: int) -> bytes:
        if ending == ".meta":
            return b"graph %d" % index
        if form.startswith("V1"):
            return V1_FILES[index].read_bytes()
        prefix = self.directory.parent / f"made{index}"
        with BundleWriter(prefix, 2 if "two" in form else 1, overwrite=True) as writer:
            for name in "abc":
                writer.add(name, np.full(100, index, np.float32))
        return Path(f"{prefix}{ending}").read_bytes()

    def path(self, ending: str) -> Path:
        return self.stem.with_name(self.stem.name + ending)

    @property
    def state_file(self) -> Path:
        return self.directory / "checkpoint"

    def write_state(self) -> None:
        write_checkpoint_state(self.directory, f"{self.stem.name}{self.pattern}")

    def write_over(self, step: Step) -> None:
        """Writes the later files one after the other: an index in place, all others beside, to be renamed."""
        for ending, content in self.later.items():
            path = self.path(ending)
            if ending == ".index":
                with path.open("wb") as file:
                    step()
                    file.write(content)
            else:
                temporary = path.with_name(f"{path.name}.tempstate")
                temporary.write_bytes(content)
                os.replace(temporary, path)
            step()

    def save(self, step: Step = lambda: None, *, writes_state: bool = True) -> None:
        with protected(self.stem, self.state_file, [self.path(".meta"), self.path(".debug")]):
            self.write_over(step)
            if writes_state:
                self.write_state()

    def latest(self) -> dict[str, bytes]:
        """What the state file leads to: the endings of the files' names, and the files."""
        found = find_checkpoint(Path(read_checkpoint_state(self.state_file).model_checkpoint_path))
        assert found is not None
        assert not found.problems
        paths = [*found.tables, *found.data, found.stem.with_name(f"{found.stem.name}.meta")]
        return {path.name.removeprefix(found.stem.name): path.read_bytes() for path in paths}

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.directory.iterdir()}

    def second_names(self) -> list[str]:
        return sorted(name for name in self.files() if name.startswith("earlier-"))


@pytest.fixture(params=FORMATS)
def model(request, tmp_path) -> Model:
    return _model(tmp_path, request.param)


@pytest.fixture
def v2(tmp_path) -> Model:
    return _model(tmp_path, "V2")


def _model(tmp_path: Path, form: str, name: str = "model.ckpt-7") -> Model:
    directory = tmp_path / "run"
    directory.mkdir(exist_ok=True)
    return Model(directory, form, name)


def killed_at(number: int, run: Callable[[Step], None]) -> bool:
    """Runs something in a child that dies at a step: any that it takes with files, or that it counts itself."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    try:
        death = Death(number)
        death.count_files()
        run(death.step)
    finally:
        os._exit(0)


def kills(run: Callable[[Step], None]) -> Iterator[int]:
    """Yields after each kill, until nothing is left to be killed at."""
    number = 0
    while killed_at(number, run):
        yield number
        number += 1


def test_a_kill_at_any_step_leaves_a_complete_checkpoint(model, tmp_path):
    seen = []
    for _ in kills(model.save):
        latest = model.latest()
        assert latest in (model.earlier, model.later)
        seen.append(latest == model.later)
        shutil.rmtree(model.directory)
        model = _model(tmp_path, next(form for form, (_, ends) in FORMATS.items() if set(ends) < set(model.later)))
    assert len(seen) > 15
    assert seen == sorted(seen), "once the later checkpoint is there, it stays"
    assert {False, True} == set(seen)


def test_without_protection_a_kill_leaves_a_mixture(model):
    """The test above can fail."""
    for number in range(2, 4):
        killed_at(number, model.write_over)
    assert model.latest() not in (model.earlier, model.later)


def test_a_later_save_removes_what_killed_ones_left(model):
    for _ in kills(model.save):
        pass
    model.write_state()
    model.save()
    assert model.second_names() == []


def test_a_save_leaves_nothing_else(model):
    before = set(model.files())
    model.save()
    assert set(model.files()) == before
    assert model.latest() == model.later


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failure_at_any_step_puts_everything_back(model, failure):
    before = model.files()

    for number in range(len(model.later)):
        left = iter(range(number))

        def step(left=left) -> None:
            if next(left, None) is None:
                raise failure

        with pytest.raises(type(failure)):
            model.save(step)
        assert model.files() == before


def test_a_kill_while_everything_is_put_back_leaves_a_complete_checkpoint(model):
    def save(step: Step) -> None:
        def fail() -> None:
            step()
            raise OSError

        model.save(fail)

    for _ in kills(save):
        assert model.latest() == model.earlier


def test_putting_everything_back_takes_no_space(model, monkeypatch):
    before = model.files()

    def fail() -> None:
        monkeypatch.setattr(shutil, "copyfile", lambda *_: _failing("copies")())
        monkeypatch.setattr(Path, "write_bytes", lambda *_: _failing("writes")())
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        model.save(fail)
    monkeypatch.undo()
    assert model.files() == before


def test_nor_does_it_where_links_cannot_be_made(model, monkeypatch):
    before = model.files()
    monkeypatch.setattr(os, "link", lambda *_: _failing("links")())

    def fail() -> None:
        monkeypatch.setattr(shutil, "copyfile", lambda *_: _failing("copies")())
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        model.save(fail)
    assert model.files() == before


def test_what_cannot_be_put_back_is_told_and_hides_no_other_error(model, monkeypatch, caplog):
    def fail() -> None:
        monkeypatch.setattr(os, "replace", lambda *_: _failing("renames")())
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        model.save(fail)
    assert "could be renamed back ([Errno 28] renames)" in caplog.text
    assert model.latest() == model.earlier


def test_files_that_were_begun_go_where_saving_fails(v2):
    names = ["next.index.tempstate12", "next.data-00000-of-00001", "next.meta.tmp0a1b", "next.debug", "next"]
    others = ["nextindex", "next.meta.tmpl", "next.txt"]
    stem, parts, before = v2.stem.with_name("next"), v2.directory / "next_temp", v2.files()
    besides = [stem.with_name("next.meta"), stem.with_name("next.debug")]
    with pytest.raises(OSError, match="full"), protected(stem, v2.state_file, besides):
        parts.mkdir()
        for path in [*(v2.directory / name for name in (*names, *others)), parts / "part-00000-of-00002.index"]:
            path.write_bytes(b"begun")
        raise OSError(errno.ENOSPC, "full")
    assert v2.files() == {**before, **dict.fromkeys(others, b"begun")}


def test_files_that_were_there_stay_where_saving_fails(v2):
    name = "next.index.tempstate12"
    (v2.directory / name).write_bytes(b"of another process")
    before = v2.files()
    with pytest.raises(OSError, match="full"), protected(v2.stem.with_name("next"), v2.state_file):
        raise OSError(errno.ENOSPC, "full")
    assert v2.files() == before


def test_a_state_file_that_is_written_as_it_was_counts_as_written(v2):
    v2.path(".index").write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt), protected(v2.stem, v2.state_file):
        v2.write_over(lambda: None)
        v2.write_state()
        raise KeyboardInterrupt
    assert v2.latest() == v2.later


@pytest.mark.parametrize("spelling", ["{run}", "{run}/../run", "{link}"])
def test_another_spelling_of_the_directory(model, spelling):
    (link := model.directory.parent / "link").symlink_to(model.directory)
    latest = f"{spelling.format(run=model.directory, link=link)}/{model.stem.name}{model.pattern}"
    write_checkpoint_state("/", latest, latest_filename=str(model.state_file))
    before = model.files()
    with pytest.raises(OSError, match="full"):
        model.save(_failing("full"))
    assert model.files() == before
    model.save(lambda: None)
    assert model.latest() == model.later
    assert model.second_names() == []


def test_a_name_with_a_backslash(tmp_path):
    model = _model(tmp_path, "V2", "a\\b")
    seen = []
    model.save(lambda: seen.append(model.latest()))
    assert seen[0] == model.earlier
    assert model.latest() == model.later


def test_a_failure_after_the_state_was_written_keeps_the_later_checkpoint(model):
    with pytest.raises(OSError, match="late"), protected(model.stem, model.state_file, [model.path(".meta")]):
        model.write_over(lambda: None)
        model.write_state()
        raise OSError("late")
    assert model.latest() == model.later
    assert model.second_names() == []


def test_a_new_file_besides_goes_where_saving_fails(v2):
    other = v2.stem.with_name("other")
    with pytest.raises(OSError), protected(other, v2.state_file, [meta := other.with_name("other.meta")]):  # noqa: PT011
        meta.write_bytes(b"new")
        raise OSError
    assert not meta.exists()
    assert v2.latest() == v2.earlier


def test_a_state_file_that_is_not_written_stays_byte_for_byte(v2):
    content = b'# mine\nall_model_checkpoint_paths: "older"\nmodel_checkpoint_path:   "model.ckpt-7"\n'
    v2.state_file.write_bytes(content)
    v2.save(lambda: None, writes_state=False)
    assert v2.state_file.read_bytes() == content
    assert v2.second_names() == []


@pytest.mark.parametrize(
    "written", ["{name}", "./{name}", "{directory}/{name}", "/elsewhere/then/{name}", "C:\\run\\{name}"]
)
def test_every_form_of_the_path_in_the_state_file_counts(v2, written):
    latest = written.format(name=v2.stem.name, directory=v2.directory)
    text = latest.replace("\\", "\\\\")
    v2.state_file.write_text(
        f'model_checkpoint_path: "{text}"\nall_model_checkpoint_paths: "old"\nall_model_checkpoint_paths: "{text}"\n'
    )

    def look() -> None:
        assert v2.latest() == v2.earlier
        state = read_checkpoint_state(v2.state_file)
        assert state.all_model_checkpoint_paths == (str(v2.directory / "old"), state.model_checkpoint_path)

    v2.save(look)


def test_the_step_stays_at_the_end_of_the_name(v2):
    seen = []
    v2.save(lambda: seen.append(read_checkpoint_state(v2.state_file).model_checkpoint_path))
    assert {path.rpartition("-")[2] for path in seen} == {"7"}
    assert str(v2.stem) not in seen


def test_a_checkpoint_that_is_not_the_latest_needs_no_second_names(v2):
    names = []
    with protected(v2.stem.with_name("model.ckpt-8"), v2.state_file):
        names = v2.second_names()
    assert names == []


def test_where_links_cannot_be_made_files_are_copied(v2, monkeypatch):
    def refuse(*_) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    before = v2.files()
    with pytest.raises(OSError, match="full"):
        v2.save(_failing("full"))
    assert v2.files() == before
    v2.save()
    assert v2.latest() == v2.later


def test_a_disk_that_is_full_before_anything_is_written_changes_nothing(v2, monkeypatch):
    before = v2.files()
    monkeypatch.setattr(shutil, "copyfile", lambda *_: _failing("full")())
    with pytest.raises(OSError, match="full"):
        v2.save()
    assert v2.files() == before


def test_an_interrupt_just_after_the_state_file_was_replaced_loses_nothing(v2, monkeypatch):
    replace = os.replace

    def interrupted(*arguments) -> None:
        replace(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        v2.save()
    assert v2.latest() == v2.earlier


def test_a_directory_that_cannot_be_listed_is_tidied_all_the_same(v2, monkeypatch):
    def refuse(_: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as patched, protected(v2.stem, v2.state_file):
        v2.write_over(lambda: None)
        v2.write_state()
        patched.setattr(Path, "iterdir", refuse)
    assert v2.second_names() == []


def test_second_names_that_a_state_file_leads_to_are_kept(v2):
    killed_at(9, v2.save)
    left = v2.second_names()
    latest = read_checkpoint_state(v2.state_file).model_checkpoint_path
    assert Path(latest).name.startswith("earlier-")
    write_checkpoint_state(v2.directory, v2.stem.name, latest_filename="other_state")
    with protected(v2.stem, v2.directory / "other_state"):
        v2.write_over(lambda: None)
    assert v2.second_names() == left
    assert v2.latest() == v2.earlier


def test_second_names_of_other_checkpoints_are_kept(v2):
    theirs = v2.directory / "earlier-00000000.model.ckpt.best-3.index"
    theirs.write_bytes(b"")
    v2.save()
    assert v2.second_names() == [theirs.name]


def test_a_damaged_checkpoint_is_written_over_as_it_is(v2):
    v2.path(".index").write_bytes(b"damaged")
    v2.save()
    assert v2.latest() == v2.later


def _failing(message: str) -> Step:
    def fail() -> None:
        raise OSError(errno.ENOSPC, message)

    return fail
