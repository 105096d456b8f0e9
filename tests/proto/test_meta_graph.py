import os
import tracemalloc

import pytest
from google.protobuf import text_format

from compat_saver.errors import ArtifactError, FormatError, NotALegacyArtifactError, SourceNotFoundError
from compat_saver.proto import files, messages
from compat_saver.proto.files import read_graph_def, read_saved_model
from compat_saver.proto.meta_graph import read_meta_graph

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 1234567\n"


@pytest.fixture
def message():
    meta = messages.MetaGraphDef()
    meta.meta_info_def.tensorflow_version = "1.4.0"
    meta.meta_info_def.stripped_op_list.op.add(name="Const").output_arg.add(name="output", type_attr="dtype")
    meta.meta_info_def.stripped_op_list.op.add(name="VariableV2", is_stateful=True)
    meta.graph_def.versions.producer = 24
    meta.graph_def.node.add(name="w", op="VariableV2").attr["dtype"].type = 1
    meta.saver_def.restore_op_name = "save/restore_all"
    meta.collection_def["train_op"].node_list.value.append("train")
    meta.signature_def["serving_default"].inputs["x"].name = "x:0"
    return meta


def write(path, message, as_text=False):
    text = text_format.MessageToString(message).encode() if as_text else message.SerializeToString()
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("as_text", [False, True], ids=["binary", "text"])
@pytest.mark.parametrize("name", ["model.ckpt-1.meta", "graph.pbtxt", "renamed"])
def test_reads_both_forms_under_any_name(tmp_path, message, as_text, name):
    meta = read_meta_graph(write(tmp_path / name, message, as_text))
    assert meta.path == str(tmp_path / name)
    assert meta.message == message
    assert (meta.tensorflow_version, meta.producer) == ("1.4.0", 24)
    assert [node.name for node in meta.graph_def.node] == ["w"]
    assert meta.saver_def.restore_op_name == "save/restore_all"
    assert meta.stripped_ops["VariableV2"].is_stateful
    assert set(meta.stripped_ops) == {"Const", "VariableV2"}
    assert meta.signatures["serving_default"].inputs["x"].name == "x:0"
    assert list(meta.collections["train_op"].node_list.value) == ["train"]
    assert meta.variables() == ()


def test_text_may_begin_with_a_mark_and_comments(tmp_path, message):
    text = text_format.MessageToString(message).encode()
    (tmp_path / "m").write_bytes(b"\xef\xbb\xbf# proto-file: meta_graph.proto\n\n  # more\n" + text)
    assert read_meta_graph(tmp_path / "m").message == message


@pytest.mark.parametrize("version", ["", "0.12.head", "1.14.0-rc0"])
def test_the_version_is_kept_as_text(tmp_path, message, version):
    message.meta_info_def.tensorflow_version = version
    assert read_meta_graph(write(tmp_path / "m", message)).tensorflow_version == version


def test_the_producer_before_0_6(tmp_path, message):
    message.graph_def.ClearField("versions")
    message.graph_def.version = 5
    assert read_meta_graph(write(tmp_path / "m", message)).producer == 5


def test_no_saver(tmp_path, message):
    message.ClearField("saver_def")
    assert read_meta_graph(write(tmp_path / "m", message)).saver_def is None


def test_no_meta_info_and_no_graph_nodes(tmp_path, message):
    message.ClearField("meta_info_def")
    assert read_meta_graph(write(tmp_path / "a", message)).producer == 24
    message.Clear()
    message.meta_info_def.tensorflow_version = "1.0.0"
    message.graph_def.SetInParent()
    assert read_meta_graph(write(tmp_path / "b", message)).producer == 0


def test_unknown_fields_are_carried_along(tmp_path, message):
    # Field 100 with the bytes "new", at the end of the message and inside its graph.
    new = b"\xa2\x06\x03new"
    data = message.SerializeToString()
    message.graph_def.MergeFromString(new)
    (tmp_path / "m").write_bytes(message.SerializeToString() + new)
    again = read_meta_graph(tmp_path / "m").message.SerializeToString()
    assert again.count(new) == 2
    assert len(again) > len(data)


def test_unknown_fields_in_text_are_skipped(tmp_path, message):
    text = text_format.MessageToString(message) + 'some_new_field { inside: 3 other: "x" }\n'
    (tmp_path / "m").write_text(text)
    assert read_meta_graph(tmp_path / "m").message == message


def saved_model(message):
    return messages.SavedModel(saved_model_schema_version=1, meta_graphs=[message]).SerializeToString()


def hub_module(message):
    return messages.SavedModel(meta_graphs=[message]).SerializeToString()


OTHERS = [
    (lambda m: m.graph_def.SerializeToString(), "found a GraphDef"),
    (lambda m: text_format.MessageToString(m.graph_def).encode(), "found a GraphDef"),
    (saved_model, "found a SavedModel"),
    (hub_module, "found a SavedModel"),
    (lambda m: b"saved_model_schema_version: 1\n", "found a SavedModel"),
    (lambda m: b'model_checkpoint_path: "model.ckpt-1"\n', "found a checkpoint state file"),
    (lambda m: LFS, "found a Git LFS pointer to a file of 1,234,567 bytes"),
    (lambda m: b"\n<!DOCTYPE html>\n<html>", "found an HTML page"),
    (lambda m: b"404: Not Found", "found the error message of a web server"),
    (lambda m: b"\x89HDF\r\n\x1a\n" + bytes(100), "found an HDF5 file"),
    (lambda m: b"", "found an empty file"),
    (lambda m: bytes(100), "found nothing but zero bytes"),
    (lambda m: b"PK\x03\x04 and so on", "found a ZIP archive"),
    (lambda m: b"hello world", "found bytes of no known kind (first bytes 68 65 6c 6c 6f 20 77 6f)"),
]


@pytest.mark.parametrize(("make", "says"), OTHERS, ids=[says for _, says in OTHERS])
def test_says_what_something_else_is(tmp_path, message, make, says):
    path = tmp_path / "model.ckpt.meta"
    path.write_bytes(make(message))
    with pytest.raises(NotALegacyArtifactError) as error:
        read_meta_graph(path)
    assert str(error.value).startswith(f"{path}: expected a MetaGraphDef (what a .meta file holds), {says}")


def test_every_cut_is_noticed(tmp_path, message):
    """A cut at the end of a field leaves a message that is whole; any other is an error, and never another kind."""
    data = message.SerializeToString()
    whole = {len(data)}
    for size in range(1, len(data)):
        (tmp_path / "m").write_bytes(data[:size])
        try:
            read_meta_graph(tmp_path / "m")
            whole.add(size)
        except (FormatError, NotALegacyArtifactError):
            pass
    assert len(whole) <= 5  # the fields after graph_def


def test_a_cut_says_where(tmp_path, message):
    data = message.SerializeToString()
    info = len(message.meta_info_def.SerializeToString()) + 2
    (tmp_path / "m").write_bytes(data[: info + 10])
    with pytest.raises(FormatError, match=r"field 2 of the MetaGraphDef is cut short") as error:
        read_meta_graph(tmp_path / "m")
    assert error.value.offset == info
    assert error.value.found == f"{info + 10:,}"


def test_a_large_file_is_parsed_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_PARSED_AT_ONCE", 1 << 16)
    graph = messages.GraphDef(
        node=[messages.NodeDef(name=f"n{number}", op="NoOp", device="d" * 10_000) for number in range(100)]
    )
    path = write(tmp_path / "g", graph)
    tracemalloc.start()
    found = read_graph_def(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == graph
    assert peak < path.stat().st_size / 4
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(FormatError, match="field 1 of the GraphDef is cut short"):
        read_graph_def(path)


def test_damage_inside(tmp_path, message):
    data = bytearray(message.SerializeToString())
    data[data.index(b"VariableV2") - 1] = 0x7F
    (tmp_path / "m").write_bytes(bytes(data))
    with pytest.raises(ArtifactError):
        read_meta_graph(tmp_path / "m")


def test_text_errors_say_where(tmp_path):
    (tmp_path / "m").write_text('meta_info_def {\n  tensorflow_version: "1.0"\n')
    with pytest.raises(FormatError, match="text that cannot be parsed"):
        read_meta_graph(tmp_path / "m")
    (tmp_path / "m").write_bytes(b'meta_info_def { tensorflow_version: "\xff" }')
    with pytest.raises(FormatError, match="not UTF-8") as error:
        read_meta_graph(tmp_path / "m")
    assert error.value.offset == 37


def test_nothing_there_and_a_directory(tmp_path):
    with pytest.raises(SourceNotFoundError):
        read_meta_graph(tmp_path / "none.meta")
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_meta_graph(tmp_path)


@pytest.mark.skipif(not hasattr(os, "truncate"), reason="needs sparse files")
def test_a_huge_file_is_refused_without_reading_it(tmp_path, message):
    path = write(tmp_path / "m", message)
    os.truncate(path, 3 << 30)  # a sparse file
    with pytest.raises(FormatError, match="too large"):
        read_meta_graph(path)
    (tmp_path / "shard").touch()
    os.truncate(tmp_path / "shard", 3 << 30)
    with pytest.raises(NotALegacyArtifactError, match="zero bytes"):
        read_meta_graph(tmp_path / "shard")


def test_graphs_and_saved_models(tmp_path, message):
    assert read_graph_def(write(tmp_path / "g", message.graph_def)) == message.graph_def
    (tmp_path / "s").write_bytes(saved_model(message))
    assert read_saved_model(tmp_path / "s").meta_graphs[0] == message
    with pytest.raises(NotALegacyArtifactError, match=r"expected a GraphDef .*, found a MetaGraphDef"):
        read_graph_def(write(tmp_path / "m", message))


def test_signatures_and_collections_come_in_one_order(tmp_path, message):
    for name in ("serve", "b", "a"):
        message.signature_def[name].method_name = "predict"
        message.collection_def[name].node_list.value.append("x")
    meta = read_meta_graph(write(tmp_path / "m", message))
    assert list(meta.signatures) == ["a", "b", "serve", "serving_default"]
    assert list(meta.collections) == ["a", "b", "serve", "train_op"]
