"""The facts of every golden model, and of each kind of source; all without TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest

import compat_saver
from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.inspection import Inspection
from compat_saver.proto.messages import SavedModel, SignatureDef
from tests.golden_cases import Case, all_cases, case, model_cases
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint, write_model

NO_PLACEHOLDERS = "queue_input"


def names(found: Inspection, role: str) -> set[str]:
    return {item.name for item in found.of_role(role)}


def meta_of(chosen: Case):
    return compat_saver.read_meta_graph(chosen.prefix.with_name("model.ckpt.meta"))


@pytest.mark.parametrize("chosen", model_cases(), ids=str)
def test_every_golden_model(chosen: Case):
    found, facts = compat_saver.inspect(chosen.prefix), chosen.facts
    assert found.graph.tensorflow_version.startswith(facts["release"].rpartition(".")[0])
    assert found.graph.producer == facts["producer"]
    assert found.graph.nodes == len(meta_of(chosen).graph_def.node)
    assert found.checkpoint.version == ("V1" if chosen.name == "v1_format" else "V2")
    assert not found.checkpoint.object_based
    fed = {item.tensor for item in found.placeholders}
    if chosen.name == NO_PLACEHOLDERS:
        assert fed == set()
    else:
        assert fed >= {*facts["inputs"], *facts["bind"]}
    assert found.outputs[0].tensor in (*facts["outputs"], "add:0" if chosen.name == "name_collision" else "")
    assert names(found, "trainable") == set(facts["trainable"])
    assert {item.name for item in found.variables} >= set(facts["variables_needed"])
    assert not names(found, "slot") & set(facts["variables_needed"])
    assert {item.name for item in found.variables if not item.stored} == set(facts["local_variables"])
    assert [note for note in found.notes if "is an input" not in note] == []
    assert found.graph.collections["trainable_variables"] == len(facts["trainable"])


@pytest.mark.parametrize("chosen", all_cases(), ids=str)
def test_golden_graphs_hold_no_unsupported_op_and_sizes_agree_with_the_checkpoint(chosen: Case):
    found = compat_saver.inspect(chosen.prefix)
    assert [item for item in found.problems if item.needed] == []
    assert sum(row.count for row in found.ops) >= found.graph.nodes
    with compat_saver.open_checkpoint(chosen.prefix) as checkpoint:
        arrays = dict(checkpoint)
    assert found.checkpoint.tensors == len(arrays)
    plain = {name: array for name, array in arrays.items() if array.dtype != object}
    if len(plain) == len(arrays) and chosen.name != "v1_format":  # V1 packs numbers, strings have no size of their own
        assert found.checkpoint.nbytes == sum(array.nbytes for array in plain.values())
    for item in found.variables:
        if item.name in plain:
            assert (item.shape, item.nbytes) == (plain[item.name].shape, plain[item.name].nbytes)


@pytest.mark.parametrize("chosen", all_cases("dense_adam"), ids=str)
def test_slots_are_counted_apart(chosen: Case):
    totals = compat_saver.inspect(chosen.prefix).to_dict()["totals"]
    weights = totals["trainable"]
    # Two slots per weight, two powers; the step is neither.
    assert totals["slot"] == {"count": 2 * weights["count"] + 2, "bytes": 2 * weights["bytes"] + 8}
    assert totals["other"]["count"] == 1
    assert totals["average"] == {"count": 0, "bytes": 0}


@pytest.mark.parametrize("chosen", all_cases(NO_PLACEHOLDERS), ids=str)
def test_queues_are_listed_by_name(chosen: Case):
    assert {"batch/fifo_queue", "scales"} <= set(compat_saver.inspect(chosen.prefix).queues)


@pytest.mark.parametrize("chosen", all_cases("unknown_shape"), ids=str)
def test_a_placeholder_of_unknown_shape(chosen: Case):
    shapes = {item.tensor: item.shape for item in compat_saver.inspect(chosen.prefix).placeholders}
    assert shapes[chosen.facts["inputs"][0]] is None


@pytest.mark.parametrize("chosen", all_cases("dense_adam"), ids=str)
def test_placeholders_have_dtype_and_shape(chosen: Case):
    found = {item.tensor: (item.dtype, item.shape) for item in compat_saver.inspect(chosen.prefix).placeholders}
    assert found["features:0"] == ("float32", (None, 12))
    assert found["labels:0"] == ("int64", (None,))


# ---- kinds of sources


@pytest.mark.parametrize(
    "path", ["model.ckpt", "model.ckpt.index", "model.ckpt.data-00000-of-00001", "model.ckpt.meta", ""]
)
def test_any_file_and_the_directory_lead_to_the_same_facts(path):
    chosen = case("1.15.5", "dense_adam")
    assert compat_saver.inspect(chosen.directory / path) == compat_saver.inspect(chosen.prefix)


def test_a_graph_alone(tmp_path):
    prefix = write_model(tmp_path)
    prefix.with_name("model.ckpt.index").unlink()
    found = compat_saver.inspect(f"{prefix}.meta")
    assert found.checkpoint is None
    assert {(item.name, item.stored, item.nbytes) for item in found.variables} == {("w", None, 24), ("b", None, 12)}
    assert found.outputs[0].tensor == "prediction:0"


def test_a_checkpoint_alone(tmp_path):
    tensors = {
        **WEIGHTS,
        "w/Adam": WEIGHTS["w"],
        "beta1_power": np.float32(0.9),
        "text": np.array([b"ab", b"c"], object),
    }
    found = compat_saver.inspect(write_checkpoint(tmp_path / "model.ckpt", tensors))
    assert found.graph is None
    assert (found.placeholders, found.outputs) == ((), ())
    assert names(found, "other") == {"w", "b", "text"}
    assert names(found, "slot") == {"w/Adam", "beta1_power"}
    assert {item.stored for item in found.variables} == {True}
    assert "--meta-graph" in found.notes[0]


def test_variables_out_of_the_checkpoint_and_of_unknown_shape(tmp_path):
    text = DENSE + "u = VariableV2[dtype=float32, shape=[*]]\nlost = VariableV2[dtype=int64, shape=[?, 2]]"
    found = compat_saver.inspect(write_model(tmp_path, text, {**WEIGHTS, "u": WEIGHTS["w"]}))
    facts = {item.name: (item.shape, item.nbytes, item.stored) for item in found.variables}
    assert facts["u"] == ((2, 3), 24, True)
    assert facts["lost"] == ((None, 2), 0, False)


def test_object_based_checkpoints_are_told_apart(tmp_path):
    tensors = {"w/.ATTRIBUTES/VARIABLE_VALUE": WEIGHTS["w"], "_CHECKPOINTABLE_OBJECT_GRAPH": np.array(b"", object)}
    found = compat_saver.inspect(write_checkpoint(tmp_path / "ckpt-1", tensors))
    assert found.checkpoint.object_based
    assert [item.name for item in found.variables] == ["w/.ATTRIBUTES/VARIABLE_VALUE"]


def test_a_frozen_graph(tmp_path):
    graph = parse_graph("x = Placeholder[dtype=float32, shape=[1]]\nlogits = Neg[T=float32](x)", producer=24)
    (tmp_path / "frozen.pb").write_bytes(to_graph_def(graph).SerializeToString())
    found = compat_saver.inspect(tmp_path / "frozen.pb")
    assert (found.graph.nodes, found.graph.producer, found.variables) == (2, 24, ())
    assert found.outputs[0].tensor == "logits:0"


def test_a_saved_model(tmp_path):
    model = SavedModel(saved_model_schema_version=1, meta_graphs=[make_meta(DENSE, ["w", "b"]).message])
    model.meta_graphs[0].meta_info_def.tags.append("serve")
    model.meta_graphs[0].signature_def["predict"].CopyFrom(SignatureDef(method_name="m"))
    (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
    write_checkpoint(tmp_path / "variables" / "variables", WEIGHTS)
    found = compat_saver.inspect(tmp_path)
    assert found.graph.signatures == ("predict",)
    assert names(found, "trainable") == {"w", "b"}
    assert found.checkpoint.tensors == 2


# ---- what stands out


def test_ops_that_are_gone_and_whether_they_matter(tmp_path):
    text = """
    x = Placeholder[dtype=float32, shape=[?, 2]]
    gone = SingleImageRandomDotStereograms[T=float32](x)
    gone_2 = SingleImageRandomDotStereograms[T=float32](x)
    alien = TheirOwnOp(x)
    sum = AccumulateNV2[N=2, T=float32, shape=[?, 2]](gone, x)
    prediction = Neg[T=float32](sum)
    table = HashTableV2[key_dtype=string, value_dtype=float32]
    iterator = IteratorV2[container="", output_shapes={[1]}, output_types={float32}, shared_name=""]
    """
    found = compat_saver.inspect(write_model(tmp_path, text, {}, ()))
    assert [(item.op, item.count, item.needed) for item in found.problems] == [
        ("SingleImageRandomDotStereograms", 2, True),
        ("TheirOwnOp", 1, False),
    ]
    assert "tf.contrib.image" in found.problems[0].reason
    assert (found.tables, found.queues) == (("table",), ("iterator",))


def test_a_library_function_is_no_unknown_op(tmp_path):
    chosen = make_meta("x = Placeholder[dtype=float32]\ny = MyFunction(x)")
    signature = chosen.message.graph_def.library.function.add().signature
    signature.name = "MyFunction"
    signature.input_arg.add(name="given", type=1)
    (tmp_path / "graph.meta").write_bytes(chosen.message.SerializeToString())
    found = compat_saver.inspect(tmp_path / "graph.meta")
    assert (found.graph.functions, found.problems) == (1, ())


def test_the_ops_are_sorted_for_the_signatures_of_the_file(tmp_path):
    meta = make_meta("x = Placeholder[dtype=float32]\ny = Neg[T=float32](x)\nlogits = TheirOwnOp(y)")
    signature = meta.message.signature_def["predict"]
    signature.inputs["x"].name, signature.outputs["y"].name, signature.outputs["lost"].name = "x:0", "y:0", "no:0"
    (tmp_path / "graph.meta").write_bytes(meta.message.SerializeToString())
    found = compat_saver.inspect(tmp_path / "graph.meta")
    assert found.serving == ("predict",)
    assert [(row.op, row.verdict) for row in found.ops] == [
        ("Neg", "fine"),
        ("Placeholder", "fine"),
        ("TheirOwnOp", "dropped"),
    ]


@pytest.mark.parametrize("name", ["dense_adam", "queue_input"])
def test_tensorflow_stays_out(name):
    code = (
        "import sys, compat_saver.cli as cli\n"
        f"cli.main(['inspect', {str(case('1.15.5', name).prefix)!r}], standalone_mode=False)\n"
        "assert 'tensorflow' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
