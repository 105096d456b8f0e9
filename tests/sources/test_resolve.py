"""What a file, or the prefix of some, is."""

import os

import pytest
from google.protobuf import text_format

from compat_saver.bundle.index_table import IndexTableWriter
from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, SourceNotFoundError
from compat_saver.proto.messages import SavedModel
from compat_saver.sources import (
    CheckpointSource,
    GraphDefSource,
    Hdf5Source,
    HubModuleSource,
    MetaGraphSource,
    SavedModelSource,
    open_checkpoint,
    resolve,
    resolve_checkpoint,
)
from tests.sources.files import (
    HDF5,
    HTML,
    LFS_POINTER,
    graph_def,
    meta_graph,
    write_index,
    write_message,
    write_saved_model,
    write_state,
    write_table,
    write_v1,
    write_v2,
)

# Names that fall apart when they are split at a dot or a dash.
PREFIXES = ["model.ckpt-100", "model", "v1.2.final", "a-00001-of-b", "model.index.old", "m.data-1", "модель [1]"]


@pytest.mark.parametrize("name", PREFIXES)
@pytest.mark.parametrize("suffix", ["", ".index", ".data-00000-of-00001", ".meta"])
def test_v2_by_prefix_or_any_file(tmp_path, name, suffix):
    prefix = write_v2(tmp_path, name)
    meta = write_message(tmp_path / f"{name}.meta", meta_graph())
    source = resolve(f"{prefix}{suffix}")
    assert isinstance(source, CheckpointSource)
    assert (source.kind, source.version, source.prefix, source.meta) == ("checkpoint", "V2", prefix, meta)
    assert source.path == tmp_path / f"{name}{suffix}"
    assert source.files.tables == (tmp_path / f"{name}.index",)
    assert source.files.data == (tmp_path / f"{name}.data-00000-of-00001",)
    assert (source.no_meta, source.notes, source.object_based) == ("", (), False)
    assert source.meta_path == meta
    source.require_shards()


@pytest.mark.parametrize("name", [*PREFIXES, "weights.index", "checkpoint.bin"])
@pytest.mark.parametrize("suffix", ["", ".meta"])
def test_v1_in_one_file(tmp_path, name, suffix):
    prefix = write_v1(tmp_path / name)
    meta = write_message(tmp_path / f"{name}.meta", meta_graph())
    source = resolve(f"{prefix}{suffix}")
    assert (source.version, source.prefix, source.meta) == ("V1", prefix, meta)
    assert source.files.tables == (prefix,)


@pytest.mark.parametrize("suffix", ["", "-00000-of-00002", "-00001-of-00002", "-?????-of-00002", "-?????-of-?????"])
def test_v1_in_shards(tmp_path, suffix):
    shards = tuple(write_v1(tmp_path / f"model.ckpt-1-{shard:05}-of-00002") for shard in range(2))
    source = resolve(tmp_path / f"model.ckpt-1{suffix}")
    assert (source.version, source.prefix) == ("V1", tmp_path / "model.ckpt-1-?????-of-00002")
    assert source.files.stem == tmp_path / "model.ckpt-1"
    assert source.files.tables == shards
    assert source.files.missing == ()


def test_the_graph_of_v1_shards(tmp_path):
    write_v1(tmp_path / "export-00000-of-00001")
    meta = write_message(tmp_path / "export.meta", meta_graph())
    assert resolve(tmp_path / "export").meta == meta
    assert resolve(meta).prefix == tmp_path / "export-?????-of-00001"


def test_v1_under_the_name_of_an_index(tmp_path):
    write_v1(tmp_path / "m.index")
    source = resolve(tmp_path / "m")
    assert (source.version, source.prefix) == ("V1", tmp_path / "m.index")


def test_v2_goes_before_v1(tmp_path):
    write_v1(tmp_path / "model")
    write_v2(tmp_path, "model")
    assert resolve(tmp_path / "model").version == "V2"


def test_object_based(tmp_path):
    write_v2(tmp_path, "ckpt-1", keys=(b"_CHECKPOINTABLE_OBJECT_GRAPH", b"w"))
    source = resolve(tmp_path / "ckpt-1")
    assert source.object_based
    assert "build the model in code" in source.no_meta


# ---- shards that are missing


def test_missing_v2_shards_are_listed(tmp_path):
    write_v2(tmp_path, "m", shards=3)
    (tmp_path / "m.data-00000-of-00003").unlink()
    (tmp_path / "m.data-00002-of-00003").unlink()
    source = resolve(tmp_path / "m")
    assert [path.name for path in source.files.missing] == ["m.data-00000-of-00003", "m.data-00002-of-00003"]
    says = f"Files of the checkpoint {tmp_path / 'm'} are missing: m.data-00000-of-00003, m.data-00002-of-00003."
    assert says in source.notes[0]
    with pytest.raises(ArtifactError, match=r"are missing: m\.data-00000-of-00003"):
        source.require_shards()


def test_shards_of_another_count_do_not_fill_in(tmp_path):
    write_index(tmp_path / "m.index", shards=1)
    (tmp_path / "m.data-00000-of-00002").write_bytes(bytes(4))
    assert [path.name for path in resolve(tmp_path / "m").files.missing] == ["m.data-00000-of-00001"]


def test_missing_v1_shards_are_listed(tmp_path):
    write_v1(tmp_path / "m-00001-of-00002")
    assert [path.name for path in resolve(tmp_path / "m").files.missing] == ["m-00000-of-00002"]


def test_a_data_shard_that_is_an_lfs_pointer(tmp_path):
    write_v2(tmp_path, "m")
    (tmp_path / "m.data-00000-of-00001").write_bytes(LFS_POINTER)
    for name in ("m", "m.data-00000-of-00001"):
        source = resolve(tmp_path / name)
        assert "is a Git LFS pointer to a file of 1,234,567 bytes" in source.notes[0]
        with pytest.raises(ArtifactError, match="git lfs pull"):
            source.require_shards()


@pytest.mark.parametrize("name", ["m", "m.data-00000-of-00001"])
def test_data_without_its_index(tmp_path, name):
    (tmp_path / "m.data-00000-of-00001").write_bytes(b"\x01\x02\x03\x04")
    with pytest.raises(SourceNotFoundError, match=r"m\.index: .* index"):
        resolve(tmp_path / name)


# ---- the graph beside


def test_no_graph_beside(tmp_path):
    source = resolve(write_v2(tmp_path, "m"))
    assert source.meta is None
    assert source.no_meta.startswith(f"{tmp_path / 'm.meta'}: the checkpoint {tmp_path / 'm'} has no graph beside it.")
    with pytest.raises(SourceNotFoundError, match=r"Copy the \.meta from where the checkpoint was written"):
        assert source.meta_path


def test_one_other_graph_is_offered(tmp_path):
    other = write_message(tmp_path / "m-1.meta", meta_graph())
    source = resolve(write_v2(tmp_path, "m-2"))
    assert f"pass --meta-graph {other}" in source.no_meta


def test_several_other_graphs_are_listed(tmp_path):
    for name in ("b.meta", "a.meta"):
        write_message(tmp_path / name, meta_graph())
    assert "If one of a.meta, b.meta is its graph" in resolve(write_v2(tmp_path, "m")).no_meta


def test_the_variables_of_a_saved_model(tmp_path):
    model = write_saved_model(tmp_path / "model")
    assert f"pass that as the source: {model}" in resolve(model / "variables" / "variables").no_meta


def test_resolve_checkpoint_takes_another_graph(tmp_path):
    prefix = write_v2(tmp_path, "m")
    assert resolve_checkpoint(prefix, "elsewhere.meta").meta_path.name == "elsewhere.meta"


def test_the_prefix_of_a_checkpoint(tmp_path):
    assert resolve_checkpoint(write_v2(tmp_path, "m")).prefix == tmp_path / "m"
    model = write_saved_model(tmp_path / "model")
    assert resolve_checkpoint(model).prefix == model / "variables" / "variables"


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("m.meta", meta_graph().SerializeToString(), SourceNotFoundError, r"its checkpoint \(m.index and m.data-\*"),
        ("g.pb", graph_def().SerializeToString(), NotALegacyArtifactError, "found a GraphDef alone"),
        ("k.h5", HDF5, NotALegacyArtifactError, "found an HDF5 file .*compat_saver.load_into"),
    ],
)
def test_resolve_checkpoint_needs_one(tmp_path, name, content, error, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says):
        resolve_checkpoint(tmp_path / name)


# ---- graphs and other kinds, under any name


@pytest.mark.parametrize("name", ["frozen.pb", "graph.pbtxt", "model.ckpt.meta", "m.index", "m.data-00000-of-00001"])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_graph_alone(tmp_path, name, as_text):
    graph = graph_def()
    (tmp_path / name).write_bytes(text_format.MessageToString(graph).encode() if as_text else graph.SerializeToString())
    assert resolve(tmp_path / name) == GraphDefSource(tmp_path / name, as_text)


@pytest.mark.parametrize("name", ["m.meta", "m.pb", "renamed"])
def test_a_meta_graph_alone(tmp_path, name):
    write_message(tmp_path / name, meta_graph())
    assert resolve(tmp_path / name) == MetaGraphSource(tmp_path / name)


def test_a_prefix_of_which_only_the_meta_is_there(tmp_path):
    write_message(tmp_path / "m.meta", meta_graph())
    assert resolve(tmp_path / "m") == MetaGraphSource(tmp_path / "m.meta")


def test_a_meta_beside_a_file_that_is_no_checkpoint(tmp_path):
    (tmp_path / "m").write_text("notes\n")
    write_message(tmp_path / "m.meta", meta_graph())
    assert resolve(tmp_path / "m.meta") == MetaGraphSource(tmp_path / "m.meta")


def test_saved_model_by_its_file(tmp_path):
    model = write_saved_model(tmp_path / "model")
    source = resolve(model / "saved_model.pb")
    assert type(source) is SavedModelSource
    assert (source.kind, source.path, source.file) == ("saved_model", model, model / "saved_model.pb")
    assert source.variables.prefix == model / "variables" / "variables"
    assert source == resolve(model)


def test_hub_module(tmp_path):
    # TF1 Hub modules have no schema version.
    write_message(tmp_path / "saved_model.pb", SavedModel(meta_graphs=[meta_graph()]))
    (tmp_path / "tfhub_module.pb").write_bytes(b"\x08\x03")
    source = resolve(tmp_path)
    assert isinstance(source, HubModuleSource)
    assert (source.kind, source.variables) == ("hub_module", None)


@pytest.mark.parametrize("name", ["fingerprint.pb", "keras_metadata.pb"])
def test_other_files_of_a_saved_model(tmp_path, name):
    model = write_saved_model(tmp_path / "model")
    (model / name).write_bytes(b"\x08\x87\x92")
    with pytest.raises(NotALegacyArtifactError, match=f"belongs to a SavedModel; pass the directory: {model}"):
        resolve(model / name)


@pytest.mark.parametrize("name", ["weights.h5", "model.ckpt", "model.ckpt.index"])
def test_hdf5_under_any_name(tmp_path, name):
    (tmp_path / name).write_bytes(HDF5)
    source = resolve(tmp_path / name)
    assert isinstance(source, Hdf5Source)
    assert source.notes[0].startswith(f"{name} is an HDF5 file (Keras).")


def test_a_state_file_of_any_name(tmp_path):
    write_v2(tmp_path, "m-1")
    state = write_state(tmp_path, "m-1", name="latest.txt")
    source = resolve(state)
    assert (source.prefix, source.path, source.state.path) == (tmp_path / "m-1", state, str(state))


# ---- impostors, damage, renamed files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LFS_POINTER, "found a Git LFS pointer to a file of 1,234,567 bytes. Run `git lfs install` and `git lfs pull`"),
        (HTML, "found an HTML page. A download saved it"),
        (b"", "found an empty file. Copying or saving it was cut short."),
        (bytes(64), "found nothing but zero bytes."),
        (b"PK\x03\x04" + bytes(60), "found a ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(60), "found a gzip archive"),
        (b"\x18\0\0\0\0\0\0\0abcd\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2abcd", "found a TensorBoard event file."),
        (b'{"a": 1}', "found a JSON document."),
        (b"\xde\xad\xbe\xef", "found bytes of no known kind (first bytes de ad be ef)."),
    ],
    ids=["lfs", "html", "empty", "zeros", "zip", "gzip", "events", "json", "noise"],
)
@pytest.mark.parametrize("name", ["model.ckpt", "model.ckpt.meta", "frozen.pb"])
def test_impostors(tmp_path, content, says, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotALegacyArtifactError) as error:
        resolve(tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: expected a checkpoint, a .meta, a frozen graph")
    assert says in str(error.value)


@pytest.mark.parametrize("content", [LFS_POINTER, HTML, b"", HDF5], ids=["lfs", "html", "empty", "hdf5"])
def test_impostors_of_the_index(tmp_path, content):
    write_v2(tmp_path, "m")
    (tmp_path / "m.index").write_bytes(content)
    with pytest.raises(NotALegacyArtifactError, match=r"m\.index"):
        resolve(tmp_path / "m")


@pytest.mark.parametrize("given", ["m", "m.index"])
def test_an_index_that_is_cut_short(tmp_path, given):
    index = write_index(tmp_path / "m.index")
    index.write_bytes(index.read_bytes()[:-1])
    with pytest.raises(FormatError, match=r"m\.index"):
        resolve(tmp_path / given)


def test_an_index_without_a_header(tmp_path):
    write_table(tmp_path / "m.index", (b"a", b"b"))
    with pytest.raises(FormatError, match="not an index"):
        resolve(tmp_path / "m")


def test_an_empty_table(tmp_path):
    with (tmp_path / "m").open("wb") as out:
        IndexTableWriter(out).finish()
    with pytest.raises(ArtifactError):
        resolve(tmp_path / "m")


def test_a_renamed_index(tmp_path):
    write_v2(tmp_path, "m-7")
    (tmp_path / "m-7.index").rename(tmp_path / "weights.bin")
    with pytest.raises(ArtifactError, match=r"Rename it to m-7\.index"):
        resolve(tmp_path / "weights.bin")
    (tmp_path / "m-7.data-00000-of-00001").unlink()
    with pytest.raises(ArtifactError, match=r"Rename it to PREFIX\.index"):
        resolve(tmp_path / "weights.bin")


# ---- nothing there


@pytest.mark.parametrize("given", ["model.ckpt-10", "modle.ckpt-100"])
def test_the_nearest_names(tmp_path, given):
    write_v2(tmp_path, "model.ckpt-100")
    with pytest.raises(SourceNotFoundError, match=r"did you mean 'model\.ckpt-100'"):
        resolve(tmp_path / given)


def test_the_nearest_directory(tmp_path):
    (tmp_path / "checkpoints" / "run").mkdir(parents=True)
    with pytest.raises(SourceNotFoundError, match=r"there is no directory .*chekpoints; did you mean 'checkpoints'"):
        resolve(tmp_path / "chekpoints" / "run" / "m")
    with pytest.raises(SourceNotFoundError, match=r"there is no directory .*rum; did you mean 'run'"):
        resolve(tmp_path / "checkpoints" / "rum" / "m")


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_v2(tmp_path, "m")
    assert str(resolve("m").prefix) == "m"
    with pytest.raises(SourceNotFoundError):
        resolve("none")
    with pytest.raises(SourceNotFoundError, match="there is no directory a"):
        resolve("a/b/c")


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root, or Windows, may read everything")
def test_what_may_not_be_read(tmp_path):
    (tmp_path / "m").write_bytes(b"x")
    (tmp_path / "m").chmod(0)
    with pytest.raises(ArtifactError, match="cannot be read"):
        resolve(tmp_path / "m")


@pytest.mark.parametrize("name", ["model.meta", "model.index", "m-00000-of-00001", "m.data-00000-of-00001"])
def test_a_prefix_that_looks_like_a_file_of_another_is_meant_if_it_is_there(tmp_path, name):
    write_v2(tmp_path, "model")
    write_message(tmp_path / "model.meta", meta_graph())
    write_v2(tmp_path, name)
    assert resolve_checkpoint(tmp_path / name).prefix == tmp_path / name
    assert resolve_checkpoint(tmp_path / "model").prefix == tmp_path / "model"


@pytest.fixture
def nameless(tmp_path):
    """What saver.save(session, "run/") wrote."""
    prefix, run = write_v2(tmp_path, "m"), tmp_path / "run"
    write_message(tmp_path / "m.meta", meta_graph())
    run.mkdir()
    for path in list(tmp_path.glob("m.*")):
        path.rename(run / path.name.removeprefix("m"))
    assert not prefix.exists()
    return run


@pytest.mark.parametrize("ending", ["", "/", "/.index", "/.meta", "/.data-00000-of-00001"])
@pytest.mark.parametrize("state", [None, ".", "/elsewhere/run/"])
def test_a_prefix_that_ends_in_a_slash(nameless, ending, state):
    if state is not None:
        (nameless / "checkpoint").write_text(f'model_checkpoint_path: "{state}"\n')
    source = resolve(f"{nameless}{ending}")
    assert (source.kind, source.prefix, source.meta) == ("checkpoint", nameless / ".index", nameless / ".meta")
    assert source.files.problems == ()
    with open_checkpoint(f"{nameless}{ending}") as checkpoint:
        assert checkpoint.prefix == f"{nameless}/"


def test_missing_shards_of_a_prefix_that_ends_in_a_slash_are_named(nameless):
    (nameless / ".data-00000-of-00001").unlink()
    with pytest.raises(ArtifactError, match=r"missing: \.data-00000-of-00001\."):
        resolve_checkpoint(nameless).require_shards()
