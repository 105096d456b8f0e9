"""Bad input: one clear message, the documented exit code, nothing written, no traceback."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from compat_saver.cli import main
from compat_saver.proto.messages import AttrValue, MetaGraphDef
from tests.small_models import DENSE, WEIGHTS, write_checkpoint, write_model
from tests.sources.files import HTML, LFS_POINTER

SHARD = "model.ckpt.data-00000-of-00001"
UNUSABLE, OBSTRUCTED = 2, 3


@pytest.fixture
def model(tmp_path):
    (tmp_path / "run").mkdir()
    return write_model(tmp_path / "run")


def refuse(source, output, *flags, code=UNUSABLE) -> str:
    """Runs `migrate`, holds it to what every refusal promises, and returns what it said."""
    before = sorted(output.parent.iterdir()) if output.parent.is_dir() else None
    result = CliRunner().invoke(main, ["migrate", *map(str, (source, output, *flags))])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.count("Error: ") == 1
    assert "Traceback" not in result.stderr
    assert (sorted(output.parent.iterdir()) if output.parent.is_dir() else None) == before
    return result.stderr


def assert_says(text: str, *words: str) -> None:
    assert [word for word in words if word not in text] == [], text


# ---- files


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.ckpt.index", b"", ("model.ckpt.index", "an empty file", "again")),
        ("model.ckpt.index", LFS_POINTER, ("model.ckpt.index", "Git LFS pointer", "git lfs pull")),
        ("model.ckpt.index", HTML, ("model.ckpt.index", "an HTML page")),
        ("model.ckpt.meta", b"", ("model.ckpt.meta", "an empty file", "again")),
        ("model.ckpt.meta", LFS_POINTER, ("model.ckpt.meta", "Git LFS pointer", "git lfs pull")),
        ("model.ckpt.meta", HTML, ("model.ckpt.meta", "an HTML page")),
        (SHARD, LFS_POINTER, (SHARD, "Git LFS pointer", "git lfs pull")),
    ],
)
def test_something_else_in_place_of_a_file(model, tmp_path, name, content, words):
    model.with_name(name).write_bytes(content)
    assert_says(refuse(model, tmp_path / "out"), *words)


@pytest.mark.parametrize("name", ["model.ckpt.index", "model.ckpt.meta"])
def test_a_file_cut_short(model, tmp_path, name):
    file = model.with_name(name)
    file.write_bytes(file.read_bytes()[:-10])
    assert_says(refuse(model, tmp_path / "out"), name, "cut short")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model.ckpt.index", ("a graph alone", "model.ckpt.index", "Copy it there")),
        ("model.ckpt.meta", ("model.ckpt.meta", "no graph beside it", "--meta-graph")),
        (SHARD, ("missing", SHARD, "Copy all of its files")),
    ],
)
def test_a_file_missing(model, tmp_path, name, words):
    model.with_name(name).unlink()
    assert_says(refuse(model, tmp_path / "out"), *words)


@pytest.mark.tensorflow
def test_a_data_shard_cut_short(model, tmp_path):
    shard = model.with_name(SHARD)
    shard.write_bytes(shard.read_bytes()[:-4])
    said = refuse(model, tmp_path / "out", "--no-verify")
    assert_says(said, SHARD, "tensor 'b'", "beyond the end of the file", "cut short")


@pytest.mark.tensorflow
def test_a_data_shard_with_a_flipped_bit(model, tmp_path):
    shard = model.with_name(SHARD)
    data = bytearray(shard.read_bytes())
    data[3] ^= 1
    shard.write_bytes(data)
    assert_says(refuse(model, tmp_path / "out", "--no-verify"), SHARD, "checksum")


def test_no_such_path(model, tmp_path):
    assert_says(
        refuse(model.with_name("modle.ckpt"), tmp_path / "out"), "there is no such", "did you mean 'model.ckpt'"
    )
    assert_says(refuse(tmp_path / "rnu" / "model.ckpt", tmp_path / "out"), "no directory", "did you mean 'run'")


def test_a_graph_of_another_checkpoint(tmp_path):
    (tmp_path / "run").mkdir()
    others = {"w_1": WEIGHTS["w"], "b": np.zeros(4, np.float32), "c": np.zeros(2, np.float64)}
    text = (
        DENSE + "c = VariableV2[dtype=float32, shape=[2]]\nc/read = Identity[T=float32](c)\nd = Identity[T=float32](c)"
    )
    prefix = write_model(tmp_path / "run", text, others)
    said = refuse(prefix, tmp_path / "out", "--outputs", "prediction,d", code=OBSTRUCTED)
    assert_says(said, "3 obstacles", "'w' is not in", "did you mean 'w_1'", "'b'", "[3]", "[4]", "float32", "float64")


def test_the_meta_graph_flag_leads_nowhere(model, tmp_path):
    assert_says(refuse(model, tmp_path / "out", "--meta-graph", tmp_path / "no.meta"), "no.meta", "no such file")
    assert_says(refuse(model, tmp_path / "out", "--meta-graph", f"{model}.index"), "expected a MetaGraphDef")


def test_a_graph_without_its_checkpoint(model, tmp_path):
    alone = tmp_path / "alone.meta"
    alone.write_bytes(model.with_name("model.ckpt.meta").read_bytes())
    assert_says(refuse(alone, tmp_path / "out"), "a graph alone", "alone.index")


# ---- names and flags


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--outputs", "predicton"], ("no node 'predicton'", "did you mean 'prediction'")),
        (["--outputs", "prediction", "--inputs", "xx:0,produkt"], ("no node 'xx'",)),
        (["--outputs", "prediction", "--inputs", "produkt"], ("'produkt'", "did you mean 'product'")),
        (["--outputs", "prediction", "--bind", "biad=1"], ("no node 'biad'",)),
        (["--signature", "serve:x->predict"], ("no node 'predict'", "'prediction'")),
        (["--outputs", "prediction:1"], ("no tensor 'prediction:1'", "1 output")),
        (["--outputs", "prediction", "--bind", "x:3=1"], ("'x:3'", "1 output")),
        (["--outputs", "prediction:one"], ("'prediction:one'", "not a tensor name")),
        (["--signature-def", "serve"], ("no signature", "'serve'")),
    ],
)
def test_names_that_are_not_in_the_graph(model, tmp_path, flags, words):
    assert_says(refuse(model, tmp_path / "out", *flags), *words)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--outputs", ","], ("names nothing",)),
        (["--output-tags", ""], ("names nothing",)),
        (["--signature", "serve"], ("NAME:in1,in2->out1",)),
        (["--signature", "serve:x"], ("NAME:in1,in2->out1",)),
        (["--signature", "serve:x->"], ("NAME:in1,in2->out1",)),
        (["--signature", ":x->prediction"], ("NAME:in1,in2->out1",)),
        (["--bind", "x"], ("TENSOR=VALUE",)),
        (["--bind", "=1"], ("TENSOR=VALUE",)),
        (["--bind", "x=abc"], ("'abc' is no value for 'x:0'", "float32")),
        (["--rtol", "-1"], ("--rtol",)),
        (["--seed", "one"], ("--seed",)),
        (["--outputs", "prediction", "--signature", "a:x->prediction"], ("not both",)),
        (["--outputs", "prediction", "--signature-def", "serve"], ("--signature-def", "not both")),
        (["--verify-data", "in.npz", "--no-verify"], ("--verify-data", "--no-verify")),
        (["--signature", "a:x->product", "--signature", "a:x->prediction"], ("'a' is given more than once",)),
        (["--bind", "x=1", "--bind", "x=2"], ("'x' is given more than once",)),
        (["--inputs", "x", "--outputs", "prediction", "--bind", "x=[[1, 2]]"], ("'x:0' is bound", "input")),
    ],
)
def test_flags_that_say_nothing_or_contradict_each_other(model, tmp_path, flags, words):
    assert_says(refuse(model, tmp_path / "out", *flags), *words)


def test_outputs_that_need_what_nobody_gives(tmp_path):
    (tmp_path / "run").mkdir()
    text = DENSE + "keep = Placeholder[dtype=bool]\nscale = Placeholder[dtype=float32]\n"
    text += "y = Mul[T=float32](prediction, scale, ^keep)"
    prefix = write_model(tmp_path / "run", text)
    said = refuse(prefix, tmp_path / "out", "--inputs", "x", "--outputs", "y")
    assert_says(
        said, "depends on the placeholders 'keep:0', 'scale:0'", "--bind keep:0=false", "--bind scale:0=1.0", "--inputs"
    )


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (None, ("no such file",)),
        (b"hello", ("no .npz file",)),
        (b"", ("no .npz file",)),
        ({"z": np.zeros((2, 2), np.float32)}, ("no array 'x' or 'x:0'", "'serving_default'")),
        ({"x": np.array([["a", "b"]])}, ("'x' has dtype <U1", "expected float32")),
        ({"x": np.array([[1j, 2j]])}, ("'x' has dtype complex128", "expected float32")),
        ({"x": np.array([[None, 1]])}, ("cannot be read", "not an array of numbers or strings")),
    ],
)
def test_data_to_verify_with_that_does_not_fit(model, tmp_path, arrays, words):
    file = tmp_path / "in.npz"
    if isinstance(arrays, bytes):
        file.write_bytes(arrays)
    elif arrays is not None:
        np.savez(file, **arrays)
    said = refuse(model, tmp_path / "out", "--outputs", "prediction", "--verify-data", file)
    assert_says(said, "in.npz", *words)


def test_an_array_alone_is_no_data_to_verify_with(model, tmp_path):
    np.save(tmp_path / "in.npy", np.zeros((2, 2), np.float32))
    assert_says(refuse(model, tmp_path / "out", "--verify-data", tmp_path / "in.npy"), "no .npz file", "numpy.savez")


@pytest.mark.tensorflow
def test_data_of_a_shape_that_the_graph_refuses(model, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.zeros((2, 5), np.float32))
    said = refuse(model, tmp_path / "out", "--verify-data", tmp_path / "in.npz")
    assert_says(said, "does not run on the given inputs", "(2, 5)")


# ---- the output


def test_an_existing_output(model, tmp_path):
    (tmp_path / "out").mkdir()
    assert_says(refuse(model, tmp_path / "out"), "already there", "--overwrite")
    (tmp_path / "file").touch()
    assert_says(refuse(model, tmp_path / "file"), "already there", "--overwrite")


@pytest.mark.tensorflow
def test_an_existing_output_is_replaced_on_request(model, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "saved_model.pb").touch()
    (tmp_path / "out" / "old").touch()
    result = CliRunner().invoke(main, ["migrate", str(model), str(tmp_path / "out"), "--overwrite", "--no-verify"])
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]
    assert not (tmp_path / "out" / "old").exists()


def test_what_is_no_saved_model_is_never_replaced(model, tmp_path):
    assert_says(refuse(model, model.parent, "--overwrite"), "is no SavedModel", "Name another output")
    assert_says(refuse(model, tmp_path, "--overwrite"), "is no SavedModel")
    assert model.with_name("model.ckpt.index").exists()


def test_an_output_where_nothing_can_be_written(model, tmp_path):
    (tmp_path / "file").touch()
    assert_says(refuse(model, tmp_path / "file" / "out"), "Nothing can be written beside")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a place where even root cannot write")
def test_an_output_in_a_place_that_cannot_be_written(model, tmp_path):
    from pathlib import Path

    assert_says(refuse(model, Path("/proc/nothing/out")), "Nothing can be written beside /proc/nothing/out")


def test_a_full_disk(model, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("compat_saver.migration.execution.write_saved_model", fail)
    assert_says(refuse(model, tmp_path / "out"), "No space left on device")


# ---- obstacles

OBSTRUCTED_GRAPH = """
x = Placeholder[dtype=float32, shape=[?, 2]]
queue = FIFOQueueV2[component_types={float32}]
batch = QueueDequeueV2[component_types={float32}](queue)
table = HashTableV2[key_dtype=string, value_dtype=float32]
key = Const[dtype=string, value=string[]("a")]
default = Const[dtype=float32, value=float32[](0.0)]
found = LookupTableFindV2[Tin=string, Tout=float32](table, key, default)
python = PyFunc[Tin={float32}, Tout={float32}, token="pyfunc_0"](x)
gone = BipartiteMatch(x, x)
alien = TheirOwnOp(x)
w = VariableV2[dtype=float32, shape=[2, 3]]
stuck = NegTrain[vocab_count={1}, num_negative_samples=1](w, w, key, key, default)
lost = VariableV2[dtype=float32, shape=[7]]
sum = Add[T=float32](batch, found)
y = Add[T=float32](sum, python, ^batch, ^gone, ^alien, ^stuck, ^lost)
"""


def test_all_obstacles_at_once(tmp_path):
    (tmp_path / "run").mkdir()
    prefix = write_model(tmp_path / "run", OBSTRUCTED_GRAPH, {"w": WEIGHTS["w"]})
    said = refuse(prefix, tmp_path / "out", "--outputs", "y", code=OBSTRUCTED)
    lines = [line for line in said.splitlines() if line.startswith("  - ")]
    for words in (
        ("QueueDequeueV2", "'batch'", "input pipeline", "--inputs"),
        ("lookup table 'table'", "--inputs"),
        ("PyFunc", "'python'", "Python function", "--inputs"),
        ("BipartiteMatch ('gone')", "tf.contrib.image", "2.0"),
        ("TheirOwnOp", "'alien'", "third party"),
        ("NegTrain", "'stuck'"),
        ("Variable 'lost' is not in",),
    ):
        assert any(all(word in line for word in words) for line in lines), words


def test_what_the_outputs_do_not_need_is_no_obstacle(tmp_path):
    (tmp_path / "run").mkdir()
    prefix = write_model(tmp_path / "run", OBSTRUCTED_GRAPH + "fine = Neg[T=float32](x)", {"w": WEIGHTS["w"]})
    arguments = ["migrate", str(prefix), str(tmp_path / "out"), "--dry-run"]
    assert CliRunner().invoke(main, [*arguments, "--outputs", "fine"]).exit_code == 0
    cut = [*arguments, "--outputs", "sum", "--inputs", "batch,found"]
    assert CliRunner().invoke(main, cut).exit_code == 0


# ---- other commands, and a real process


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "an empty file"), (LFS_POINTER, "Git LFS pointer"), (HTML, "an HTML page"), (b"abc", "no known kind")],
)
def test_inspect_refuses_likewise(tmp_path, content, words):
    (tmp_path / "model.ckpt").write_bytes(content)
    result = CliRunner().invoke(main, ["inspect", str(tmp_path / "model.ckpt")])
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert_says(result.stderr, "Error: ", "model.ckpt", words)


def test_verify_wants_a_model_that_was_migrated(model, tmp_path):
    result = CliRunner().invoke(main, ["verify", str(model), str(tmp_path)])
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert_says(result.stderr, "was not migrated by compat_saver", "report.json")


def test_a_real_process(model, tmp_path):
    model.with_name("model.ckpt.index").write_bytes(LFS_POINTER)
    command = [sys.executable, "-m", "compat_saver", "migrate", str(model), "out"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (UNUSABLE, "")
    assert len(result.stderr.splitlines()) == 1
    assert_says(result.stderr, "Error: ", "Git LFS pointer")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_real_process_with_obstacles(tmp_path):
    (tmp_path / "run").mkdir()
    prefix = write_model(tmp_path / "run", DENSE, {"b": WEIGHTS["b"]})
    command = [sys.executable, "-m", "compat_saver", "migrate", str(prefix), "out"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (OBSTRUCTED, "")
    assert_says(result.stderr, "1 obstacle", "Variable 'w' is not in")


def test_the_source_may_be_a_checkpoint_that_holds_more(tmp_path):
    (tmp_path / "run").mkdir()
    write_model(tmp_path / "run")
    prefix = write_checkpoint(tmp_path / "more", {**WEIGHTS, "w/Adam": WEIGHTS["w"]})
    flags = ["--meta-graph", str(tmp_path / "run" / "model.ckpt.meta"), "--dry-run"]
    result = CliRunner().invoke(main, ["migrate", str(prefix), str(tmp_path / "out"), *flags])
    assert result.exit_code == 0, result.stderr


# ---- input that lies


def test_text_that_is_nested_without_end(tmp_path):
    (tmp_path / "g.pbtxt").write_text('node { name: "x" attr { key: "a" value { ' + "func { attr { value { " * 5000)
    said = refuse(tmp_path / "g.pbtxt", tmp_path / "out")
    assert_says(said, "g.pbtxt", "braces in braces without end")


def test_a_state_file_with_a_zero_byte_in_a_path(tmp_path):
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model\\000.ckpt"\n')
    assert_says(refuse(tmp_path, tmp_path / "out"), "a path with a zero byte in it")


@pytest.mark.parametrize("arguments", [["PIPE"], ["MODEL", "--meta-graph", "PIPE"], ["MODEL", "--verify-data", "PIPE"]])
def test_a_pipe_is_named_and_not_read(arguments, model, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    names = {"PIPE": str(tmp_path / "pipe"), "MODEL": str(model)}
    source, *options = (names.get(item, item) for item in arguments)
    assert_says(refuse(source, tmp_path / "out", "--dry-run", *options), "found a named pipe")


DAMAGED = {
    "a type that is none": AttrValue(type=0),
    "a type that does not exist": AttrValue(type=1077),
    "another kind": AttrValue(i=1),
    "nothing": AttrValue(),
    "missing": None,
}


@pytest.mark.parametrize("attr", DAMAGED.values(), ids=DAMAGED)
def test_a_graph_with_a_damaged_attribute(attr, tmp_path):
    """Of an input, a variable and an output, through every command."""
    prefix = write_model(tmp_path)
    path = prefix.with_name("model.ckpt.meta")
    whole = path.read_bytes()
    for name in ("x", "w", "prediction"):
        meta = MetaGraphDef.FromString(whole)
        (node,) = (item for item in meta.graph_def.node if item.name == name)
        (key,) = node.attr.keys() & {"T", "dtype"}
        del node.attr[key]
        if attr is not None:
            node.attr[key].CopyFrom(attr)
        path.write_bytes(meta.SerializeToString())
        expected = f"Node '{name}' ({node.op}): attribute '{key}': expected "
        for flags in ([], ["--dry-run"], ["--no-verify"]):
            assert_says(refuse(prefix, tmp_path / "out", "--outputs", "prediction", *flags), expected)
        inspected = CliRunner().invoke(main, ["inspect", str(prefix)])
        assert (inspected.exit_code, inspected.stdout) == (UNUSABLE, "")
        assert_says(inspected.stderr, expected)
