"""A graph that reaches outside of itself is named everywhere, and runs nowhere without permission."""

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver.cli import main
from compat_saver.errors import CannotMigrateError, SideEffectError, UsageError
from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.graph.attributes import AttrValue, bool_attr, bytes_attr, int_attr, shape_attr, type_attr
from compat_saver.graph.ops import known_definitions
from compat_saver.graph.side_effects import ASSET, CHANGING, PYTHON, reaching_ops, runs_at_import
from compat_saver.migration.recorded import REPORT_PATH, _recorded_files
from compat_saver.proto.messages import MetaGraphDef
from compat_saver.proto.meta_graph import read_meta_graph
from compat_saver.saver.permissions import refuse_changes
from tests.small_models import DENSE, WEIGHTS, write_checkpoint, write_model

REACHING = sorted(reaching_ops())
OUTSIDE = "/outside/of/the/source"
STRING = 7


def hostile(directory: Path, op: str, needed: bool = True) -> Path:
    """Writes a model with an op that its output needs, or does not."""
    graph = parse_graph(DENSE)
    name = graph.add(
        "Const", "name", attrs=parse_graph(f'c = Const[dtype=string, value=string[]("{OUTSIDE}")]')["c"].attrs
    )
    definition = known_definitions()[op]
    inputs = [name.output() for arg in definition.input_arg if not arg.number_attr and not arg.type_list_attr]
    node = graph.add(op, "evil", inputs, {attr.name: _attribute(attr) for attr in definition.attr})
    y = graph.add("Identity", "y", [graph.value("prediction")], {"T": type_attr(1)})
    if needed:
        y.add_control_input(node)
    meta = MetaGraphDef(graph_def=to_graph_def(graph))
    prefix = write_checkpoint(directory / "model.ckpt", WEIGHTS)
    prefix.with_name("model.ckpt.meta").write_bytes(meta.SerializeToString())
    return prefix


def _attribute(attr):
    if attr.type == "list(string)":
        return AttrValue(list=AttrValue.ListValue(s=[f"DebugIdentity;file://{OUTSIDE}".encode()]))
    if attr.type.startswith("list("):
        return AttrValue(list=AttrValue.ListValue())
    types = attr.allowed_values.list.type
    number = types[0] if types and STRING not in types else STRING
    made = {"string": bytes_attr(OUTSIDE), "bool": bool_attr(False), "type": type_attr(number), "int": int_attr(0)}
    made |= {"float": AttrValue(f=0.0), "shape": shape_attr(()), "func": AttrValue(func={"name": "f"})}
    return made[attr.type]


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A written model whose report names the output of the hostile graphs."""
    folder = tmp_path_factory.mktemp("migrated")
    prefix = write_model(folder / "run", f"{DENSE}y = Identity[T=float32](prediction)\n")
    compat_saver.migrate(prefix, folder / "out", outputs=["y"], verify=False)
    return folder / "out"


@pytest.mark.parametrize("op", REACHING)
def test_every_op_of_the_table_is_named_and_refused(op, migrated, tmp_path):
    """Nothing of TensorFlow takes part: it is refused before anything runs, and nothing changes."""
    prefix = hostile(tmp_path, op)
    before = snapshot(tmp_path)
    (found,) = (item for item in compat_saver.inspect(prefix).effects if item.node == "evil")
    assert found.op == op
    if reaching_ops()[op].kind == ASSET:
        return  # refused by the rules for the files of tables
    for ask in (
        lambda: compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"], dry_run=True),
        lambda: compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"]),
        lambda: compat_saver.verify(prefix, migrated),
    ):
        with pytest.raises(CannotMigrateError) as caught:
            ask()
        if reaching_ops()[op].kind != PYTHON:
            assert f"{op} ('evil') " in str(caught.value)
            assert f"--allow {op} " in str(caught.value)
    assert (snapshot(tmp_path), Path(OUTSIDE).exists()) == (before, False)


@pytest.mark.parametrize("op", REACHING)
def test_what_no_signature_needs_is_named_and_not_in_the_way(op, tmp_path):
    prefix = hostile(tmp_path, op, needed=False)
    report = compat_saver.migrate(prefix, tmp_path / "out", outputs=["y"], dry_run=True)
    assert [(item.node, item.needed) for item in report.effects] == [("evil", False)]


@pytest.mark.parametrize("op", [op for op in REACHING if reaching_ops()[op].kind in CHANGING and runs_at_import(op)])
def test_what_tensorflow_may_run_while_it_imports_a_graph_is_refused_unneeded(op, tmp_path):
    meta = read_meta_graph(f"{hostile(tmp_path, op, needed=False)}.meta")
    with pytest.raises(SideEffectError, match=f"{op} \\('evil'\\)") as caught:
        refuse_changes(meta, ())
    assert isinstance(caught.value, PermissionError)
    assert [item.op for item in caught.value.effects] == [op]
    refuse_changes(meta, [op])
    refuse_changes(meta, ["*"])


def run(*arguments: object):
    return CliRunner().invoke(main, [str(item) for item in arguments])


@pytest.mark.tensorflow
@pytest.mark.parametrize("op", REACHING)
def test_nothing_changes_when_a_program_opens_the_graph(op, tmp_path):
    """What changes something at the import is refused; the program runs the rest, or nobody does."""
    prefix = hostile(tmp_path, op)
    before = snapshot(tmp_path)
    is_refused = reaching_ops()[op].kind in CHANGING and runs_at_import(op)
    for opened in (lambda: compat_saver.restore(prefix).close(), lambda: opened_as_in_tensorflow_1(prefix)):
        with pytest.raises(SideEffectError, match=op) if is_refused else contextlib.suppress(*REJECTED):
            opened()
    assert (snapshot(tmp_path), Path(OUTSIDE).exists()) == (before, False)


REJECTED = (ValueError, KeyError, compat_saver.CompatSaverError)
"""What TensorFlow raises for an op that it does not have, or whose attributes do not fit."""


def opened_as_in_tensorflow_1(prefix: Path) -> None:
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = compat_saver.import_meta_graph(f"{prefix}.meta")
        if saver is not None:
            saver.restore(session, str(prefix))


WRITING = """
    name = Const[dtype=string, value=string[]("{path}")]
    text = Const[dtype=string, value=string[]("text")]
    evil = WriteFile(name, text)
"""
Y = "y = Identity[T=float32](prediction, ^evil)"


def writing(directory: Path, text: str = Y) -> Path:
    return write_model(directory, DENSE + WRITING.format(path=directory / "written") + text)


def test_the_command_line_refuses_with_exit_code_3_and_changes_nothing(tmp_path):
    prefix = writing(tmp_path)
    before = snapshot(tmp_path)
    found = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--json")
    assert found.exit_code == 3
    (problem,) = json.loads(found.stdout)["problems"]
    assert problem.startswith(f"WriteFile ('evil') writes a file and makes its directories: '{tmp_path / 'written'}'. ")
    assert snapshot(tmp_path) == before
    assert "Reaches outside of the graph" in run("inspect", prefix).stdout


def test_a_name_that_allows_nothing(tmp_path):
    prefix = write_model(tmp_path, DENSE)
    with pytest.raises(UsageError, match="no op of this name reaches outside of a graph; did you mean 'WriteFile'"):
        compat_saver.migrate(prefix, tmp_path / "out", allow=["WritesFile"])


def test_files_of_the_source_may_be_read(tmp_path):
    (tmp_path / "inside.txt").write_text("text")
    (tmp_path / "link.txt").symlink_to(__file__)
    for name, is_refused in (("inside.txt", False), ("link.txt", True), ("../x.txt", True)):
        text = f'name = Const[dtype=string, value=string[]("{tmp_path}/{name}")]\nevil = ReadFile(name)\n'
        prefix = write_model(tmp_path, DENSE + text + Y)
        found = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--dry-run")
        assert found.exit_code == (3 if is_refused else 0), name


FROM_FILE = """
    table = HashTableV2[key_dtype=string, value_dtype=int64, shared_name="t"]
    file = Const[dtype=string, value=string[]("{path}")]
    fill = InitializeTableFromTextFileV2[delimiter="\t", key_index=-2, value_index=-1, vocab_size=-1](table, file)
    words = Placeholder[dtype=string, shape=[?]]
    none = Const[dtype=int64, value=int64[](-1)]
    y = LookupTableFindV2[Tin=string, Tout=int64](table, words, none)
"""


def test_a_file_outside_of_the_source_is_refused_with_the_flag_to_give(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("word\n")
    prefix = write_model(tmp_path / "source", FROM_FILE.format(path=secret), {}, ())
    found = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--dry-run")
    assert found.exit_code == 3
    assert f"is read from the file '{secret}', found at {secret}, which is outside of the source. " in found.stderr
    assert f"--asset {secret}={secret}" in found.stderr
    allowed = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--dry-run", "--asset", f"{secret}={secret}")
    assert allowed.exit_code == 0, allowed.stderr


def test_a_link_out_of_the_source_is_refused(tmp_path):
    (tmp_path / "secret.txt").write_text("word\n")
    prefix = write_model(tmp_path / "source", FROM_FILE.format(path="words.txt"), {}, ())
    (tmp_path / "source" / "words.txt").symlink_to(tmp_path / "secret.txt")
    found = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--dry-run")
    assert found.exit_code == 3
    assert f"words.txt ({(tmp_path / 'secret.txt').resolve()}), which is outside of the source" in found.stderr


@pytest.mark.parametrize("has_copy", [True, False])
def test_a_report_that_names_a_file_elsewhere_makes_verify_read_nothing_there(has_copy, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("word\n")
    prefix = write_model(tmp_path / "source", FROM_FILE.format(path="/gone/words.txt"), {}, ())
    out = tmp_path / "out"
    given = {"words.txt": secret}
    compat_saver.migrate(prefix, out, outputs=["y"], assets=given, verify=False)
    if not has_copy:
        (out / "assets" / "secret.txt").unlink()
        (out / "assets" / "secret.txt").symlink_to(secret)
    report = json.loads((out / REPORT_PATH).read_text())
    found = dict(_recorded_files(report, prefix, out))
    assert found == ({"/gone/words.txt": out / "assets" / "secret.txt"} if has_copy else {})
    if not has_copy:
        refused = run("verify", prefix, out)
        assert refused.exit_code == 3
        assert "--asset /gone/words.txt=FILE" in refused.stderr


@pytest.mark.tensorflow
class TestWithTensorFlow:
    """What is allowed runs; what is not needed never does."""

    @pytest.mark.parametrize("permission", [["--allow", "WriteFile"], ["--allow-side-effects"]])
    def test_what_is_allowed_runs(self, permission, tmp_path):
        prefix = writing(tmp_path)
        found = run("migrate", prefix, tmp_path / "out", "--outputs", "y", "--json", *permission)
        assert found.exit_code == 0, found.stderr
        assert [item["needed"] for item in json.loads(found.stdout)["reaches_outside"]] == [True]
        assert (tmp_path / "written").read_text() == "text"
        assert run("verify", prefix, tmp_path / "out").exit_code == 3
        assert run("verify", prefix, tmp_path / "out", *permission).exit_code == 0

    def test_what_is_not_needed_never_runs(self, tmp_path):
        """TensorFlow runs a debug op while it imports a graph, to infer the shape that depends on it."""
        text = """
            size = Const[dtype=int32, value=int32[2](3, 1)]
            evil = DebugIdentity[T=int32](size)
            unneeded = Reshape[T=float32, Tshape=int32](prediction, evil)
        """
        prefix = write_model(tmp_path / "model", DENSE + text)
        path = prefix.with_name("model.ckpt.meta")
        meta = MetaGraphDef.FromString(path.read_bytes())
        (node,) = (item for item in meta.graph_def.node if item.name == "evil")
        node.attr["debug_urls"].list.s.append(f"file://{tmp_path / 'debug'}".encode())
        path.write_bytes(meta.SerializeToString())
        report = compat_saver.migrate(prefix, tmp_path / "out", outputs=["prediction"])
        assert (report.status, [str(item.node) for item in report.effects]) == ("passed", ["evil"])
        assert not (tmp_path / "debug").exists()
        with pytest.raises(SideEffectError, match="DebugIdentity"):
            compat_saver.restore(prefix)
        with pytest.raises(SideEffectError, match="DebugIdentity"):
            compat_saver.import_meta_graph(path)
        assert not (tmp_path / "debug").exists()

    def test_restore_refuses_what_an_initializer_writes(self, tmp_path):
        text = """
            v = VariableV2[dtype=float32, shape=[]]
            zero = Const[dtype=float32, value=float32[](0)]
            v/Assign = Assign[T=float32](v, zero, ^evil)
        """
        prefix = writing(tmp_path, text)
        with pytest.raises(SideEffectError, match="WriteFile \\('evil'\\)"):
            compat_saver.restore(prefix, strict=False)
        assert not (tmp_path / "written").exists()
        with compat_saver.restore(prefix, strict=False, allow=["WriteFile"]):
            assert (tmp_path / "written").exists()

    def test_restore_opens_what_nothing_runs_at_the_start(self, tmp_path):
        prefix = writing(tmp_path)
        with compat_saver.restore(prefix) as model:
            assert model.run("prediction", {"x": [[1.0, 2.0]]}).shape == (1, 3)
        assert not (tmp_path / "written").exists()
