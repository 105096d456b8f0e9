"""What a directory is."""

import pytest

from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, SourceNotFoundError
from compat_saver.sources import CheckpointSource, MetaGraphSource, SavedModelSource, resolve
from tests.sources.files import (
    HDF5,
    HTML,
    LFS_POINTER,
    graph_def,
    meta_graph,
    write_message,
    write_saved_model,
    write_state,
    write_v1,
    write_v2,
)


def test_the_latest_of_the_state_file(tmp_path):
    for name in ("m-1", "m-2", "m-3"):
        write_v2(tmp_path, name)
    write_state(tmp_path, "m-2", "m-1", "m-2")
    source = resolve(tmp_path)
    assert isinstance(source, CheckpointSource)
    assert (source.prefix, source.path, source.notes) == (tmp_path / "m-2", tmp_path, ())
    assert source.state.all_model_checkpoint_paths == (str(tmp_path / "m-1"), str(tmp_path / "m-2"))


def test_an_estimator_directory(tmp_path):
    write_v2(tmp_path, "model.ckpt-10")
    write_message(tmp_path / "model.ckpt-10.meta", meta_graph())
    write_message(tmp_path / "graph.pbtxt", graph_def())
    write_state(tmp_path, "model.ckpt-10")
    (tmp_path / "export").mkdir()
    write_saved_model(tmp_path / "export" / "1")
    assert resolve(tmp_path).meta == tmp_path / "model.ckpt-10.meta"


@pytest.mark.parametrize("written", ["/home/gone/m-1", r"C:\\Users\\Ryan M\\m-1"])
def test_a_state_file_of_another_machine(tmp_path, written):
    write_v2(tmp_path, "m-1")
    write_v2(tmp_path, "m-2")
    write_state(tmp_path, written)
    source = resolve(tmp_path)
    assert source.prefix == tmp_path / "m-1"
    assert len(source.state.relocated) == 1
    assert source.notes == (
        f"The state file names {written.replace(chr(92) * 2, chr(92))}; its files were found at {tmp_path / 'm-1'}.",
    )


def test_a_state_file_that_leads_out_of_its_directory(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    write_v2(tmp_path / "elsewhere", "m-1")
    write_state(tmp_path / "run", "../elsewhere/m-1")
    latest = f"{tmp_path / 'run'}/../elsewhere/m-1"
    assert resolve(tmp_path / "run").notes == (
        f"The state file {tmp_path / 'run' / 'checkpoint'} leads out of its directory, to {latest}.",
    )


def test_v1_shards_as_the_state_file_names_them(tmp_path):
    write_v1(tmp_path / "variables-00000-of-00001")
    write_state(tmp_path, "/tmp/gone/variables-?????-of-00001")
    source = resolve(tmp_path)
    assert (source.prefix, source.version) == (tmp_path / "variables-?????-of-00001", "V1")


@pytest.mark.parametrize("latest", ["m-9", "/gone/m-9", r"C:\\gone\\m-9"])
def test_the_latest_is_gone_and_one_is_left(tmp_path, latest):
    write_v2(tmp_path, "m-1")
    write_state(tmp_path, latest)
    source = resolve(tmp_path)
    assert source.prefix == tmp_path / "m-1"
    assert "names m-9, which is not there; the only checkpoint there is taken: m-1." in source.notes[0]


def test_the_latest_is_gone_and_several_are_left(tmp_path):
    write_v2(tmp_path, "m-1")
    write_v1(tmp_path / "m-2")
    write_state(tmp_path, "m-9")
    with pytest.raises(ArtifactError, match=r"names m-9, which is not there\. Pass one of them: .*m-1, .*m-2"):
        resolve(tmp_path)


def test_the_latest_is_gone_and_none_is_left(tmp_path):
    write_state(tmp_path, "m-9")
    with pytest.raises(SourceNotFoundError, match="names m-9, which is not there, nor is any other checkpoint"):
        resolve(tmp_path)


@pytest.mark.parametrize(("content", "says"), [(LFS_POINTER, "Git LFS pointer"), (HDF5, "HDF5"), (b"", "empty file")])
def test_the_latest_is_something_else(tmp_path, content, says):
    (tmp_path / "model.ckpt").write_bytes(content)
    write_state(tmp_path, "model.ckpt")
    with pytest.raises(NotALegacyArtifactError, match=f"expected a checkpoint, found an? {says}"):
        resolve(tmp_path)


@pytest.mark.parametrize("write", [write_v1, lambda path: write_v2(path.parent, path.name)], ids=["V1", "V2"])
def test_the_only_checkpoint(tmp_path, write):
    write(tmp_path / "model.v1.final")
    write_message(tmp_path / "model.v1.final.meta", meta_graph())
    (tmp_path / "notes.txt").write_text("notes")
    source = resolve(tmp_path)
    assert (source.prefix, source.state, source.notes) == (tmp_path / "model.v1.final", None, ())
    assert source.meta is not None


def test_several_checkpoints_and_no_state(tmp_path):
    write_v2(tmp_path, "m-1")
    write_v2(tmp_path, "m-2")
    write_v1(tmp_path / "x-00000-of-00002")
    write_v1(tmp_path / "x-00001-of-00002")
    names = ", ".join(str(tmp_path / name) for name in ("m-1", "m-2", "x"))
    with pytest.raises(ArtifactError) as error:
        resolve(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: it holds 3 checkpoints, and it has no `checkpoint` file that names the latest. "
        f"Pass one of them: {names}"
    )


def test_very_many_checkpoints_are_not_all_listed(tmp_path):
    for number in range(30):
        write_v2(tmp_path, f"m-{number:02}")
    with pytest.raises(ArtifactError, match=r"m-19 and 10 more$"):
        resolve(tmp_path)


def test_a_v1_checkpoint_called_checkpoint(tmp_path):
    write_v1(tmp_path / "checkpoint")
    assert resolve(tmp_path).prefix == tmp_path / "checkpoint"


@pytest.mark.parametrize(
    ("content", "error"), [(LFS_POINTER, NotALegacyArtifactError), (b"model_checkpoint_path: 1", FormatError)]
)
def test_a_bad_state_file(tmp_path, content, error):
    (tmp_path / "checkpoint").write_bytes(content)
    with pytest.raises(error, match="checkpoint"):
        resolve(tmp_path)


def test_a_checkpoint_with_the_name_of_a_directory(tmp_path):
    (tmp_path / "model").mkdir()
    write_v2(tmp_path / "model", "inner")
    write_v2(tmp_path, "model")
    source = resolve(tmp_path / "model")
    assert source.prefix == tmp_path / "model"
    assert source.notes == (
        f"There is a directory {tmp_path / 'model'} as well; {tmp_path / 'model'}/ would mean that.",
    )
    assert resolve(f"{tmp_path / 'model'}/").prefix == tmp_path / "model" / "inner"


def test_a_saved_model_goes_before_checkpoints(tmp_path):
    write_saved_model(tmp_path)
    write_v2(tmp_path, "m-1")
    write_state(tmp_path, "m-1")
    assert isinstance(resolve(tmp_path), SavedModelSource)


def test_a_saved_model_without_its_data(tmp_path):
    write_saved_model(tmp_path)
    (tmp_path / "variables" / "variables.data-00000-of-00001").unlink()
    assert "are missing: variables.data-00000-of-00001" in resolve(tmp_path).notes[0]


def test_a_saved_model_that_is_an_lfs_pointer(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(LFS_POINTER)
    with pytest.raises(NotALegacyArtifactError, match="expected a SavedModel, found a Git LFS pointer"):
        resolve(tmp_path)


def test_only_a_graph(tmp_path):
    write_message(tmp_path / "m.meta", meta_graph())
    source = resolve(tmp_path)
    assert source == MetaGraphSource(tmp_path / "m.meta", (f"{tmp_path} holds no checkpoint, only the graph m.meta.",))
    (tmp_path / "m").write_bytes(LFS_POINTER)
    assert "m is a Git LFS pointer" in resolve(tmp_path).notes[1]


def test_what_could_have_been_meant(tmp_path):
    write_message(tmp_path / "a.meta", meta_graph())
    write_message(tmp_path / "frozen.pb", graph_def())
    write_saved_model(tmp_path / "1")
    (tmp_path / "run").mkdir()
    write_state(tmp_path / "run", "m")
    candidates = ", ".join(str(tmp_path / name) for name in ("a.meta", "frozen.pb", "1", "run"))
    with pytest.raises(SourceNotFoundError) as error:
        resolve(tmp_path)
    assert str(error.value).endswith(f"Pass one of these: {candidates}")


def test_impostors_are_named(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(HTML)
    with pytest.raises(SourceNotFoundError, match=r"holds no checkpoint .* model\.ckpt is an HTML page"):
        resolve(tmp_path)


def test_data_shards_without_an_index(tmp_path):
    (tmp_path / "m.data-00000-of-00001").write_bytes(bytes(4))
    with pytest.raises(SourceNotFoundError, match=r"data shards of m, but not the \.index"):
        resolve(tmp_path)


def test_an_empty_directory(tmp_path):
    with pytest.raises(SourceNotFoundError, match="holds no checkpoint and no SavedModel"):
        resolve(tmp_path)
