"""A training step as a model: the graph as it was read, with the outputs of the step.

A session runs the op of a step and fetches what it likes beside it. A signature has outputs, and running them is the
step: each output waits for the op. The order is one of those that TensorFlow 1 allows (`update_order`): the losses, and
what else is fetched, are read before the step changes a variable, counters after it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.training_steps import TrainingStep, TrainingSteps
from compat_saver.errors import UsageError
from compat_saver.graph import Graph, Node, OpCatalog, Value, to_graph_def
from compat_saver.graph.attributes import tensor_attr, type_attr
from compat_saver.graph.op_sets import VARIABLE_OPS
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import full_name, make_keys
from compat_saver.model.update_order import order_updates
from compat_saver.passes import run_passes
from compat_saver.passes.structure.one_replica import OneReplica
from compat_saver.proto.messages import Message, MetaGraphDef
from compat_saver.proto.meta_graph import MetaGraph

TRAIN = "train"
"""The name of the signature of the only step, and what those of several start with."""

LOSS, COUNTER, DONE = "loss", "global_step", "done"
"""The keys of a step's outputs: its only loss, its only counter, and a truth value where it has neither."""

_COLLECTION, _COUNTERS = "train_op", "global_step"
_ALONE = "The program synchronized several replicas (SyncReplicasOptimizer); the step trains as with one."
_BOOL = dtypes.by_name("bool").number


@dataclasses.dataclass(frozen=True)
class TrainingModel:
    """A training step, to be migrated like a model.

    Attributes:
        name: the name of its signature.
        step: what it runs and changes.
        model: the model whose outputs are those of the step.
        outputs: key -> the tensor of `model`.
        tensors: tensor of `model` -> the tensor of the original; none stands for `done`.
    """

    name: str
    step: TrainingStep
    model: LegacyModel = dataclasses.field(repr=False)
    outputs: Mapping[str, str]
    tensors: Mapping[str, str]


def training_models(
    model: LegacyModel, asked: Iterable[str] = (), fetched: Iterable[str] = (), taken: Collection[str] = ()
) -> list[TrainingModel]:
    """Returns the models of the requested steps, or of all that are found.

    The signature of the only step is `train`, those of several are `train_` and the name of the op.

    Args:
        model: the original.
        asked: the ops of the steps; empty to find them.
        fetched: further tensors to return: each from the steps that compute it, or from all if none does.
        taken: the names of other signatures.

    Raises:
        NameNotFoundError: an op or a tensor is not there.
        UsageError: no step is found, or a requested op changes no variable.
    """
    model = _alone(model)
    steps = _find(model, list(asked))
    names = _signature_names(steps, taken)
    tensors = _shared_out(model.as_read, steps, [full_name(name) for name in fetched])
    return [training_model(model, *item) for item in zip(steps, names, tensors, strict=True)]


def _alone(model: LegacyModel) -> LegacyModel:
    """Returns a model that trains without other replicas; the model itself if it does already."""
    graph = model.graph()
    if not run_passes([OneReplica()], graph):
        return model
    return dataclasses.replace(_with_graph(model, graph), notes=(*model.notes, _ALONE))


def _with_graph(model: LegacyModel, graph: Graph) -> LegacyModel:
    message = MetaGraphDef()
    message.CopyFrom(model.meta.message)
    message.graph_def.CopyFrom(to_graph_def(graph))
    return dataclasses.replace(model, meta=MetaGraph(model.meta.path, message))


def _find(model: LegacyModel, asked: Sequence[str]) -> list[TrainingStep]:
    steps = TrainingSteps(model.as_read, model.catalog)
    if asked:
        return [steps.step(name.removesuffix(":0")) for name in dict.fromkeys(asked)]
    collection = model.meta.collections.get(_COLLECTION)
    found = steps.find(() if collection is None else collection.node_list.value)
    if not found:
        raise UsageError(
            f"{model.meta.path} holds no training step: no op changes variables by gradients. Name the op that the "
            "program ran to train with --train-op."
        )
    return found


def _signature_names(steps: Sequence[TrainingStep], taken: Collection[str]) -> list[str]:
    keys = make_keys(step.op for step in steps)
    names = [TRAIN] if len(steps) == 1 else [f"{TRAIN}_{keys[step.op]}" for step in steps]
    return [f"{name}_step" if name in taken else name for name in names]


def _shared_out(graph: Graph, steps: Sequence[TrainingStep], tensors: Sequence[str]) -> list[list[str]]:
    """Returns for each step the tensors that it computes, and those that none does."""
    needed = [graph.ancestors([graph[step.op]]) for step in steps]
    nodes = {tensor: graph.value(tensor).node for tensor in tensors}
    nowhere = [tensor for tensor, node in nodes.items() if not any(node in own for own in needed)]
    return [[tensor for tensor, node in nodes.items() if node in own or tensor in nowhere] for own in needed]


def training_model(model: LegacyModel, step: TrainingStep, name: str, fetched: Iterable[str] = ()) -> TrainingModel:
    """Makes the model of a step.

    Args:
        model: the original.
        step: one of its steps.
        name: the name of the signature.
        fetched: further tensors to return.

    Raises:
        NameNotFoundError: such a tensor is not there.
        UsageError: the step changes nothing.
    """
    if not step.updates:
        raise UsageError(f"{step.op!r} changes no variable, so it is no training step.")
    graph = model.graph()
    before = _tensors_before(step, fetched)
    first = [graph.value(tensor).node for tensor in before.values()]
    order_updates(graph, model.catalog, [graph[name] for name in step.changes], graph[step.op], first)
    adder = _Outputs(graph, model.catalog, step, name)
    outputs = {key: adder.add(key, tensor) for key, tensor in before.items()}
    counter = _counter(model, step)
    if counter:
        outputs[COUNTER] = adder.add_counter(counter)
    if not outputs:
        outputs[DONE] = adder.add_constant()
    changed = dataclasses.replace(_with_graph(model, graph), trains=True)
    return TrainingModel(name, step, changed, outputs, adder.tensors)


def _tensors_before(step: TrainingStep, fetched: Iterable[str]) -> dict[str, str]:
    """Returns key -> tensor, for what is read before anything changes."""
    losses = {LOSS: step.losses[0]} if len(step.losses) == 1 else _keyed(step.losses)
    others = [name for name in map(full_name, fetched) if name not in step.losses]
    return losses | {key: tensor for key, tensor in _keyed(others).items() if key not in losses}


def _keyed(names: Iterable[str]) -> dict[str, str]:
    return {key: name for name, key in make_keys(names).items()}


def _counter(model: LegacyModel, step: TrainingStep) -> str:
    """Returns the variable that counts steps: the only counter, or the one in the collection `global_step`."""
    if len(step.counters) == 1:
        return step.counters[0]
    collected = {record.name for record in model.meta.variables() if _COUNTERS in record.collections}
    return next((name for name in step.counters if name in collected), "")


class _Outputs:
    """Adds the nodes that return what a step computes, each of which waits for the step.

    Attributes:
        tensors: added tensor -> the tensor of the original.
    """

    def __init__(self, graph: Graph, catalog: OpCatalog, step: TrainingStep, scope: str) -> None:
        self._graph = graph
        self._catalog = catalog
        self._waits = [graph[step.op]]
        self._scope = scope
        self.tensors: dict[str, str] = {}

    def add(self, key: str, tensor: str) -> str:
        """Returns a tensor's value once the step is done."""
        value = self._graph.value(tensor)
        number = dtypes.base(self._catalog.type_of(value))
        node = self._add("Identity", key, [value], T=type_attr(number))
        return self._named(node, value.name)

    def add_counter(self, name: str) -> str:
        """Returns the value that a variable has after the step."""
        variable = self._graph[name]
        op, attr = ("Identity", "T") if variable.op in VARIABLE_OPS else ("ReadVariableOp", "dtype")
        node = self._add(op, COUNTER, [variable.output()], **{attr: type_attr(variable.attr.type("dtype"))})
        return self._named(node, f"{name}:0")

    def add_constant(self) -> str:
        """Returns true once the step is done."""
        node = self._add("Const", DONE, [], dtype=type_attr(_BOOL), value=tensor_attr(np.array(True)))
        return node.output().name

    def _add(self, op: str, key: str, inputs: list[Value], **attrs: Message) -> Node:
        name = self._graph.unique_name(f"{self._scope}/{key}")
        return self._graph.add(op, name, inputs, attrs, control_inputs=self._waits)

    def _named(self, node: Node, tensor: str) -> str:
        self.tensors[node.output().name] = tensor
        return node.output().name
