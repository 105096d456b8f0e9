"""Which models a batch finds, what it calls them, and what it reads from lists."""

import shutil
from pathlib import Path

import pytest

from compat_saver.batch.finding import find_models
from compat_saver.batch.jobs import make_jobs
from compat_saver.errors import UsageError
from compat_saver.graph import parse_graph, to_graph_def
from tests.golden_cases import GOLDEN
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint, write_model

FROZEN = """
x = Placeholder[dtype=float32, shape=[?, 2]]
y = Relu[T=float32](x)
"""


def tree(root: Path) -> Path:
    """A directory of everything: training runs, frozen graphs, SavedModels, and what is none of these."""
    write_model(root / "a" / "run")
    for step in (90, 100):
        _checkpoint(root / "b" / f"model.ckpt-{step}")
    _checkpoint(root / "c" / "model.ckpt-5")
    _checkpoint(root / "c" / "model.ckpt-50")
    (root / "c" / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/model.ckpt-5"\n')
    (root / "c" / "graph.pbtxt").write_text(str(to_graph_def(parse_graph(DENSE))))
    (root / "d").mkdir()
    (root / "d" / "frozen.pb").write_bytes(to_graph_def(parse_graph(FROZEN)).SerializeToString())
    (root / "d" / "lost.pb").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n")
    (root / "d" / "notes.txt").write_text("hello")
    (root / ".git").mkdir()
    shutil.copy(root / "d" / "frozen.pb", root / ".git" / "frozen.pb")
    return root


def _checkpoint(prefix: Path) -> None:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(prefix, WEIGHTS)
    prefix.with_name(f"{prefix.name}.meta").write_bytes(make_meta(DENSE).message.SerializeToString())


def found(root: Path, **settings) -> list[str]:
    return [str(path.relative_to(root)) for path in find_models(root, root / "out", **settings)]


def test_checkpoints_once_each_and_the_latest_of_a_directory(tmp_path):
    expected = ["a/run/model.ckpt", "b/model.ckpt-100", "c/model.ckpt-5", "d/frozen.pb", "d/lost.pb"]
    assert found(tree(tmp_path)) == expected


def test_all_checkpoints_if_asked_for(tmp_path):
    models = found(tree(tmp_path), every_checkpoint=True)
    assert [name for name in models if name[0] in "bc"] == [
        *("b/model.ckpt-100", "b/model.ckpt-90"),
        *("c/model.ckpt-5", "c/model.ckpt-50"),
    ]


def test_the_outputs_are_not_looked_into(tmp_path):
    write_model(tmp_path / "out" / "earlier")
    write_model(tmp_path / "run")
    assert found(tmp_path) == ["run/model.ckpt"]


def test_a_saved_model_is_one_and_its_variables_are_part_of_it(tmp_path):
    source = next(
        path.parent for path in sorted(GOLDEN.glob("**/saved_model.pb")) if (path.parent / "variables").is_dir()
    )
    shutil.copytree(source, tmp_path / "served" / "1")
    assert found(tmp_path) == ["served/1"]


def test_a_damaged_checkpoint_is_a_model_whose_migration_says_so(tmp_path):
    prefix = write_model(tmp_path / "run")
    prefix.with_name("model.ckpt.index").write_bytes(b"")
    assert found(tmp_path) == ["run/model.ckpt"]


def test_names_are_paths_and_differ_on_every_file_system(tmp_path):
    write_model(tmp_path / "a" / "b")
    write_model(tmp_path / "a__b")
    write_model(tmp_path / "A" / "B c")
    names = [job.name for job in make_jobs(tmp_path, tmp_path / "out", {})]
    assert [name.rpartition("-")[0] or name for name in names] == ["A__B_c", "a__b", "a__b"]
    assert len({name.casefold() for name in names}) == 3


def test_the_root_itself_may_be_a_model(tmp_path):
    write_model(tmp_path / "run")
    assert [job.name for job in make_jobs(tmp_path / "run", tmp_path / "out", {})] == ["model.ckpt"]


def jobs(path: Path, text: str, name: str = "list.txt", **common) -> list:
    (path / name).write_text(text)
    return list(make_jobs(path / name, path / "out", common))


def test_a_text_has_a_source_per_line_relative_to_it(tmp_path):
    write_model(tmp_path / "x" / "run")
    write_model(tmp_path / "y" / "run")
    listed = jobs(tmp_path, "# all of them\n\nx/run\ny/run\n")
    assert [(job.source, job.name) for job in listed] == [
        (str(tmp_path / "x" / "run"), "x__run"),
        (str(tmp_path / "y" / "run"), "y__run"),
    ]


def test_a_csv_has_options_in_columns(tmp_path):
    text = 'source,name,outputs,bind,init-missing\nrun,one,"a,b",{keep_prob: 0.5},true\nrun2,,,,\n'
    first, second = jobs(tmp_path, text, "list.csv", seed=3)
    assert first.name == "one"
    assert first.options == {"seed": 3, "outputs": ["a", "b"], "bind": {"keep_prob": 0.5}, "init_missing": True}
    assert (second.name, second.options) == ("run2", {"seed": 3})


def test_a_yaml_has_options_as_in_python(tmp_path):
    text = """
- run
- source: other
  signatures: {serve: {inputs: [x], outputs: {y: prediction}}}
  meta-graph: graphs/other.meta
"""
    first, second = jobs(tmp_path, text, "list.yaml")
    assert first.options == {}
    assert second.options == {
        "signatures": {"serve": (["x"], {"y": "prediction"})},
        "meta_graph": str(tmp_path / "graphs" / "other.meta"),
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.csv", "source,output\nrun,a\n", "list, line 2: there is no option 'output'; did you mean 'outputs'"),
        ("l.csv", "source\nrun,a\n", "line 2: there are more cells than heads"),
        ("l.csv", "source,bind\nrun,{a\n", "line 2: expected a value as in YAML"),
        ("l.yaml", "- {name: a}\n", "model 1: expected `source`, a path, found None"),
        ("l.yaml", "models: []\n", "expected a list of models, found dict"),
        ("l.yaml", "- {source: a, name: ../a}\n", "model 1: expected `name` of letters"),
        ("l.yaml", "- {source: a, name: x}\n- {source: b, name: X}\n", "The name 'x' is given to several models"),
        ("l.yaml", "- {source: a, ema: true, train: true}\n", "model 1: --ema and --train exclude each other"),
        ("l.txt", "gs://bucket/run\n", "line 1: expected a path on this machine, found gs://bucket/run"),
        ("l.txt", "# nothing\n", "there is no legacy model"),
    ],
)
def test_what_is_wrong_in_a_list_is_said_with_its_place(tmp_path, name, text, message):
    with pytest.raises(UsageError) as caught:
        jobs(tmp_path, text, name)
    assert message.replace("list, ", f"{tmp_path / name}, ") in str(caught.value)


def test_what_is_no_list(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="found bytes"):
        make_jobs(tmp_path / "bytes", tmp_path, {})
    with pytest.raises(UsageError, match="no such directory, nor a list"):
        make_jobs(tmp_path / "absent", tmp_path, {})


def test_the_fingerprint_follows_content_and_options(tmp_path):
    def mark(**options) -> str:
        return make_jobs([tmp_path / "run"], tmp_path / "out", options)[0].fingerprint

    write_model(tmp_path / "run")
    first = mark()
    assert mark(seed=1) != first
    assert mark(overwrite=True) == first
    shutil.copytree(tmp_path / "run", tmp_path / "again")  # other times, the same bytes
    assert make_jobs([tmp_path / "again"], tmp_path / "out", {})[0].fingerprint == first
    write_checkpoint(tmp_path / "run" / "model.ckpt", {**WEIGHTS, "b": WEIGHTS["b"] + 1})
    assert mark() != first
