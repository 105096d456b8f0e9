"""What the state functions answer is what TensorFlow's own do, on the same directories; and what they do better."""

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat_saver.errors import ArtifactError, SourceNotFoundError, UsageError
from compat_saver.saver import checkpoint_management as states
from tests.golden_cases import all_cases, case

DAMAGED = {
    "empty": b"",
    "web page": b"<html>",
    "cut short": b'model_checkpoint_path: "m\n',
    "no latest": b'all_model_checkpoint_paths: "m"\n',
    "empty latest": b'model_checkpoint_path: ""\n',
    "escapes of no UTF-8": b'model_checkpoint_path: "\\377\\376"\n',
    "no UTF-8": b'model_checkpoint_path: "m\xff"\n',
    "no text": b"\x00\xff\xfe",
    "a repeated line": b'model_checkpoint_path: "n"\nmodel_checkpoint_path: "m"\n',
}


def names(directory):
    return sorted(os.listdir(directory))


def touch(directory, *files):
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()


def write_state(directory, latest, *others, name="checkpoint"):
    lines = [f'model_checkpoint_path: "{latest}"', *(f'all_model_checkpoint_paths: "{path}"' for path in others)]
    (directory / name).write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def theirs():
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    return tf.compat.v1.train


def outcome(function, *arguments, **options):
    """What a call returns, a message as its text; or the types of what it raises that programs could catch."""
    try:
        found = function(*arguments, **options)
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        kinds = (ValueError, TypeError, RuntimeError)
        return "raises", {kind for kind in kinds if isinstance(error, kind)}
    return str(found) if hasattr(found, "SerializeToString") else found


# The state file of a directory


@pytest.mark.tensorflow
@pytest.mark.parametrize("golden", all_cases(), ids=str)
def test_golden_directories_are_told_as_tensorflow_does(theirs, golden):
    directory = str(golden.directory)
    assert states.latest_checkpoint(directory) == theirs.latest_checkpoint(directory) == str(golden.prefix)
    assert states.latest_checkpoint(golden.directory) == str(golden.prefix)
    ours, original = states.get_checkpoint_state(directory), theirs.get_checkpoint_state(directory)
    assert str(ours) == str(original)
    assert ours.SerializeToString() == original.SerializeToString()
    assert states.get_checkpoint_mtimes([golden.prefix]) == theirs.get_checkpoint_mtimes([str(golden.prefix)])


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("name", ["get_checkpoint_state", "latest_checkpoint"])
def test_damaged_state_files_count_as_for_tensorflow(theirs, tmp_path, kind, name):
    (tmp_path / "checkpoint").write_bytes(DAMAGED[kind])
    assert outcome(getattr(states, name), tmp_path) == outcome(getattr(theirs, name), str(tmp_path))


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "arguments",
    [("none",), ("none", "other"), ("",), (".", "none"), (None,), (3,), (".", "")],
    ids=str,
)
def test_without_a_state_file_as_for_tensorflow(theirs, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "model.ckpt.index")
    for name in ("get_checkpoint_state", "latest_checkpoint"):
        assert outcome(getattr(states, name), *arguments) == outcome(getattr(theirs, name), *arguments)


@pytest.mark.tensorflow
@pytest.mark.parametrize("directory", ["run", "run/", "./run", "{here}/run"])
@pytest.mark.parametrize("name", ["checkpoint", "sub/latest"])
def test_paths_are_joined_as_tensorflow_joins_them(theirs, tmp_path, monkeypatch, directory, name):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "run/m-2.index", "run/sub/m-1.index")
    write_state(tmp_path / "run", "m-2", "sub/m-1", str(tmp_path / "run" / "m-2"), "m-2", name=name)
    directory = directory.format(here=tmp_path)
    ours = states.get_checkpoint_state(directory, name)
    for path, other in zip(
        [ours.model_checkpoint_path, *ours.all_model_checkpoint_paths],
        [
            (state := theirs.get_checkpoint_state(directory, name)).model_checkpoint_path,
            *state.all_model_checkpoint_paths,
        ],
        strict=True,
    ):
        assert path == other
    assert (
        states.latest_checkpoint(directory, name)
        == theirs.latest_checkpoint(directory, name)
        == f"{directory}/m-2".replace("//", "/")
    )


def test_a_state_file_that_cannot_be_read_is_told_of(tmp_path, caplog):
    (tmp_path / "checkpoint").write_text("version https://git-lfs.github.com/spec/v1\nsize 3\n")
    with caplog.at_level(logging.WARNING, "compat_saver"):
        assert states.get_checkpoint_state(tmp_path) is None
    assert "Git LFS pointer" in caplog.text


def test_a_directory_in_place_of_the_state_file_is_told_of(tmp_path, caplog):
    (tmp_path / "checkpoint").mkdir()
    write_state(tmp_path / "checkpoint", "m")
    assert states.get_checkpoint_state(tmp_path) is None
    assert "cannot be read" in caplog.text


def test_the_message_can_be_changed(tmp_path):
    write_state(tmp_path, "m-1", "m-1")
    state = states.get_checkpoint_state(tmp_path)
    state.model_checkpoint_path = "m-2"
    state.all_model_checkpoint_paths.append("m-2")
    state.all_model_checkpoint_timestamps[:] = [1.0, 2.0]
    state.last_preserved_timestamp = 0.5
    assert type(state).FromString(state.SerializeToString()) == state


@pytest.mark.parametrize("written", ["/gone/run/model.ckpt-7", "C:\\\\\\\\old\\\\\\\\model.ckpt-7"])
@pytest.mark.parametrize("files", [["model.ckpt-7.index"], ["model.ckpt-7"], ["model.ckpt-7-00000-of-00001"]])
def test_the_paths_of_another_machine_lead_into_the_directory(tmp_path, written, files, caplog):
    touch(tmp_path, *files)
    write_state(tmp_path, written.replace("\\\\\\\\", "\\\\"))
    assert states.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-7")
    assert not caplog.records


def test_a_copied_golden_directory(tmp_path):
    for golden in (case("1.15.5", "v1_format"), case("1.15.5", "sharded")):
        copy = tmp_path / golden.name
        shutil.copytree(golden.directory, copy)
        write_state(copy, "/gone/model.ckpt")
        assert states.latest_checkpoint(copy) == str(copy / "model.ckpt")


@pytest.mark.tensorflow
def test_sharded_v1_as_tensorflow(theirs, tmp_path):
    touch(tmp_path, "m-00000-of-00002", "m-00001-of-00002")
    write_state(tmp_path, "m-?????-of-00002")
    assert states.latest_checkpoint(tmp_path) == theirs.latest_checkpoint(str(tmp_path))
    assert states.latest_checkpoint(tmp_path) == str(tmp_path / "m-?????-of-00002")


# The latest is gone


def test_the_latest_that_is_left_of_the_list(tmp_path, caplog):
    touch(tmp_path, "m-1.index", "m-2.index", "m-9.index")
    write_state(tmp_path, "m-3", "m-1", "m-2", "m-3")
    assert states.latest_checkpoint(tmp_path) == str(tmp_path / "m-2")
    assert "m-3; taken instead: " in caplog.text


@pytest.mark.parametrize("latest", ["model.ckpt-9", "/gone/model.ckpt-9", "model.ckpt-?????-of-00003"])
def test_the_only_one_of_its_name(tmp_path, caplog, latest):
    golden = case("1.15.5", "v1_format")
    shutil.copy(golden.prefix, tmp_path / "model.ckpt-5")
    touch(tmp_path, "other.ckpt-3.index")
    write_state(tmp_path, latest, latest)
    assert states.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-5")
    assert "taken instead" in caplog.text


def test_sharded_v1_in_place_of_the_latest(tmp_path):
    shutil.copy(case("1.15.5", "v1_format").prefix, tmp_path / "m-5-00000-of-00001")
    write_state(tmp_path, "m-7")
    assert states.latest_checkpoint(tmp_path) == str(tmp_path / "m-5-?????-of-00001")


@pytest.mark.parametrize("files", [[], ["vgg_16.ckpt.index"], ["m-1.index", "m-2.index"], ["m-1.index.bak"]])
def test_nothing_takes_the_place_of_the_latest(tmp_path, caplog, files):
    touch(tmp_path, *files)
    write_state(tmp_path, "m-3", "m-3")
    assert states.latest_checkpoint(tmp_path) is None
    assert "is gone" in caplog.text


def test_a_directory_without_state_has_no_latest(tmp_path, caplog):
    touch(tmp_path, "m-1.index")
    assert states.latest_checkpoint(tmp_path) is None
    assert not caplog.records


# Writing it

PATHS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda text: text not in (".", ".."))
SECONDS = st.floats(0, 2e9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(PATHS, min_size=1, max_size=4), last=SECONDS, data=st.data())
def test_what_is_written_is_read_again(tmp_path, paths, last, data):
    whole = [str(tmp_path / path) for path in paths]
    times = data.draw(st.just([]) | st.lists(SECONDS, min_size=len(paths), max_size=len(paths)))
    states.update_checkpoint_state(tmp_path, whole[-1], whole, "state", times, last)
    found = states.get_checkpoint_state(tmp_path, "state")
    assert found.model_checkpoint_path == whole[-1]
    assert list(found.all_model_checkpoint_paths) == whole
    assert list(found.all_model_checkpoint_timestamps) == times
    assert found.last_preserved_timestamp == last
    assert names(tmp_path) == ["state"]


CALLS = [
    (("run", "run/m"), {}),
    (("run", "run/m", ["run/a", "/b/c"]), {}),
    (("run", "/run/m", ["run/a", "/run/m"]), {}),
    (("/run", "m", ["run/a", "/b/c"]), {}),
    (("/run", "/run/m", []), {}),
    (("", "m"), {}),
    (("run", "run/模型\n\"'\\"), {}),
    (("run", "run/m", ["run/a"], [1.5, 1595828479.0237708], 3), {}),
    (("run", "run/m", ["run/a"], [1.5]), {}),
    (("run", "run/m"), {"all_model_checkpoint_timestamps": ["1"]}),
    (("run", None), {}),
    ((None, "m"), {}),
    (("run", "run/m"), {"last_preserved_timestamp": 12.25, "all_model_checkpoint_timestamps": [7]}),
]


@pytest.mark.tensorflow
@pytest.mark.parametrize(("arguments", "options"), CALLS, ids=str)
def test_the_generated_message_is_tensorflows(theirs, arguments, options):
    copies = [list(item) if isinstance(item, list) else item for item in arguments]
    ours = outcome(states.generate_checkpoint_state_proto, *arguments, **options)
    assert ours == outcome(theirs.generate_checkpoint_state_proto, *copies, **options)


@pytest.mark.tensorflow
@pytest.mark.parametrize("arguments", [arguments for arguments, options in CALLS if not options], ids=str)
def test_the_written_file_says_the_same_as_tensorflows(theirs, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    directory, *rest = [list(item) if isinstance(item, list) else item for item in arguments]
    if directory == "/run":
        directory = str(tmp_path / "run")
    options = dict(zip(["all_model_checkpoint_timestamps", "last_preserved_timestamp"], rest[2:], strict=False))
    told = outcome(states.update_checkpoint_state, directory, *rest[:2], latest_filename="ours", **options)
    assert told == outcome(theirs.update_checkpoint_state, directory, *rest[:2], latest_filename="theirs", **options)
    if told is None:
        ours, original = (Path(directory, name) for name in ("ours", "theirs"))
        kind = type(theirs.generate_checkpoint_state_proto("", "m"))
        assert text_format.Parse(ours.read_text(), kind()) == text_format.Parse(original.read_text(), kind())
        if original.read_text().isascii():
            assert ours.read_bytes() == original.read_bytes()
        assert str(states.get_checkpoint_state(directory, "theirs")) == str(
            theirs.get_checkpoint_state(directory, "ours")
        )


def test_the_list_that_was_given_stays_as_it_was():
    given_paths = ["run/m-1"]
    states.generate_checkpoint_state_proto("run", "run/m-2", given_paths)
    assert given_paths == ["run/m-1"]


def test_tuples_and_pathlib_paths_are_taken():
    made = states.generate_checkpoint_state_proto(Path("run"), Path("run/m-2"), (Path("run/m-1"),))
    assert list(made.all_model_checkpoint_paths) == ["m-1", "m-2"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("directory", ["{here}", "", "run"])
def test_a_checkpoint_called_as_its_state_file(theirs, tmp_path, monkeypatch, directory):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    directory = directory.format(here=tmp_path)
    arguments = (directory, os.path.join(directory, "checkpoint"))
    raises = contextlib.nullcontext()
    if directory != "run":  # TensorFlow compares the paths as they are, so it lets this one pass
        raises = pytest.raises(RuntimeError)
    for update in (states.update_checkpoint_state, theirs.update_checkpoint_state):
        with raises:
            update(*arguments)


def test_the_conflict_has_advice(tmp_path):
    with pytest.raises(UsageError, match="latest_filename"):
        states.update_checkpoint_state(tmp_path, tmp_path / "checkpoint")
    assert names(tmp_path) == []


@pytest.mark.tensorflow
def test_no_directory_to_write_to(theirs, tmp_path):
    import tensorflow as tf

    for update in (states.update_checkpoint_state, theirs.update_checkpoint_state):
        with pytest.raises(tf.errors.NotFoundError):
            update(str(tmp_path / "none"), "m")
    with pytest.raises(SourceNotFoundError, match="create it first"):
        states.update_checkpoint_state(tmp_path / "none", "m")


def test_what_the_system_refuses_is_also_tensorflows(theirs, tmp_path, monkeypatch):
    from tensorflow import errors

    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    touch(tmp_path, "m.index")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(errors.PermissionDeniedError, match="Read-only") as unwritten:
        states.update_checkpoint_state(tmp_path, "m")
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(errors.PermissionDeniedError, match="Read-only") as undeleted:
        states.remove_checkpoint(tmp_path / "m")
    assert isinstance(unwritten.value, ArtifactError)
    assert isinstance(undeleted.value, ArtifactError)


def test_timestamps_must_be_as_many():
    with pytest.raises(UsageError, match="1 timestamps for 2"):
        states.generate_checkpoint_state_proto("run", "run/m-2", ["run/m-1"], [1.0])


# Is it there, since when, and away with it

FILES = [
    *("m-1.index", "m-1.data-00000-of-00002", "m-1.data-00001-of-00002", "m-1.meta", "m-1.pbtxt", "m-1.data-extra"),
    *("m-10.index", "m-10.data-00000-of-00001", "m-10.meta", "m-1"),
    *("v1", "v1.meta", "v10", "v10.meta", "v1.index.txt"),
    *("s-00000-of-00002", "s-00001-of-00002", "s.meta", "s-00000-of-00003"),
    *("m[1].index", "m[1].data-00000-of-00001", "m[1].meta", "m[1]", "m1.index", "m1.data-00000-of-00001", "m1.meta"),
]


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    directory = tmp_path / "run"
    directory.mkdir()
    monkeypatch.chdir(directory)
    touch(directory, *FILES)
    for number, name in enumerate(FILES):
        # Which shard of several TensorFlow asks is chance, so they are of one age.
        age = 0 if "-of-00002" in name else number
        os.utime(directory / name, ns=(0, 1_600_000_000_987_654_321 + age * 10**9))
    return directory


LITERAL = ["m-1", "m", "m-10", "m-1.index", "v1", "v", "s-?????-of-00002", "s-00000-of-00002", "nope", "", "no/thing"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("prefix", LITERAL)
def test_existence_and_times_as_tensorflow(theirs, checkpoints, prefix):
    for path in (prefix, str(checkpoints / prefix)):
        assert states.checkpoint_exists(path) == theirs.checkpoint_exists(path) or not prefix
        assert states.get_checkpoint_mtimes([path]) == theirs.get_checkpoint_mtimes([path]) or not prefix


@pytest.mark.tensorflow
def test_times_of_several(theirs, checkpoints):
    assert states.get_checkpoint_mtimes(LITERAL) == theirs.get_checkpoint_mtimes(LITERAL)
    assert len(states.get_checkpoint_mtimes(LITERAL)) == 6
    assert states.get_checkpoint_mtimes(()) == theirs.get_checkpoint_mtimes(()) == []
    assert outcome(states.get_checkpoint_mtimes, None) == outcome(theirs.get_checkpoint_mtimes, None)


@pytest.mark.tensorflow
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("suffix", ["meta", "pbtxt"])
@pytest.mark.parametrize("prefix", [*(item for item in LITERAL if item), "m-00001-of-00001"])
def test_the_same_files_are_removed(theirs, checkpoints, tmp_path, prefix, version, suffix):
    copy = tmp_path / "copy"
    shutil.copytree(checkpoints, copy)
    assert states.remove_checkpoint(prefix, version, suffix) is None
    theirs.remove_checkpoint(str(copy / prefix), version, suffix)
    assert names(checkpoints) == names(copy)


def test_removal_spares_the_neighbours(checkpoints):
    states.remove_checkpoint(Path("m-1"))
    gone = {"m-1.index", "m-1.data-00000-of-00002", "m-1.data-00001-of-00002", "m-1.meta"}
    assert set(FILES) - set(names(checkpoints)) == gone


def test_a_bracket_in_a_name_is_a_bracket(checkpoints):
    assert states.checkpoint_exists("m[1]")
    assert not states.checkpoint_exists("m[0]")
    assert not states.checkpoint_exists("m-*")
    states.remove_checkpoint("m[1]")
    assert set(FILES) - set(names(checkpoints)) == {"m[1].index", "m[1].data-00000-of-00001", "m[1].meta"}
    states.remove_checkpoint("m[1]", checkpoint_format_version=1)
    assert "m1.index" in names(checkpoints)
    assert "m[1]" not in names(checkpoints)


def test_a_directory_is_no_checkpoint(checkpoints):
    (checkpoints / "folder").mkdir()
    assert not states.checkpoint_exists("folder")
    assert states.get_checkpoint_mtimes(["folder"]) == []
    with pytest.raises(ArtifactError, match="folder: cannot be deleted"):
        states.remove_checkpoint("folder", 1)


def test_an_interrupted_removal_leaves_nothing_that_looks_whole(checkpoints, monkeypatch):
    def fail_at_second(path, unlink=os.unlink, seen=[]):  # noqa: B006
        seen.append(path)
        if len(seen) == 2:
            raise OSError("interrupted")
        unlink(path)

    os.unlink("m-1")  # which would make it a V1 checkpoint
    monkeypatch.setattr(os, "unlink", fail_at_second)
    with contextlib.suppress(ArtifactError):
        states.remove_checkpoint("m-1")
    assert not states.checkpoint_exists("m-1")


def test_the_stem_of_v1_shards_is_a_prefix(checkpoints):
    assert states.checkpoint_exists("s")
    assert states.get_checkpoint_mtimes(["s"]) == states.get_checkpoint_mtimes(["s-00000-of-00002"])
    assert not states.checkpoint_exists("s-?????-of-00004")


# Other file systems


@pytest.mark.tensorflow
def test_paths_that_only_tensorflow_knows(theirs, tmp_path):
    import tensorflow as tf

    root = "ram://compat_saver_states"
    tf.io.gfile.makedirs(root)
    states.update_checkpoint_state(root, f"{root}/m-1", [Path("m-0")], "latest")
    for name in ("m-1.index", "m-1.meta"):
        tf.io.gfile.GFile(f"{root}/{name}", "w").write("x")
    assert states.get_checkpoint_state(root, "latest") == theirs.get_checkpoint_state(root, "latest")
    assert states.generate_checkpoint_state_proto(root, "m") == theirs.generate_checkpoint_state_proto(root, "m")
    assert states.latest_checkpoint(root, "latest") == theirs.latest_checkpoint(root, "latest") is not None
    assert states.checkpoint_exists(f"{root}/m-1")
    assert states.get_checkpoint_mtimes([f"{root}/m-1"]) == theirs.get_checkpoint_mtimes([f"{root}/m-1"])
    states.remove_checkpoint(f"{root}/m-1")
    assert not states.checkpoint_exists(f"{root}/m-1")
