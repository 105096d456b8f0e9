"""Small artifacts, written with the package's own writers."""

from compat_saver.bundle.entries import Header, encode_header
from compat_saver.bundle.index_table import IndexTableWriter
from compat_saver.proto import messages

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 1234567\n"
HTML = b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"
HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(200)


def write_table(path, *entries):
    with path.open("wb") as out:
        writer = IndexTableWriter(out)
        for key, value in entries:
            writer.add(key, value)
        writer.finish()
    return path


def write_index(path, shards=1, keys=(b"w",)):
    entry = messages.BundleEntryProto(dtype=1).SerializeToString()
    return write_table(path, (b"", encode_header(Header(shards))), *((key, entry) for key in keys))


def write_v2(directory, name, shards=1, keys=(b"w",)):
    write_index(directory / f"{name}.index", shards, keys)
    for shard in range(shards):
        (directory / f"{name}.data-{shard:05}-of-{shards:05}").write_bytes(bytes(4))
    return directory / name


def write_v1(path):
    tensors = messages.SavedTensorSlices()
    tensors.meta.tensor.add(name="w", type=1)
    return write_table(path, (b"", tensors.SerializeToString()))


def graph_def():
    graph = messages.GraphDef()
    graph.node.add(name="w", op="VariableV2")
    graph.versions.producer = 24
    return graph


def meta_graph():
    meta = messages.MetaGraphDef(graph_def=graph_def())
    meta.meta_info_def.tensorflow_version = "1.4.0"
    return meta


def write_message(path, message):
    path.write_bytes(message.SerializeToString())
    return path


def write_saved_model(directory):
    directory.mkdir(exist_ok=True)
    model = messages.SavedModel(saved_model_schema_version=1, meta_graphs=[meta_graph()])
    write_message(directory / "saved_model.pb", model)
    (directory / "variables").mkdir()
    write_v2(directory / "variables", "variables")
    return directory


def write_state(directory, latest, *others, name="checkpoint"):
    lines = [f'model_checkpoint_path: "{latest}"', *(f'all_model_checkpoint_paths: "{path}"' for path in others)]
    (directory / name).write_text("\n".join(lines) + "\n")
    return directory / name
