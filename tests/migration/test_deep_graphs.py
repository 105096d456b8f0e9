"""Graphs deeper than Python lets functions call each other."""

import sys

import compat_saver
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import make_plan
from compat_saver.model import LegacyModel
from compat_saver.proto.messages import Message
from tests.small_models import DENSE, WEIGHTS, make_meta, write_checkpoint

DEPTH = 2 * sys.getrecursionlimit()
DEEP = (
    DENSE.replace("(x, w/read)", f"(relu_{DEPTH - 1}, w/read)")
    + "relu_0 = Relu[T=float32](x)\n"
    + "".join(f"relu_{number} = Relu[T=float32](relu_{number - 1})\n" for number in range(1, DEPTH))
)


def plan_and_inspect(directory, meta: Message):
    prefix = write_checkpoint(directory / "model.ckpt", WEIGHTS)
    (directory / "model.ckpt.meta").write_bytes(meta.SerializeToString())
    assert compat_saver.inspect(prefix).outputs[0].tensor == "prediction:0"
    with compat_saver.open_checkpoint(prefix) as checkpoint:
        meta = compat_saver.read_meta_graph(f"{prefix}.meta")
        return make_plan(LegacyModel("checkpoint", str(prefix), meta, checkpoint), MigrationOptions())


def test_a_deep_graph_is_planned_and_inspected(tmp_path):
    assert len(plan_and_inspect(tmp_path, make_meta(DEEP, ["w", "b"]).message).graph) > DEPTH


def test_a_deep_function_is_too(tmp_path):
    meta = make_meta(DENSE.replace("(x, w/read)", "(called, w/read)") + "called = deep(x)", ["w", "b"]).message
    function = meta.graph_def.library.function.add()
    function.signature.name = "deep"
    function.signature.input_arg.add(name="a", type=1)
    function.signature.output_arg.add(name="b", type=1)
    read = "a"
    for number in range(DEPTH):
        item = function.node_def.add(name=f"relu_{number}", op="Relu", input=[read])
        item.attr["T"].type = 1
        read = f"relu_{number}:activations:0"
    function.ret["b"] = read
    (body,) = plan_and_inspect(tmp_path, meta).graph.functions.values()
    assert len(body.node_def) == DEPTH
