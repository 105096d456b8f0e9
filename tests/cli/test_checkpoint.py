"""Every `compat-saver checkpoint` command: output, JSON, exit codes, refusals."""

import json
import os

import click
import numpy as np
import pytest
from click.testing import CliRunner

from compat_saver.bundle import open_bundle
from compat_saver.cli import main
from compat_saver.cli.checkpoint import checkpoint as group
from compat_saver.cli.output import DIFFERENT, UNUSABLE
from tests.checkpoints.files import arrays, golden, write
from tests.report.test_json import strict


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["checkpoint", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    return result


def printed(*arguments, code=0):
    return strict(run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def model(tmp_path):
    """A checkpoint with slots, averages and NaN."""
    return write(
        tmp_path / "model",
        dense__w=np.float64([[1, 2], [3, 4]]),
        dense__w__Adam=np.float64([[0, 0], [0, np.nan]]),
        dense__w__ExponentialMovingAverage=np.float64([[1, 1], [1, 1]]),
        step=np.int64(7),
        words=np.array([b"a", b"b"], object),
    )


@pytest.fixture
def plain(tmp_path):
    return write(tmp_path / "plain", dense__w=np.float64([[1, 2], [3, 4.5]]), other=1)


# ---- commands that read


def test_ls(model):
    found = printed("ls", model)
    assert [item["name"] for item in found["tensors"]] == list(open_bundle(model))
    assert found["tensors"][0] == {"name": "dense/w", "dtype": "float64", "shape": [2, 2], "bytes": 32, "slices": 1}
    assert run("ls", model, "--flat", "step").stdout == "step  int64  []  8\n"
    assert "dense/" in run("ls", model).stdout


def test_get(model, tmp_path):
    assert run("get", model, "dense/w").stdout == "[[1. 2.]\n [3. 4.]]\n"
    assert printed("get", model, "dense/w/Adam", "--slice", "1:") == {
        "name": "dense/w/Adam", "dtype": "float64", "shape": [1, 2], "values": [[0, None]]
    }  # fmt: skip
    assert printed("get", model, "words")["values"] == ["a", "b"]
    result = run("get", model, "dense/w", "-o", tmp_path / "w.npy", "--slice", ":,1:")
    assert (result.stdout, np.load(tmp_path / "w.npy").tolist()) == ("", [[2], [4]])
    assert "--overwrite" in run("get", model, "step", "-o", tmp_path / "w.npy", code=UNUSABLE).stderr
    assert printed("get", model, "step", "-o", tmp_path / "w.npy", "--overwrite")["output"].endswith("w.npy")


def test_get_of_every_type(tmp_path):
    from tests.bundle.conftest import MIXED

    source = write(tmp_path / "m", **MIXED)
    for name, array in MIXED.items():
        found = printed("get", source, name)
        assert found["shape"] == list(array.shape)
        assert found["dtype"] == ("string" if array.dtype == object else array.dtype.name)


def test_stats(model, plain):
    found = printed("stats", model)
    assert found["unsound"] == ["dense/w/Adam"]
    assert found["tensors"][1] == {
        "name": "dense/w/Adam", "dtype": "float64", "shape": [2, 2], "min": 0, "max": 0, "mean": 0, "nan": 1, "inf": 0
    }  # fmt: skip
    assert "1 of 5 tensors hold NaN" in run("stats", model).stderr
    checked = run("stats", model, "--check", code=DIFFERENT)
    assert "dense/w/Adam" in checked.stdout
    assert "step" not in checked.stdout
    assert run("stats", plain, "--check").stdout == ""
    run("stats", model, "--check", "dense/w", "step")


def test_diff(model, plain):
    found = printed("diff", model, plain, code=DIFFERENT)
    assert [item["kind"] for item in found["differences"]] == [
        "values",
        *["only in A"] * 2,
        "only in B",
        *["only in A"] * 2,
    ]
    assert found["differences"][0]["max_abs_diff"] == 0.5
    assert run("diff", model, model).stdout.endswith("5 of 5 tensors are the same.\n")
    assert "dense/w " in run("diff", model, plain, code=DIFFERENT).stdout
    assert "dense/w " not in run("diff", model, plain, "--atol", "0.5", code=DIFFERENT).stdout


def test_verify(model):
    assert printed("verify", model)["intact"]
    data = model.with_name("model.data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[0] ^= 1
    data.write_bytes(content)
    assert len(printed("verify", model, code=DIFFERENT)["damage"]) == 1
    told = run("verify", model, code=DIFFERENT).stdout
    assert "damaged in 1 place\n" in told
    assert "'dense/w'" in told


# ---- commands that write


def written(model, tmp_path, *arguments):
    """Runs a command twice, to see its JSON and that it refuses what is there; returns what it wrote."""
    found = printed(arguments[0], model, tmp_path / "out", *arguments[1:])
    assert found["output"] == str(tmp_path / "out")
    assert all(os.path.exists(path) for path in found["files"])
    again = run(arguments[0], model, tmp_path / "out", *arguments[1:], code=UNUSABLE)
    assert "--overwrite" in again.stderr
    assert run(arguments[0], model, tmp_path / "out", *arguments[1:], "--overwrite").stdout == ""
    return found


def test_convert(model, tmp_path):
    assert len(written(model, tmp_path, "convert", "--shards", "2", "--join")["files"]) == 3
    assert arrays(tmp_path / "out") == arrays(model)


def test_rename(model, tmp_path):
    (tmp_path / "map.yaml").write_text("step: global_step\n")
    (tmp_path / "regex.json").write_text('{"/Adam$": "/m"}')
    files = ["--map", tmp_path / "map.yaml", "--regex-map", tmp_path / "regex.json"]
    found = written(model, tmp_path, "rename", "dense/w=kernel", "--regex", r"^(\w)ords$", r"\1", *files)
    assert found["changed"] == {
        "kernel": "was dense/w", "dense/w/m": "was dense/w/Adam", "global_step": "was step", "w": "was words"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "nothing to rename"),
        (["dense/w"], "not of the form OLD=NEW"),
        (["stepp=x"], "did you mean 'step'"),
        (["step=x", "step=y"], "both 'x' and 'y'"),
        (["step=words"], "same name: 'words'"),
        (["--map", "none.json"], "none.json"),
    ],
)
def test_renames_refused(model, tmp_path, flags, words):
    before = sorted(os.listdir(tmp_path))
    result = run("rename", model, tmp_path / "out", *flags, code=UNUSABLE)
    assert words in result.stderr
    assert (result.stdout, sorted(os.listdir(tmp_path))) == ("", before)


def test_drop_and_keep(model, tmp_path):
    assert written(model, tmp_path, "drop", "--slots", "words")["dropped"] == ["dense/w/Adam", "words"]
    planned = run("keep", model, tmp_path / "new", "dense/w", "--dry-run")
    assert "step                              left out" in planned.stdout
    assert "Nothing was written (dry run): 1 tensor (32 B), 4 left out." in planned.stderr


def test_ema(model, tmp_path):
    found = written(model, tmp_path, "ema")
    assert found["changed"] == {"dense/w": "was dense/w/ExponentialMovingAverage"}
    assert open_bundle(tmp_path / "out")["dense/w"].tolist() == [[1, 1], [1, 1]]


def test_cast(model, tmp_path):
    assert len(written(model, tmp_path, "cast", "float64=bfloat16", "--only", "*/w")["changed"]) == 1
    assert "FROM=TO" in run("cast", model, tmp_path / "new", "float64", code=UNUSABLE).stderr
    assert "no type" in run("cast", model, tmp_path / "new", "float65=float32", code=UNUSABLE).stderr


def test_merge_and_average(model, plain, tmp_path):
    assert "'dense/w'" in run("merge", model, plain, tmp_path / "out", code=UNUSABLE).stderr
    assert printed("merge", model, plain, tmp_path / "out", "--prefer", "last")["tensors"] == 6
    assert open_bundle(tmp_path / "out")["dense/w"][1, 1] == 4.5
    assert "not of one model" in run("average", model, plain, tmp_path / "mean", code=UNUSABLE).stderr
    assert printed("average", plain, plain, tmp_path / "mean")["changed"] == {"dense/w": "mean of 2 checkpoints"}
    assert arrays(tmp_path / "mean") == arrays(plain)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_export_and_import(model, tmp_path, suffix):
    file, flags = tmp_path / f"m{suffix}", ["--skip-unsupported"]
    assert printed("export", model, file, *flags)["output"] == str(file)
    assert "--overwrite" in run("export", model, file, *flags, code=UNUSABLE).stderr
    run("import", file, tmp_path / "back")
    kept = arrays(tmp_path / "back")
    assert kept == {name: value for name, value in arrays(model).items() if name in kept}
    assert len(kept) == (5 if suffix == ".npz" else 4)


def test_what_safetensors_cannot_hold(model, tmp_path):
    told = run("export", model, tmp_path / "m.safetensors", code=UNUSABLE).stderr
    assert "'words' (of string)" in told
    assert "--skip-unsupported" in told


# ---- all of them

ARGUMENTS = {
    "ls": [], "get": ["step"], "stats": [], "verify": [], "convert": ["out"], "rename": ["out", "a=b"],
    "drop": ["out", "a"], "keep": ["out", "a"], "ema": ["out"], "cast": ["out", "float32=float16"],
    "export": ["out.npz"], "import": ["out"],
}  # fmt: skip


def test_there_are_no_other_commands():
    assert set(group.list_commands(click.Context(group))) == {*ARGUMENTS, "diff", "merge", "average"}


@pytest.mark.parametrize("command", [name for name in ARGUMENTS if name != "import"])
def test_what_is_not_there(command, tmp_path):
    arguments = [tmp_path / item if item.startswith("out") else item for item in ARGUMENTS[command]]
    result = run(command, tmp_path / "none", *arguments, code=UNUSABLE)
    assert (result.stdout, result.stderr.count("Error: ")) == ("", 1)
    assert "none: there is no such file" in result.stderr
    found = printed(command, tmp_path / "none", *arguments, code=UNUSABLE)
    assert found["error"] == "SourceNotFoundError"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", ["diff", "merge", "average"])
def test_what_is_not_there_beside_what_is(command, model, tmp_path):
    assert (
        "no such file" in run(command, model, tmp_path / "none", tmp_path / "out", code=UNUSABLE).stderr
        if (command != "diff")
        else run(command, model, tmp_path / "none", code=UNUSABLE)
    )


def test_the_import_of_nothing(tmp_path):
    assert "none.npz" in run("import", tmp_path / "none.npz", tmp_path / "out", code=UNUSABLE).stderr
    assert "ends with" in run("import", tmp_path / "none.h5", tmp_path / "out", code=UNUSABLE).stderr


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\nsize 9\n"])
def test_something_else_in_place_of_a_checkpoint(content, tmp_path):
    (tmp_path / "model.index").write_bytes(content)
    for command in ("ls", "verify", "stats"):
        assert "Error: " in run(command, tmp_path / "model.index", code=UNUSABLE).stderr


def test_golden_directories_are_sources():
    for name in ("partitioned", "v1_format", "sharded", "moving_average", "dense_adam"):
        folder = golden(name).parent
        assert printed("verify", folder)["intact"]
        assert printed("ls", folder)["tensors"]
        assert not printed("stats", folder)["unsound"]


def test_a_progress_bar_on_a_terminal_only(model, tmp_path, monkeypatch):
    from compat_saver.cli.output import byte_bar

    with byte_bar("Reading") as silent:
        assert silent is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with byte_bar("Reading") as progress:
        progress(5, 10)


def test_the_json_of_everything_is_strict(model, tmp_path):
    assert json.dumps(printed("stats", model), allow_nan=False)
