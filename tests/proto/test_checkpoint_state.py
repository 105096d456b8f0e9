import os
import stat
from pathlib import Path

import pytest

from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, SourceNotFoundError, UsageError
from compat_saver.proto.checkpoint_state import checkpoint_exists, read_checkpoint_state
from tests.state_files import write_checkpoint_state


def state_file(directory, *lines, name="checkpoint"):
    (directory / name).write_text("\n".join(lines) + "\n")
    return directory / name


def latest(path):
    return f'model_checkpoint_path: "{path}"'


def v2(directory, name):
    (directory / f"{name}.index").touch()


def test_relative_paths_are_joined_to_the_directory(tmp_path):
    v2(tmp_path, "m-2")
    state_file(
        tmp_path,
        latest("m-2"),
        'all_model_checkpoint_paths: "m-1"',
        'all_model_checkpoint_paths: "m-2"',
        "all_model_checkpoint_timestamps: 1595828479.0237708",
        "all_model_checkpoint_timestamps: 1595828480.5",
        "last_preserved_timestamp: 1595828456.75",
    )
    state = read_checkpoint_state(tmp_path)
    assert state == read_checkpoint_state(tmp_path / "checkpoint")
    assert state.path == str(tmp_path / "checkpoint")
    assert state.model_checkpoint_path == str(tmp_path / "m-2")
    assert state.all_model_checkpoint_paths == (str(tmp_path / "m-1"), str(tmp_path / "m-2"))
    assert state.all_model_checkpoint_timestamps == (1595828479.0237708, 1595828480.5)
    assert state.last_preserved_timestamp == 1595828456.75
    assert state.relocated == ()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("/home/gone/run/model.ckpt-7", "/home/gone/run/model.ckpt-7"),
        (r"C:\Users\Ryan M\logs\model.ckpt-7", r"C:\\Users\\Ryan M\\logs\\model.ckpt-7"),
        ("C:/Users/Ryan/model.ckpt-7", "C:/Users/Ryan/model.ckpt-7"),
        (r"\\server\share\model.ckpt-7", r"\\\\server\\share\\model.ckpt-7"),
        (r".\save\model.ckpt-7", r".\\save\\model.ckpt-7"),
        ("save/model.ckpt-7", "save/model.ckpt-7"),
        ("/home/用户/model.ckpt-7", r"/home/\347\224\250\346\210\267/model.ckpt-7"),
        ("D:\\模型\\model.ckpt-7", r"D:\\\346\250\241\345\236\213\\model.ckpt-7"),
    ],
)
@pytest.mark.parametrize("kind", ["model.ckpt-7.index", "model.ckpt-7", "model.ckpt-7-00000-of-00002"])
def test_paths_of_another_machine_lead_to_the_files_beside(tmp_path, written, text, kind):
    (tmp_path / kind).touch()
    state_file(tmp_path, latest(text), f'all_model_checkpoint_paths: "{text}"')
    state = read_checkpoint_state(tmp_path)
    found = str(tmp_path / "model.ckpt-7")
    assert state.model_checkpoint_path == found
    assert state.all_model_checkpoint_paths == (found,)
    assert state.relocated == ((written, found),)


def test_octal_escapes_in_a_name_that_is_there(tmp_path):
    v2(tmp_path, "模型-1")
    state_file(tmp_path, latest(r"\346\250\241\345\236\213-1"))
    assert read_checkpoint_state(tmp_path).model_checkpoint_path == str(tmp_path / "模型-1")


def test_files_in_a_folder_that_came_along(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        v2(tmp_path / name, "m-1")
    state_file(tmp_path, latest("/gone/b/m-1"), 'all_model_checkpoint_paths: "/gone/a/m-1"')
    state = read_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == str(tmp_path / "b" / "m-1")
    assert state.all_model_checkpoint_paths == (str(tmp_path / "a" / "m-1"),)


def test_an_absolute_path_that_exists_is_kept(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    v2(here, "m-1")
    v2(there, "m-1")
    state_file(here, latest(there / "m-1"))
    state = read_checkpoint_state(here)
    assert state.model_checkpoint_path == str(there / "m-1")
    assert state.relocated == ()


def test_paths_that_lead_nowhere_are_kept_as_written(tmp_path):
    windows = r"C:\\gone\\m-1"
    state_file(tmp_path, latest("/gone/m-1"), f'all_model_checkpoint_paths: "{windows}"')
    state = read_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == "/gone/m-1"
    assert state.all_model_checkpoint_paths == (r"C:\gone\m-1",)
    assert state.relocated == ()


def test_the_pattern_of_v1_shards(tmp_path):
    (tmp_path / "variables-00000-of-00001").touch()
    written = "/tmp/model/variables/variables-?????-of-00001"
    state_file(tmp_path, latest(written))
    found = str(tmp_path / "variables-?????-of-00001")
    assert read_checkpoint_state(tmp_path).relocated == ((written, found),)


def test_another_file_name_and_unknown_fields(tmp_path):
    state_file(tmp_path, latest("m"), "some_field_of_later: 3", name="latest")
    assert read_checkpoint_state(tmp_path, "latest").model_checkpoint_path == str(tmp_path / "m")


def test_a_directory_called_checkpoint(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    state_file(tmp_path / "checkpoint", latest("m"))
    assert read_checkpoint_state(tmp_path / "checkpoint").model_checkpoint_path == str(tmp_path / "checkpoint" / "m")


def test_a_glob_character_in_a_prefix(tmp_path):
    (tmp_path / "m[1]-00000-of-00001").touch()
    assert checkpoint_exists(tmp_path / "m[1]")
    assert not checkpoint_exists(tmp_path / "m1")


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", NotALegacyArtifactError, "found an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 3\n", NotALegacyArtifactError, "Git LFS pointer"),
        (b"<html>", NotALegacyArtifactError, "an HTML page"),
        (b'all_model_checkpoint_paths: "m"\n', FormatError, "no latest checkpoint"),
        (b'model_checkpoint_path: "m\n', FormatError, "text that cannot be parsed"),
        (b'model_checkpoint_path: "\\377\\376"\n', FormatError, "text that cannot be parsed"),
    ],
)
def test_bad_state_files(tmp_path, content, error, says):
    (tmp_path / "checkpoint").write_bytes(content)
    with pytest.raises(error, match=says):
        read_checkpoint_state(tmp_path)


def test_no_state_file(tmp_path):
    with pytest.raises(SourceNotFoundError, match="checkpoint"):
        read_checkpoint_state(tmp_path)


def test_write_and_read_again(tmp_path):
    path = write_checkpoint_state(
        tmp_path,
        tmp_path / "模型-2",
        [tmp_path / "m-1"],
        all_model_checkpoint_timestamps=[1.5, 2.25],
        last_preserved_timestamp=0.5,
        save_relative_paths=True,
    )
    assert Path(path).read_text() == (
        'model_checkpoint_path: "\\346\\250\\241\\345\\236\\213-2"\n'
        'all_model_checkpoint_paths: "m-1"\n'
        'all_model_checkpoint_paths: "\\346\\250\\241\\345\\236\\213-2"\n'
        "all_model_checkpoint_timestamps: 1.5\n"
        "all_model_checkpoint_timestamps: 2.25\n"
        "last_preserved_timestamp: 0.5\n"
    )
    state = read_checkpoint_state(path)
    assert state.all_model_checkpoint_paths == (str(tmp_path / "m-1"), str(tmp_path / "模型-2"))
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_write_keeps_absolute_paths_and_relates_relative_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    write_checkpoint_state("run", "run/m-1")
    assert Path("run/checkpoint").read_text().startswith('model_checkpoint_path: "m-1"\n')
    write_checkpoint_state(tmp_path / "run", tmp_path / "run" / "m-1")
    assert f'model_checkpoint_path: "{tmp_path}/run/m-1"\n' in Path("run/checkpoint").read_text()


def test_the_written_file_is_readable_as_any_other(tmp_path):
    (tmp_path / "other").touch()
    path = write_checkpoint_state(tmp_path, "m")
    assert stat.S_IMODE(os.stat(path).st_mode) == stat.S_IMODE(os.stat(tmp_path / "other").st_mode)


def test_a_failure_leaves_the_old_file_and_nothing_beside(tmp_path, monkeypatch):
    write_checkpoint_state(tmp_path, "m-1")
    before = (tmp_path / "checkpoint").read_bytes()

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ArtifactError, match="disk full"):
        write_checkpoint_state(tmp_path, "m-2")
    assert os.listdir(tmp_path) == ["checkpoint"]
    assert (tmp_path / "checkpoint").read_bytes() == before


def test_write_refuses(tmp_path):
    with pytest.raises(UsageError, match="1 timestamps for 2 checkpoint paths"):
        write_checkpoint_state(tmp_path, "m-2", ["m-1"], all_model_checkpoint_timestamps=[1.0])
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_checkpoint_state(tmp_path / "none", "m-1")


@pytest.mark.tensorflow
def test_tensorflow_reads_and_writes_the_same(tmp_path):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    folder, paths = str(tmp_path), [str(tmp_path / "m-1"), str(tmp_path / "模型-2")]
    write_checkpoint_state(folder, paths[1], paths)
    assert list(tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths) == paths

    times = {"all_model_checkpoint_timestamps": [1595828479.0237708], "last_preserved_timestamp": 1.0}
    write_checkpoint_state(folder, paths[0], **times)
    ours = (tmp_path / "checkpoint").read_bytes()
    tf.compat.v1.train.update_checkpoint_state(folder, paths[0], **times)
    assert (tmp_path / "checkpoint").read_bytes() == ours
