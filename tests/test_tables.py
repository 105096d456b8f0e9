"""Lookup tables and their files: carried over, filled on load, and found where the graph's own path leads nowhere."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver import checkpoints
from compat_saver.cli import main
from compat_saver.errors import CannotMigrateError, UsageError
from compat_saver.proto.messages import MetaGraphDef
from tests.golden_cases import Case, case

FILES = case("1.15.5", "index_tables")
STORED = case("1.15.5", "mutable_tables")


def copied(original: Case, directory: Path) -> Path:
    shutil.copytree(original.directory, directory)
    return directory / "model.ckpt"


def with_paths(prefix: Path, old: bytes, new: bytes) -> None:
    """Makes the graph name another file."""
    meta = prefix.with_name(f"{prefix.name}.meta")
    message = MetaGraphDef.FromString(meta.read_bytes())
    for node in message.graph_def.node:
        texts = node.attr["value"].tensor.string_val if node.op == "Const" else []
        for number, text in enumerate(texts):
            if text == old:
                texts[number] = new
    meta.write_bytes(message.SerializeToString())


def plan(prefix: Path, original: Case, **options):
    return compat_saver.migrate(prefix, "never written", dry_run=True, **original.arguments, **options)


def test_a_file_is_found_beside_the_checkpoint_under_the_end_of_a_foreign_path(tmp_path):
    prefix = copied(FILES, tmp_path / "model")
    with_paths(prefix, b"vocabulary.txt", b"C:\\runs\\en\\vocabulary.txt")
    assert any(str(tmp_path / "model" / "vocabulary.txt") in item for item in plan(prefix, FILES).warnings)
    (tmp_path / "model" / "en").mkdir()
    shutil.copy(tmp_path / "model" / "vocabulary.txt", tmp_path / "model" / "en")
    assert any(str(tmp_path / "model" / "en" / "vocabulary.txt") in item for item in plan(prefix, FILES).warnings)


def test_a_file_that_is_nowhere_is_an_obstacle_that_names_the_flag(tmp_path):
    prefix = copied(FILES, tmp_path / "model")
    with_paths(prefix, b"vocabulary.txt", b"/all gone/vocabulary.txt")
    (tmp_path / "model" / "vocabulary.txt").rename(tmp_path / "words.txt")
    with pytest.raises(CannotMigrateError) as caught:
        plan(prefix, FILES)
    assert len(caught.value.obstacles) == 2  # one table each way
    assert all("--asset '/all gone/vocabulary.txt=FILE'" in item for item in caught.value.obstacles)
    outputs = ",".join(FILES.facts["outputs"])
    command = ["migrate", str(prefix), "out", "--dry-run", "--outputs", outputs]
    assert CliRunner().invoke(main, command).exit_code == 3
    given = [*command, "--asset", f"/all gone/vocabulary.txt={tmp_path / 'words.txt'}"]
    assert CliRunner().invoke(main, given).exit_code == 0


@pytest.mark.tensorflow
def test_verify_knows_the_file_that_was_given(tmp_path):
    prefix = copied(FILES, tmp_path / "model")
    words = (tmp_path / "model" / "vocabulary.txt").rename(tmp_path / "words.txt")
    compat_saver.migrate(prefix, tmp_path / "out", assets={"vocabulary.txt": words}, verify=False, **FILES.arguments)
    assert compat_saver.verify(prefix, tmp_path / "out").status == "passed"


@pytest.mark.parametrize(
    ("assets", "expected"),
    [({"other.txt": "a"}, "no lookup table of the graph"), ({"vocabulary.txt": "not/there"}, "there is no such file")],
)
def test_files_given_in_vain(assets, expected):
    with pytest.raises(UsageError, match=expected):
        plan(FILES.prefix, FILES, assets=assets)


def test_a_git_lfs_pointer_is_no_vocabulary(tmp_path):
    prefix = copied(FILES, tmp_path / "model")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"
    (tmp_path / "model" / "vocabulary.txt").write_text(pointer)
    with pytest.raises(CannotMigrateError, match="Git LFS pointer"):
        plan(prefix, FILES)


def test_stored_content_that_the_checkpoint_lacks(tmp_path):
    prefix = copied(STORED, tmp_path / "model")
    checkpoints.drop(prefix, tmp_path / "less" / "model.ckpt", ["single-values"])
    shutil.copy(f"{prefix}.meta", tmp_path / "less" / "model.ckpt.meta")
    with pytest.raises(CannotMigrateError, match="'single-values' is missing"):
        plan(tmp_path / "less" / "model.ckpt", STORED)


def test_inspect_no_longer_finds_tables_in_the_way():
    found = compat_saver.inspect(f"{FILES.prefix}.meta")
    assert found.tables
    assert not [row for row in found.ops if row.verdict == "unsupported"]


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize(
    "original", [FILES, STORED, case("1.0.1", "lookup_files"), case("1.12.3", "vocabulary_columns")], ids=str
)
def test_the_model_stands_alone(original, tmp_path, monkeypatch):
    import tensorflow as tf

    prefix = copied(original, tmp_path / "model")
    out = tmp_path / "written"
    report = compat_saver.migrate(prefix, out, **original.arguments)
    assert report.status == "passed"
    assert compat_saver.verify(prefix, out).status == "passed"
    shutil.rmtree(tmp_path / "model")  # with the vocabulary
    out = out.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)

    loaded = tf.saved_model.load(str(out))
    check(loaded.signatures["serving_default"], original, report)
    for number in range(2):
        again = tmp_path / f"again{number}"
        tf.saved_model.save(loaded, str(again), signatures=loaded.signatures)
        assert sorted(os.listdir(again / "assets")) == sorted(os.listdir(out / "assets"))
        loaded = tf.saved_model.load(str(again))
        check(loaded.signatures["serving_default"], original, report)
    shutil.rmtree(tmp_path / "again0")
    for directory in (out, tmp_path / "again1"):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            served = tf.compat.v1.saved_model.load(session, ["serve"], str(directory)).signature_def["serving_default"]
            check(lambda served=served, session=session, **fed: in_session(session, served, fed), original, report)
    layer = tf.keras.layers.TFSMLayer(str(out), call_endpoint="serving_default")
    check(layer.call_endpoint_fn, original, report)


def in_session(session, served, fed):
    feeds = {served.inputs[key].name: tensor for key, tensor in fed.items()}
    return session.run({key: info.name for key, info in served.outputs.items()}, feeds)


def check(serve, original, report):
    (signature,) = report.signatures
    for inputs, expected in original.runs():
        fed = {}
        for key, tensor in signature.inputs.items():
            array = inputs[tensor.name]
            fed[key] = array.astype(object) if array.dtype.kind == "S" else array
        found = serve(**{key: as_tensor(array, signature.inputs[key].dtype) for key, array in fed.items()})
        for key, tensor in signature.outputs.items():
            answer = np.asarray(found[key])
            if expected[tensor.name].dtype.kind == "f":
                np.testing.assert_allclose(answer, expected[tensor.name], rtol=1e-4, atol=1e-5)
            else:
                assert (answer == expected[tensor.name]).all()


def as_tensor(array, dtype):
    import tensorflow as tf

    return tf.constant(array, dtype) if tf.executing_eagerly() else array


@pytest.mark.tensorflow
def test_what_is_inserted_into_a_stored_table_is_saved_again(tmp_path):
    import tensorflow as tf

    compat_saver.migrate(STORED.prefix, tmp_path / "out", verify=False, **STORED.arguments)
    loaded = tf.saved_model.load(str(tmp_path / "out"))
    tf.raw_ops.LookupTableInsertV2(
        table_handle=loaded.tables["single"].resource_handle, keys=["new"], values=tf.constant([77], tf.int64)
    )
    tf.saved_model.save(loaded, str(tmp_path / "again"), signatures=loaded.signatures)
    serve = tf.saved_model.load(str(tmp_path / "again")).signatures["serving_default"]
    assert serve(text=tf.constant(["new", "a"]))["index"].numpy().tolist() == [77, 3]


@pytest.mark.tensorflow
def test_two_models_in_one_process_do_not_share_tables(tmp_path):
    import tensorflow as tf

    other = copied(FILES, tmp_path / "other")
    (tmp_path / "other" / "vocabulary.txt").write_text("gamma\nbeta\nalpha\n")
    serves = []
    for number, prefix in enumerate((FILES.prefix, other)):
        compat_saver.migrate(prefix, tmp_path / str(number), verify=False, **FILES.arguments)
        serves.append(tf.saved_model.load(str(tmp_path / str(number))).signatures["serving_default"])
    found = [serve(text=tf.constant([["alpha"]]), number=tf.constant([0], tf.int64))["index"] for serve in serves]
    assert [item.numpy().item() for item in found] == [0, 2]


@pytest.mark.tensorflow
def test_a_vocabulary_that_does_not_fit_is_told_by_what_tensorflow_says_of_it(tmp_path):
    short = copied(case("1.15.5", "lookup_files"), tmp_path / "model")
    (tmp_path / "model" / "words.txt").write_text("only\n")
    with pytest.raises(CannotMigrateError, match="The lookup tables cannot be filled"):
        compat_saver.migrate(short, tmp_path / "out", **case("1.15.5", "lookup_files").arguments)
    assert not (tmp_path / "out").exists()
