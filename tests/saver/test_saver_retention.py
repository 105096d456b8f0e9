"""What a saver keeps and deletes: as TensorFlow's does, but for paths that mean a glob to it; failed saves and room."""

from __future__ import annotations

import contextlib
import math
import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from compat_saver.errors import UsageError  # noqa: E402
from compat_saver.proto.checkpoint_state import read_checkpoint_state  # noqa: E402
from compat_saver.saver.save.retention import Retention  # noqa: E402
from compat_saver.saver.saver import Saver  # noqa: E402
from tests.saver.differential import Ours, Theirs, World, assert_alike, inside, outcome, v1  # noqa: E402

pytestmark = pytest.mark.tensorflow
FORMS = [
    {},
    {"sharded": True},
    {"write_version": v1.train.SaverDef.V1},
    {"write_version": v1.train.SaverDef.V1, "sharded": True},
]
LARGE = 100_000


@pytest.fixture
def world(tmp_path):
    with inside(tmp_path / "run"), tf.Graph().as_default():
        yield World(Ours).start()


def names(directory: str | Path = ".") -> set[str]:
    return {str(path.relative_to(directory)) for path in Path(directory).rglob("*") if not path.is_dir()}


# ---- as TensorFlow


def test_fewer_than_none(tmp_path):
    def program(world):
        saver = world.train.Saver(max_to_keep=-1)
        paths = [saver.save(world.start().session, "m", step, write_meta_graph=False) for step in range(3)]
        return paths, saver.last_checkpoints

    assert_alike(program, tmp_path)


def test_an_imported_saver_keeps_as_many_as_it_says(tmp_path):
    def program(world):
        world.train.Saver(max_to_keep=2).export_meta_graph("graph.meta")
        with tf.Graph().as_default():
            saver = world.train.import_meta_graph("graph.meta")
            with v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
                session.run(v1.global_variables_initializer())
                session.run([item.name for item in world.fill])
                return [saver.save(session, "m", global_step=step) for step in range(4)], saver.last_checkpoints

    assert_alike(program, tmp_path)


def test_paths_of_tensorflows_own_file_systems(tmp_path):
    def program(world):
        here = f"file://{os.getcwd()}"
        saver = world.train.Saver(max_to_keep=2)
        saver.set_last_checkpoints_with_time([(f"{here}/older", 5.0)])
        for step in range(3):
            saver.save(world.start().session, f"{here}/m", step)
        text = Path("checkpoint").read_text().replace(here, "")
        os.unlink("checkpoint")
        return text, [path.replace(here, "") for path in saver.last_checkpoints]

    assert_alike(program, tmp_path)


def test_an_empty_graph(tmp_path):
    def program(world):
        world.train.Saver().save(v1.Session(graph=tf.Graph()), "m")

    assert isinstance(assert_alike(program, tmp_path), RuntimeError)


@pytest.mark.parametrize("form", FORMS[:3])
def test_no_name(tmp_path, form):
    def program(world):
        world.train.Saver(**form).save(world.start().session, "")

    theirs, _ = outcome(Theirs, program, tmp_path / "theirs")
    ours, files = outcome(Ours, program, tmp_path / "ours")
    assert isinstance(ours, type(theirs))
    assert "save_path: expected a prefix" in str(ours)
    assert files == {}


def test_a_directory_for_a_prefix(tmp_path):
    """`saver.save(session, "model/")` makes a checkpoint without a name, which many a project has."""

    def program(world):
        world.start()
        os.mkdir("model")
        saver = world.train.Saver()
        saved = saver.save(world.session, "model/")
        world.session.run(world.next)
        saver.restore(world.session, saved)
        return saved, world.values()

    assert_alike(program, tmp_path)


def test_no_path_to_restore(tmp_path):
    def program(world):
        world.train.Saver().restore(world.start().session, "")

    theirs, _ = outcome(Theirs, program, tmp_path / "theirs")
    ours, _ = outcome(Ours, program, tmp_path / "ours")
    assert isinstance(ours, type(theirs))
    assert isinstance(ours, UsageError)


def test_uninitialized_variables_are_named_without_a_directory_too(tmp_path):
    with inside(tmp_path), tf.Graph().as_default():
        world = World(Ours)
        with pytest.raises(ValueError, match="'scope/b'") as caught:
            Saver([world.b]).save(world.session, "m")
    assert isinstance(caught.value, tf.errors.FailedPreconditionError)


# ---- other spellings of one prefix


@pytest.mark.parametrize("step", [None, 3])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", ["{here}/out/m", "zz/../out/m", "link/m"])
def test_one_prefix_spelled_in_two_ways(world, other, form, step):
    for directory in ("out", "zz"):
        Path(directory).mkdir()
    Path("link").symlink_to("out")
    saver, other = Saver(max_to_keep=1, **form), other.format(here=os.getcwd())
    for path in (other, "out/m", other, other, "out/m"):
        world.session.run(world.next)
        saved = saver.save(world.session, path, global_step=step)
        assert saver.last_checkpoints == [saved]
        expected = world.values()
        for source in (saved, "out"):
            world.start()
            saver.restore(world.session, source)
            assert world.values() == expected
    assert not [name for name in names("out") if name.startswith("earlier-")]


# ---- no globs


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("glob", "other"), [("run[1]", "run1"), ("run?", "runs"), ("*", "run"), ("a\\b", "ab")])
def test_a_prefix_is_no_pattern(world, form, glob, other):
    for directory in (glob, other):
        Path(directory).mkdir()
    Saver(**form).save(world.session, f"{other}/m", global_step=0)
    before, saver = names(other), Saver(max_to_keep=1, **form)
    for step in range(3):
        world.session.run(world.next)
        saved = saver.save(world.session, f"{glob}/m", global_step=step)
        saver.save(world.session, f"{glob}/m", global_step=step)
    assert names(other) == before
    assert {name.replace("m-2", "m-0") for name in names(glob)} == before
    expected = world.values()
    for source in (saved, glob):
        saver.restore(world.start().session, source)
        assert world.values() == expected
    again = Saver(max_to_keep=1, **form)
    again.recover_last_checkpoints([saved])
    assert again.last_checkpoints == [saved]


@pytest.mark.parametrize("name", ["m[1]", "m*", "m\\1"])
def test_nor_is_one_in_eager_mode(tmp_path, name):
    variable = tf.Variable([1.0, 2.0], name="x")
    saver = Saver([variable], max_to_keep=1)
    for step in range(2):
        saved = saver.save(None, str(tmp_path / name), global_step=step)
    variable.assign([0.0, 0.0])
    saver.restore(None, saved)
    assert variable.numpy().tolist() == [1.0, 2.0]
    assert names(tmp_path) == {"checkpoint", f"{name}-1.data-00000-of-00001", f"{name}-1.index"}


# ---- no room


@contextlib.contextmanager
def no_file_larger_than(size: int):
    """What a full disk does to large files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(params=FORMS)
def large(request, tmp_path):
    """A saver of two large variables, and the session."""
    with inside(tmp_path / "run"), tf.Graph().as_default() as graph:
        for index in range(2):
            with v1.device(f"/cpu:{index}"):
                v1.get_variable(f"v{index}", [LARGE], initializer=v1.random_normal_initializer())
        saver, initialize = Saver(**request.param), v1.global_variables_initializer()
        with v1.Session(graph=graph, config=v1.ConfigProto(device_count={"CPU": 2})) as session:
            session.run(initialize)
            yield saver, session


@pytest.mark.parametrize("size", [LARGE, 500], ids=["not for the values", "not for the graph"])
@pytest.mark.parametrize("steps", [(None, None, None), (0, 1, 2)])
def test_where_there_is_no_room_everything_is_as_before(large, steps, size):
    saver, session = large
    first = saver.save(session, "m", global_step=steps[0])
    before = {name: Path(name).read_bytes() for name in names()}
    for step in steps[1:]:
        with no_file_larger_than(size), pytest.raises(tf.errors.OpError) as caught:
            saver.save(session, "m", global_step=step)
        assert "earlier-" not in str(caught.value)
        assert str(caught.value).startswith("m: " if step is None else f"m-{step}: ")
        assert {name: Path(name).read_bytes() for name in names()} == before
        assert not list(Path().glob("*_temp"))
        assert saver.last_checkpoints == [first]
    saver.save(session, "m", global_step=steps[1])
    saver.restore(session, ".")


@pytest.mark.parametrize("path", ["m", "./m"])
def test_a_directory_in_the_way_of_the_index(tmp_path, path):
    def program(world):
        Path("m.index").mkdir()
        world.train.Saver().save(world.start().session, path, write_meta_graph=False)

    theirs, _ = outcome(Theirs, program, tmp_path / "theirs")
    ours, files = outcome(Ours, program, tmp_path / "ours")
    assert isinstance(ours, type(theirs))
    assert isinstance(ours, tf.errors.FailedPreconditionError)
    assert "Is a directory" in str(ours)
    assert files == {}


# ---- the list alone


def saver_def(**options) -> SimpleNamespace:
    return SimpleNamespace(**{"max_to_keep": 2, "keep_checkpoint_every_n_hours": 1.0, "version": 2, **options})


def record(kept: Retention, latest: str, **options) -> None:
    kept.record(latest, saver_def(**options), "", latest_filename="checkpoint", suffix="meta", is_relative=False)


@pytest.fixture
def files(tmp_path):
    """Makes the file that tells of a checkpoint; the current directory is one of its own."""

    def make(*names: str) -> None:
        for name in names:
            Path(f"{name}.index").write_bytes(b"")

    with inside(tmp_path / "run"):
        yield make


def test_the_state_file_comes_before_the_deletion(files, monkeypatch):
    kept, seen = Retention(), []
    files("a", "b", "c")
    for name in ("a", "b"):
        record(kept, name)
    monkeypatch.setattr(os, "unlink", lambda path: seen.append(read_checkpoint_state(".").all_model_checkpoint_paths))
    record(kept, "c")
    assert set(seen) == {("./b", "./c")}


def test_a_state_file_that_cannot_be_written_leaves_the_list(files, monkeypatch):
    kept = Retention()
    files("a", "b", "c")
    for name in ("a", "b"):
        record(kept, name)

    def refuse(*_) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(tf.errors.PermissionDeniedError):
        record(kept, "c")
    monkeypatch.undo()
    assert kept.names == ["a", "b"]
    assert names() >= {"a.index", "b.index"}


def test_what_cannot_be_deleted_is_told(files, caplog):
    kept = Retention()
    Path("a.index").mkdir()
    for name in ("a", "b", "c"):
        record(kept, name)
    assert "a.index: cannot be deleted" in caplog.text
    assert kept.names == ["b", "c"]


@pytest.mark.parametrize("most", [0, 2])
def test_second_names_of_the_name_leave_the_list(files, most):
    kept = Retention()
    mine, theirs = ["earlier-0a1b2c3d.m", f"{os.getcwd()}/earlier-0a1b2c3e.m"], ["earlier-0a1b2c3d.m-1"]
    kept.set([(name, math.inf) for name in (*mine, *theirs)])
    record(kept, "m", max_to_keep=most)
    assert kept.names == (theirs if most == 0 else [*theirs, "m"])
