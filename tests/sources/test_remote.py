"""Sources at URLs: what is fetched of them, over fsspec's memory and HTTP file systems."""

import functools
import http.server
import shutil
import sys
import threading
import zipfile
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver as cs
from compat_saver.bundle import remote_files
from compat_saver.cli import main
from compat_saver.errors import ArtifactError, SourceNotFoundError
from compat_saver.sources.remote import local_path
from tests.golden_cases import GOLDEN
from tests.small_models import DENSE, make_meta, write_checkpoint, write_model

fsspec = pytest.importorskip("fsspec")
BLOCK = remote_files._BLOCK
LARGE = {
    "w": np.arange(6, dtype=np.float32).reshape(2, 3),
    "slot": np.random.default_rng(0).random(BLOCK, np.float32),
    "x": np.ones(3, np.float32),
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files and their parts, and notes which."""

    asked: ClassVar[list] = []

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range")
        path = self.translate_path(self.path)
        type(self).asked.append((self.path, wanted))
        if wanted is None or not path.endswith("00001"):
            super().do_GET()
            return
        with open(path, "rb") as file:
            data = file.read()
        start, end = (int(item) for item in wanted.removeprefix("bytes=").split("-"))
        part = data[start : end + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


@pytest.fixture
def served(tmp_path):
    """A directory, and the URL at which it is."""
    pytest.importorskip("aiohttp")
    Handler.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def memory(tmp_path):
    """Puts a directory into fsspec's memory and returns its URL."""
    system = fsspec.filesystem("memory")

    def put(folder, name):
        system.put(str(folder), f"/{tmp_path.name}/{name}", recursive=True)
        return f"memory://{tmp_path.name}/{name}"

    yield put
    system.store.clear()


def large_model(folder):
    folder.mkdir(parents=True, exist_ok=True)
    prefix = write_checkpoint(folder / "model.ckpt-7", LARGE)
    (folder / "model.ckpt-7.meta").write_bytes(make_meta(DENSE).message.SerializeToString())
    return prefix


def test_of_a_checkpoint_the_index_and_what_is_asked_for(served):
    folder, url = served
    large_model(folder / "run")
    with cs.open_checkpoint(f"{url}/run/model.ckpt-7") as checkpoint:
        assert [item.name for item in map(checkpoint.info, checkpoint)] == sorted(LARGE)
        assert not [path for path, _ in Handler.asked if ".data-" in path], "names and shapes are in the index"
        np.testing.assert_array_equal(checkpoint["x"], LARGE["x"])
    parts = [part for path, part in Handler.asked if ".data-" in path]
    assert parts == [f"bytes={4 * BLOCK}-{4 * BLOCK + 35}"], "the last block, not the slot of 4 MB before it"


def test_everything_of_it_if_everything_is_read(served):
    folder, url = served
    large_model(folder / "run")
    with cs.open_checkpoint(f"{url}/run/model.ckpt-7.index") as checkpoint:
        checkpoint.verify()
        for name, array in LARGE.items():
            np.testing.assert_array_equal(checkpoint[name], array)


def test_a_directory_at_a_server(served):
    folder, url = served
    write_model(folder / "run")
    found = cs.inspect(f"{url}/run/")
    assert [item.tensor for item in found.placeholders] == ["x:0"]


def test_the_latest_checkpoint_of_a_directory_only(tmp_path, memory):
    large_model(tmp_path / "run")
    write_checkpoint(tmp_path / "run" / "model.ckpt-3", LARGE)
    (tmp_path / "run" / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-7"\n')
    copies = local_path(memory(tmp_path / "run", "run"))
    assert sorted(path.name for path in copies.iterdir()) == [
        "checkpoint",
        *(f"model.ckpt-7{ending}" for ending in (".data-00000-of-00001", ".index", ".meta")),
    ]
    assert (copies / "model.ckpt-7.data-00000-of-00001").stat().st_blocks == 0


def test_a_migration_of_a_model_in_memory(tmp_path, memory):
    write_model(tmp_path / "run")
    report = cs.migrate(memory(tmp_path / "run", "run"), tmp_path / "out", verify=False)
    assert report.source.path.endswith("/run/model.ckpt")
    here = cs.migrate(tmp_path / "run", tmp_path / "here", verify=False)
    written = [tmp_path / name / "variables" / "variables.data-00000-of-00001" for name in ("out", "here")]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert [item.name for item in report.weights] == [item.name for item in here.weights]


def test_a_keras_file_in_memory(tmp_path, memory):
    pytest.importorskip("h5py")
    with zipfile.ZipFile(GOLDEN / "keras" / "tf-2.8.4" / "nested.zip") as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".h5"))
        (tmp_path / "model.h5").write_bytes(archive.read(name))
    url = memory(tmp_path / "model.h5", "model.h5")
    report = cs.migrate(url, tmp_path / "out.keras", dry_run=True)
    assert report.to_dict()["source"]["kind"] == "keras_hdf5"


def test_a_saved_model(tmp_path, memory):
    source = next(
        path.parent for path in sorted(GOLDEN.glob("**/saved_model.pb")) if (path.parent / "variables").is_dir()
    )
    shutil.copytree(source, tmp_path / "served")
    assert cs.inspect(memory(tmp_path / "served", "model")).outputs == cs.inspect(source).outputs


def test_a_graph_and_inputs_at_urls(tmp_path, memory, served):
    folder, url = served
    prefix = write_model(tmp_path / "run")
    prefix.with_name("model.ckpt.meta").rename(folder / "elsewhere.meta")
    np.savez(tmp_path / "in.npz", x=np.array([["text"]]))
    graph, inputs = f"{url}/elsewhere.meta", memory(tmp_path / "in.npz", "in.npz")
    assert [item.tensor for item in cs.inspect(prefix, meta_graph=graph).placeholders] == ["x:0"]
    flags = ["--meta-graph", graph, "--verify-data", inputs, "--dry-run"]
    done = CliRunner().invoke(main, ["migrate", str(prefix), str(tmp_path / "out"), *flags])
    assert done.exit_code == 2
    assert "in.npz: 'x' has dtype <U4, expected float32" in done.stderr


@pytest.mark.parametrize("protocol", ["gs", "s3", "hf"])
def test_every_protocol_is_that_of_fsspec(protocol, tmp_path, monkeypatch):
    """Through a file system of that protocol that is in memory: its calls are the same."""

    class Bucket(fsspec.get_filesystem_class("memory")):
        cachable = False
        store: ClassVar = {}
        pseudo_dirs: ClassVar = [""]

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(str(path).removeprefix(f"{protocol}://"))

    Bucket.protocol = protocol
    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, protocol, Bucket)
    large_model(tmp_path / "run")
    Bucket().put(str(tmp_path / "run"), "/bucket/run", recursive=True)
    with cs.open_checkpoint(f"{protocol}://bucket/run/model.ckpt-7") as checkpoint:
        np.testing.assert_array_equal(checkpoint["x"], LARGE["x"])
    found = cs.inspect(f"{protocol}://bucket/run")
    assert [item.tensor for item in found.placeholders] == ["x:0"]


def test_nothing_is_there(memory, served):
    _, url = served
    for missing in ("memory://nowhere/model.ckpt", f"{url}/model.ckpt"):
        with pytest.raises(SourceNotFoundError, match="there is no such file"):
            cs.inspect(missing)


def test_a_file_that_changed_meanwhile(tmp_path, memory):
    large_model(tmp_path / "run")
    url = memory(tmp_path / "run", "run")
    with cs.open_checkpoint(url) as checkpoint:
        fsspec.filesystem("memory").pipe(f"/{tmp_path.name}/run/model.ckpt-7.data-00000-of-00001", b"short")
        with pytest.raises(ArtifactError, match=r"model\.ckpt-7\.data-00000-of-00001: expected .* bytes at"):
            checkpoint["x"].sum()


@pytest.mark.parametrize("url", ["s3://bucket/model.ckpt", "gs://bucket/model.ckpt"])
def test_without_the_extra_it_says_how_to_install_it(monkeypatch, url):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    remote_files._file_system.cache_clear()
    with pytest.raises(ArtifactError, match=r"pip install 'compat-saver\[remote\]'"):
        cs.inspect(url)


def test_an_unknown_protocol():
    with pytest.raises(ArtifactError, match="nonsense://x: Protocol not known"):
        cs.inspect("nonsense://x")


def test_a_stranger_cannot_add_to_the_list(tmp_path, monkeypatch):
    """What stands in a directory is never taken for a stand-in of a remote file."""
    prefix = write_model(tmp_path / "run")
    monkeypatch.delenv(remote_files._LIST, raising=False)
    assert remote_files.remote_file(f"{prefix}.data-00000-of-00001") is None
