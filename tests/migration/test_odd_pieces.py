"""Pieces of a meta graph on which an import into TensorFlow stumbles: none of them changes what is planned."""

import pytest

import compat_saver
from compat_saver.errors import CannotMigrateError
from compat_saver.graph.attributes import bool_attr, bytes_attr, int_attr
from compat_saver.graph.ops import known_definitions
from compat_saver.graph.text import differences
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import make_plan
from compat_saver.model import LegacyModel
from compat_saver.proto.messages import Message, NodeDef, VariableDef
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint


def node(meta: Message, name: str) -> NodeDef:
    return next(item for item in meta.graph_def.node if item.name == name)


def collections_name_absent_nodes(meta):
    """As every tflearn checkpoint has them."""
    meta.collection_def["train_ops"].node_list.value.append("Adam")
    meta.collection_def["losses"].node_list.value.append("loss:0")
    record = VariableDef(variable_name="gone:0", initializer_name="gone/Assign", snapshot_name="gone/read:0")
    meta.collection_def["trainable_variables"].bytes_list.value.append(record.SerializeToString())


def collections_of_no_known_kind(meta):
    meta.collection_def["bytes"].bytes_list.value.append(b"\xff\xfe\x00")
    meta.collection_def["any"].any_list.value.add(type_url="type.googleapis.com/nobody.Knows", value=b"\x08\x01")
    meta.collection_def["saved_model_assets"].any_list.value.add(type_url="?", value=b"\xff")
    meta.collection_def["numbers"].int64_list.value.append(3)
    meta.collection_def["rates"].float_list.value.append(0.5)
    meta.collection_def["nothing"].SetInParent()
    meta.meta_info_def.any_info.type_url = "type.googleapis.com/nobody.Knows"


def shapes_that_contradict_todays_shape_functions(meta):
    for item in meta.graph_def.node:
        if item.name not in ("x", "prediction"):  # what a signature names has the shape that the file says
            item.attr["_output_shapes"].list.shape.add().dim.add(size=7)


def shapes_of_another_kind(meta):
    for item in meta.graph_def.node:
        item.attr["_output_shapes"].i = 7


def devices_that_nobody_has(meta):
    devices = ("/job:ps/task:1", "/gpu:9", "/device:TPU:0", "no device at all", "/job:worker/replica:0/task:3/cpu:0")
    for number, item in enumerate(meta.graph_def.node):
        item.device = devices[number % len(devices)]


def colocations_with_absent_nodes(meta):
    for item in meta.graph_def.node:
        item.attr["_class"].list.s.extend([b"loc:@gone", b"neither here nor there"])


def xla_scopes(meta):
    for item in meta.graph_def.node:
        item.attr["_XlaCompile"].b = True
        item.attr["_XlaScope"].s = b"jit_scope_0"
        item.attr["_tpu_replicate"].s = b"cluster"


def attributes_of_a_newer_release_at_their_defaults(meta):
    definition = meta.meta_info_def.stripped_op_list.op.add()
    definition.CopyFrom(known_definitions()["MatMul"])
    definition.attr.add(name="vendor", type="int").default_value.i = 7
    node(meta, "product").attr["vendor"].i = 7


def a_newer_producer_and_bad_consumers(meta):
    meta.graph_def.versions.producer = 26
    meta.graph_def.versions.bad_consumers.extend([27, 1395, 2474])


def a_saver_that_is_not_there(meta):
    meta.saver_def.restore_op_name = "save/restore_all"
    meta.saver_def.filename_tensor_name = "save/Const:0"


def functions_that_nobody_calls(meta):
    function = meta.graph_def.library.function.add()
    function.signature.name = "dead"
    function.node_def.add(name="a", op="NobodyHasThisOp", device="/job:ps")


def ops_that_nobody_needs(meta):
    meta.graph_def.node.add(name="broadcast", op="HorovodBroadcast").attr["T"].type = 99


ODDITIES = (
    collections_name_absent_nodes,
    collections_of_no_known_kind,
    shapes_that_contradict_todays_shape_functions,
    shapes_of_another_kind,
    devices_that_nobody_has,
    colocations_with_absent_nodes,
    xla_scopes,
    attributes_of_a_newer_release_at_their_defaults,
    a_newer_producer_and_bad_consumers,
    a_saver_that_is_not_there,
    functions_that_nobody_calls,
    ops_that_nobody_needs,
)


def write(directory, *changes):
    prefix = write_checkpoint(directory / "model.ckpt", WEIGHTS)
    meta = make_meta(DENSE, ["w", "b"]).message
    for change in changes:
        change(meta)
    (directory / "model.ckpt.meta").write_bytes(meta.SerializeToString())
    return prefix


def planned(prefix):
    with compat_saver.open_checkpoint(prefix) as checkpoint:
        meta = compat_saver.read_meta_graph(f"{prefix}.meta")
        return make_plan(LegacyModel("checkpoint", str(prefix), meta, checkpoint), MigrationOptions())


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda item: item.__name__)
def test_the_plan_is_the_same_with_it(tmp_path, oddity):
    (tmp_path / "plain").mkdir()
    (tmp_path / "odd").mkdir()
    prefix = write(tmp_path / "odd", oddity)
    plain, odd = planned(write(tmp_path / "plain")), planned(prefix)
    assert differences(odd.graph, plain.graph) == []
    assert (odd.weights, odd.signatures) == (plain.weights, plain.signatures)
    inspected = compat_saver.inspect(prefix)
    assert inspected.outputs[0].tensor == "prediction:0"
    assert {item.name for item in inspected.variables} == {"w", "b"}


@pytest.mark.parametrize("version", ["", "v1.3.0-rc1-27-g", "0.12.head", "1.13.0-dev20190208", "unknown", "\U0001f4a5"])
def test_any_version_is_a_text(tmp_path, version):
    prefix = write(tmp_path, lambda meta: setattr(meta.meta_info_def, "tensorflow_version", version))
    assert planned(prefix).weights
    assert compat_saver.inspect(prefix).graph.tensorflow_version == version


def test_no_versions_at_all(tmp_path):
    def forget(meta):
        meta.ClearField("meta_info_def")
        meta.graph_def.ClearField("versions")

    prefix = write(tmp_path, forget)
    assert planned(prefix).graph.producer == 0
    assert compat_saver.inspect(prefix).graph.producer == 0


@pytest.mark.parametrize("value", [bool_attr(False), int_attr(3), bytes_attr("")], ids=["false", "3", "empty"])
def test_an_attribute_whose_default_nobody_knows_is_in_the_way(tmp_path, value):
    prefix = write(tmp_path, lambda meta: node(meta, "product").attr["vendor"].CopyFrom(value))
    with pytest.raises(CannotMigrateError, match=r"MatMul \('product'\).*'vendor'"):
        planned(prefix)


@pytest.mark.tensorflow
def test_all_of_it_at_once_migrates(tmp_path):
    prefix = write(tmp_path, *ODDITIES, lambda meta: setattr(meta.meta_info_def, "tensorflow_version", "v1-27-g"))
    assert compat_saver.migrate(prefix, tmp_path / "out").status == "passed"
