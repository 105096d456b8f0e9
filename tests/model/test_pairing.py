"""Graphs and checkpoints that belong together under different names."""

import pytest

import compat_saver
from compat_saver.errors import SourceNotFoundError
from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.model import open_model
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint

TRAINED = f"""{DENSE}
rate = Const[dtype=float32, value=float32[](0.1)]
step = ApplyGradientDescent[T=float32](w, rate, rate)
"""


@pytest.fixture
def checkpoint(tmp_path):
    return write_checkpoint(tmp_path / "model.ckpt-7", WEIGHTS)


def write_graph(path, text=TRAINED, *, as_text=False):
    message = to_graph_def(parse_graph(text))
    path.write_text(str(message)) if as_text else path.write_bytes(message.SerializeToString())
    return path


@pytest.mark.parametrize("name", ["graph.pbtxt", "graph.pb"])
def test_a_graph_def_with_a_checkpoint_beside_it(tmp_path, checkpoint, name):
    path = write_graph(tmp_path / name, as_text=name.endswith("txt"))
    for source in (path, checkpoint, tmp_path):
        model = open_model(source)
        assert (model.kind, model.path, model.meta.path) == ("checkpoint", str(checkpoint), str(path))
        assert f"{path} was taken for the graph of the checkpoint {checkpoint}" in " ".join(model.notes)
    assert model.trainable == {"w"}
    found = compat_saver.inspect(checkpoint)
    assert found.graph.path == str(path)


def test_a_graph_def_may_be_named_as_the_graph(tmp_path, checkpoint):
    (tmp_path / "elsewhere").mkdir()
    path = write_graph(tmp_path / "elsewhere" / "g.pb")
    assert open_model(checkpoint, meta_graph=path).meta.path == str(path)


def test_the_only_meta_graph_of_the_directory(tmp_path, checkpoint):
    path = tmp_path / "model.ckpt-0.meta"
    path.write_bytes(make_meta(DENSE).message.SerializeToString())
    model = open_model(checkpoint)
    assert (model.meta.path, model.path) == (str(path), str(checkpoint))
    path.with_name("model.ckpt-1.meta").write_bytes(path.read_bytes())
    with pytest.raises(SourceNotFoundError, match=r"If one of model\.ckpt-0\.meta, model\.ckpt-1\.meta is its graph"):
        open_model(checkpoint)


def test_a_graph_whose_variables_do_not_fit_is_not_taken(tmp_path, checkpoint):
    path = tmp_path / "other.meta"
    path.write_bytes(make_meta(DENSE.replace("shape=[2, 3]", "shape=[2, 4]")).message.SerializeToString())
    with pytest.raises(SourceNotFoundError, match="--meta-graph"):
        open_model(checkpoint)
    graph = write_graph(tmp_path / "graph.pb", f"{DENSE}\nmore = VariableV2[dtype=float32, shape=[1]]")
    model = open_model(graph)
    assert (model.kind, model.checkpoint) == ("graph_def", None)


def test_a_meta_graph_without_variables_needs_no_checkpoint(tmp_path):
    path = tmp_path / "alone.meta"
    path.write_bytes(make_meta("x = Placeholder[dtype=float32]\ny = Neg[T=float32](x)").message.SerializeToString())
    assert open_model(path).checkpoint is None
    report = compat_saver.migrate(path, tmp_path / "out", outputs=["y"], dry_run=True)
    assert report.source.kind == "meta_graph"
    path.write_bytes(make_meta(DENSE).message.SerializeToString())
    with pytest.raises(SourceNotFoundError, match="its checkpoint"):
        open_model(path)
