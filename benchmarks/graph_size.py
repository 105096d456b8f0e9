"""Does the time to plan a migration grow in step with the graph? From 1,000 to 200,000 nodes, without TensorFlow.

    python benchmarks/graph_size.py
    python benchmarks/graph_size.py --nodes 50000 --shape loops --profile

Prints microseconds per node, by stage and by shape of the graph. A row whose numbers stay level grows in step.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import compat_saver
from compat_saver.analysis.serving.proposal import propose
from compat_saver.bundle import BundleWriter, Checkpoint
from compat_saver.graph import Graph, Node, OpCatalog, Value, from_graph_def, to_graph_def
from compat_saver.graph.attributes import bool_attr, int_attr, shape_attr, tensor_attr, type_attr
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import make_plan
from compat_saver.model import LegacyModel
from compat_saver.proto.messages import AttrValue, Message, MetaGraphDef, SaverDef, VariableDef
from compat_saver.proto.meta_graph import MetaGraph

SIZES = (1_000, 10_000, 50_000, 200_000)
STAGES = ("read", "propose", "plan", "write", "inspect")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, action="append", help=f"default: {', '.join(map(str, SIZES))}")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="default: all")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--profile", action="store_true", help="print what the time goes into")
    args = parser.parse_args()
    sizes = args.nodes or SIZES
    print(f"| us per node | stage |{'|'.join(f' {size:,} nodes ' for size in sizes)}|")
    print("|---|---|" + "---|" * len(sizes))
    for shape in args.shape or SHAPES:
        measured = [measure(shape, size, args.rounds, args.profile) for size in sizes]
        for stage in STAGES:
            print(f"| {shape} | {stage} |{'|'.join(f' {found[stage]:.1f} ' for found in measured)}|", flush=True)


def measure(shape: str, size: int, rounds: int, profile: bool) -> dict[str, float]:
    """Returns stage -> microseconds per node."""
    model = Model(size)
    SHAPES[shape](model)
    with tempfile.TemporaryDirectory() as work:
        prefix = model.write(Path(work))
        meta = compat_saver.read_meta_graph(f"{prefix}.meta")
        with compat_saver.open_checkpoint(prefix) as checkpoint:
            profiler = cProfile.Profile()
            if profile:
                profiler.enable()
            runs = [_run(prefix, meta, checkpoint) for _ in range(rounds)]
            if profile:
                profiler.disable()
                pstats.Stats(profiler).sort_stats("tottime").print_stats(18)
    return {stage: statistics.median(run[stage] for run in runs) * 1e6 / len(model.graph) for stage in STAGES}


def _run(prefix: Path, meta: MetaGraph, checkpoint: Checkpoint) -> dict[str, float]:
    seconds = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        gc.collect()
        start = time.process_time()
        found = work()
        seconds[stage] = time.process_time() - start
        return found

    model = LegacyModel("checkpoint", str(prefix), meta, checkpoint)
    graph = timed("read", lambda: from_graph_def(meta.graph_def))
    trainable = {record.name for record in meta.variables()}
    timed("propose", lambda: propose(graph, OpCatalog.of(graph), trainable))
    plan = timed("plan", lambda: make_plan(model, MigrationOptions()))
    timed("write", lambda: to_graph_def(plan.graph))
    timed("inspect", lambda: compat_saver.inspect(prefix))
    return seconds


# ---- the models


class Model:
    """A TF1 model in the making: a graph, the collections and the checkpoint that go with it.

    Args:
        size: how many nodes it should have, about.
    """

    def __init__(self, size: int) -> None:
        self.graph = Graph(producer=26)
        self._size = size
        self._variables: dict[str, tuple[int, ...]] = {}
        self.x = self.op("Placeholder", name="x", dtype=_FLOAT, shape=shape_attr((None, 2)))
        self.predicate = self.op("Placeholder", name="mode", dtype=_BOOL, shape=shape_attr(()))
        self.limit = self.op("Placeholder", name="n", dtype=_INT, shape=shape_attr(()))

    def rounds(self) -> Iterator[int]:
        """Counts until the graph is full."""
        number = 0
        while len(self.graph) < self._size:
            yield number
            number += 1

    def op(self, op: str, *inputs: Value, name: str = "", after: tuple[Node, ...] = (), **attrs: Message) -> Value:
        name = self.graph.unique_name(name or op)
        return self.graph.add(op, name, inputs, attrs, control_inputs=after).output()

    def unary(self, op: str, value: Value, name: str = "") -> Value:
        return self.op(op, value, name=name, T=_FLOAT)

    def constant(self, value: float, name: str = "Const") -> Value:
        return self.op("Const", name=name, dtype=_FLOAT, value=tensor_attr(np.float32(value)))

    def integer(self, value: int) -> Value:
        return self.op("Const", dtype=_INT, value=tensor_attr(np.int32(value)))

    def variable(self, name: str) -> Value:
        """A reference variable with its initializer, and its value."""
        self._variables[name] = (2,)
        made = self.op("VariableV2", name=name, dtype=_FLOAT, shape=shape_attr((2,)))
        self.op("Assign", made, self.constant(0, f"{name}/initial"), name=f"{name}/Assign", T=_FLOAT)
        return self.op("Identity", made, name=f"{name}/read", T=_FLOAT, _class=_beside(name))

    def finish(self, value: Value) -> None:
        self.unary("Softmax", value, "prediction")

    def _saver(self) -> Message:
        """A saver as TF1.8 and later make it: one op restores everything."""
        names = sorted(self._variables)
        given = (np.array(texts, dtype=object) for texts in (["model"], names, [""] * len(names)))
        inputs = [self.op("Const", name="save/Const", dtype=_STRING, value=tensor_attr(array)) for array in given]
        dtypes = AttrValue(list=AttrValue.ListValue(type=[_FLOAT.type] * len(names)))
        restore = self.op("RestoreV2", *inputs, name="save/RestoreV2", dtypes=dtypes).node
        assigns = [
            self.op("Assign", self.graph.value(name), restore.output(port), name="save/Assign", T=_FLOAT).node
            for port, name in enumerate(names)
        ]
        return SaverDef(restore_op_name=self.op("NoOp", name="save/restore_all", after=tuple(assigns)).node.name)

    def write(self, folder: Path) -> Path:
        """Writes a checkpoint with its meta graph and returns its prefix."""
        saver = self._saver()
        meta = MetaGraphDef(graph_def=to_graph_def(self.graph), saver_def=saver)
        for name in self._variables:
            record = VariableDef(
                variable_name=f"{name}:0", initializer_name=f"{name}/Assign", snapshot_name=f"{name}/read:0"
            )
            for collection in ("variables", "trainable_variables"):
                meta.collection_def[collection].bytes_list.value.append(record.SerializeToString())
        prefix = folder / "model.ckpt"
        Path(f"{prefix}.meta").write_bytes(meta.SerializeToString())
        with BundleWriter(prefix) as writer:
            writer.add("step", np.int64(0))
            for name, shape in sorted(self._variables.items()):
                writer.add(name, np.zeros(shape, np.float32))
        return prefix


_FLOAT, _INT, _STRING, _BOOL = type_attr(1), type_attr(3), type_attr(7), type_attr(10)


def _beside(name: str) -> Message:
    return AttrValue(list=AttrValue.ListValue(s=[f"loc:@{name}".encode()]))


def chain(model: Model) -> None:
    """One op after the other."""
    value = model.op("Mul", model.x, model.variable("w"), T=_FLOAT)
    for _ in model.rounds():
        value = model.unary("Relu", value)
    model.finish(value)


def fan(model: Model) -> None:
    """One value read by all, and one op that reads all."""
    value = model.op("Mul", model.x, model.variable("w"), T=_FLOAT)
    branches = [model.unary("Relu", value) for _ in model.rounds()]
    model.finish(model.op("AddN", *branches, T=_FLOAT, N=int_attr(len(branches))))


def variables(model: Model) -> None:
    """Reference variables, read through their Identity or directly."""
    value = model.x
    for number in model.rounds():
        read = model.variable(f"layer{number}/w")
        value = model.op("Add", value, read if number % 2 else read.node.inputs[0], T=_FLOAT)
    model.finish(value)


def training(model: Model) -> None:
    """Layers, their gradients beside them, Adam's slots, and one op that waits for all updates."""
    value, updates = model.x, []
    learning_rate = model.constant(0.1, "Adam/learning_rate")
    for number in model.rounds():
        name = f"layer{number}/w"
        read = model.variable(name)
        value = model.op("Mul", value, read, name=f"layer{number}/Mul", T=_FLOAT)
        gradient = model.op("Mul", value, read, name=f"gradients/layer{number}/Mul", T=_FLOAT, _class=_beside(name))
        slots = [model.variable(f"{name}/{slot}").node.inputs[0] for slot in ("Adam", "Adam_1")]
        inputs = [read.node.inputs[0], *slots, *[learning_rate] * 6, gradient]
        updates.append(model.op("ApplyAdam", *inputs, name=f"Adam/update_{name}/ApplyAdam", T=_FLOAT).node)
    model.op("NoOp", name="Adam", after=tuple(updates))
    model.finish(value)


def loops(model: Model) -> None:
    """While loops, one after the other, each reading a variable inside; in every other one is another loop."""
    value = model.x
    for number in model.rounds():
        value = _loop(model, value, f"while_{number}", nested=bool(number % 2))
    model.finish(value)


def nested_loops(model: Model) -> None:
    """While loops that count to a number, each with three more inside, one in the other."""
    value = model.x
    for number in model.rounds():
        value = _counted_loop(model, value, f"while_{number}", depth=4)
    model.finish(value)


def _counted_loop(model: Model, value: Value, name: str, depth: int) -> Value:
    """A loop as TensorFlow 1 writes it, with a counter, a limit that enters it, and a value."""
    frame = {"frame_name": AttrValue(s=name.encode())}
    limit = model.op("Enter", model.limit, name=f"{name}/n", T=_INT, is_constant=bool_attr(True), **frame)
    starts = [
        model.op("Enter", first, name=f"{name}/Enter", T=kind, **frame)
        for first, kind in ((model.integer(0), _INT), (value, _FLOAT))
    ]
    merges = [
        model.op("Merge", start, start, name=f"{name}/Merge", T=kind, N=int_attr(2))
        for start, kind in zip(starts, (_INT, _FLOAT), strict=True)
    ]
    goes_on = model.op("LoopCond", model.op("Less", merges[0], limit, name=f"{name}/Less", T=_INT))
    switches = [model.op("Switch", merge, goes_on, T=merge.node.attrs["T"]).node for merge in merges]
    count = model.op("Add", switches[0].output(1), model.integer(1), T=_INT)
    inside = model.unary("Relu", switches[1].output(1), f"{name}/Relu")
    body = _counted_loop(model, inside, f"{name}/inner", depth - 1) if depth > 1 else inside
    for merge, following in zip(merges, (count, body), strict=True):
        merge.node.replace_input(1, model.op("NextIteration", following, T=merge.node.attrs["T"]))
    return model.unary("Exit", switches[1].output(), f"{name}/Exit")


def _loop(model: Model, value: Value, name: str, nested: bool) -> Value:
    weight = model.variable(f"{name}/w").node.inputs[0]
    enter = model.op("Enter", value, name=f"{name}/Enter", T=_FLOAT, frame_name=AttrValue(s=name.encode()))
    outer = model.op(
        "RefEnter", weight, name=f"{name}/w/Enter", T=_FLOAT, frame_name=AttrValue(s=name.encode()),
        is_constant=bool_attr(True),
    )  # fmt: skip
    merge = model.op("Merge", enter, enter, name=f"{name}/Merge", T=_FLOAT, N=int_attr(2))
    limit = model.op("LoopCond", model.op("Enter", model.predicate, name=f"{name}/Limit", T=_BOOL))
    switch = model.op("Switch", merge, limit, name=f"{name}/Switch", T=_FLOAT)
    inside = model.unary("Identity", switch.node.output(1), f"{name}/Identity")
    body = model.op("Add", inside, outer, name=f"{name}/Add", T=_FLOAT)
    if nested:
        body = _loop(model, body, f"{name}/inner", nested=False)
    merge.node.replace_input(1, model.unary("NextIteration", body, f"{name}/NextIteration"))
    return model.unary("Exit", switch, f"{name}/Exit")


def conds(model: Model) -> None:
    """Conds, one after the other: every other predicate is fed, the others follow from the cond before."""
    value, known = model.x, model.op("Const", dtype=_BOOL, value=tensor_attr(np.array(True)))
    for number in model.rounds():
        known = _cond(model, known, known, f"known_{number}", _BOOL)
        value = _cond(model, value, known if number % 2 else model.predicate, f"cond_{number}", _FLOAT)
    model.finish(value)


def _cond(model: Model, value: Value, predicate: Value, name: str, dtype: Message) -> Value:
    switch = model.op("Switch", value, predicate, name=f"{name}/Switch", T=dtype).node
    left, right = (model.op("Identity", switch.output(port), name=f"{name}/Identity", T=dtype) for port in (0, 1))
    return model.op("Merge", left, right, name=f"{name}/Merge", T=dtype, N=int_attr(2))


def old_ops(model: Model) -> None:
    """Ops that have successors, all of them under the same name but for its number."""
    value = model.x
    factor, low, high = (model.constant(number) for number in (1, 0, 2))
    for _ in model.rounds():
        value = model.op("AdjustContrast", value, factor, low, high, T=_FLOAT)
        value = model.op("TopK", value, T=_FLOAT, k=int_attr(2))
    model.finish(value)


def heads(model: Model) -> None:
    """A deep trunk, and a hundred values behind it that look like outputs."""
    value = model.op("Mul", model.x, model.variable("w"), T=_FLOAT)
    for _ in model.rounds():
        value = model.unary("Relu", value)
    for number in range(100):
        model.unary("Softmax", value, f"head_{number}/prediction")


def logic(model: Model) -> None:
    """A predicate computed from constants, step by step."""
    known = model.op("Const", dtype=_BOOL, value=tensor_attr(np.array(True)))
    for _ in model.rounds():
        known = model.op("LogicalNot", known)
    model.finish(_cond(model, model.x, known, "cond", _FLOAT))


SHAPES: dict[str, Callable[[Model], None]] = {
    item.__name__: item for item in (chain, fan, variables, training, loops, nested_loops, conds, old_ops, heads, logic)
}

if __name__ == "__main__":
    main()
