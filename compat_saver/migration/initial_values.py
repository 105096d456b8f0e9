"""Computes the initial values of weights that no checkpoint holds, with the graph's own initializers in a Session.

Random initializers draw with the seeds that the graph gives them, or else with seeds by their place in the graph: the
same values every time.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import Weight
from compat_saver.bundle import Checkpoint
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Graph
from compat_saver.graph.attributes import int_attr
from compat_saver.graph.checkpoint_ops import assign_fed
from compat_saver.legacy_session import import_graph, run_ops
from compat_saver.migration.plan import Plan
from compat_saver.migration.verification.time_limit import within
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.passes import run_passes
from compat_saver.passes.structure.removals import DropPlacement, Prune

_SEED = 1


def with_initial_values(plan: Plan, model: LegacyModel, timeout: float) -> Plan:
    """Returns the plan with the initial values of its weights, where they had to be computed.

    What its training steps need as well gets the same values there.

    Raises:
        CannotMigrateError: TensorFlow does not run an initializer.
        TimeLimitError: they take more than `timeout` seconds.
    """
    filled = _filled(plan, model, timeout)
    known = {weight.name: weight for weight in filled.weights}
    training = []
    for item in filled.training:
        step = _filled(item.plan, item.training.model, timeout)
        weights = tuple(known.setdefault(weight.name, weight) for weight in step.weights)
        training.append(dataclasses.replace(item, plan=dataclasses.replace(step, weights=weights)))
    return dataclasses.replace(filled, training=tuple(training))


def _filled(plan: Plan, model: LegacyModel, timeout: float) -> Plan:
    if not plan.filling:
        return plan
    graph = model.graph()
    filled = [weight for group in plan.filling for weight in group]
    roots = [graph.value(item.computed_by.tensor).node.name for item in filled if item.computed_by is not None]
    run_passes([Prune({*roots, *(item.name for item in filled)}), DropPlacement()], graph)
    _give_seeds(graph)
    try:
        run = functools.partial(_run, graph, plan.filling, model.checkpoint)
        values = within(timeout, "The initializers of variables", run)
    except _tensorflow.tf_errors() as error:
        why = _tensorflow.first_line(error)
        reason = f"The initializers of variables that are missing from the checkpoint do not run: {why}"
        raise CannotMigrateError([reason]) from error
    weights = [dataclasses.replace(item, initial=values.get(item.name, item.initial)) for item in plan.weights]
    return dataclasses.replace(plan, weights=tuple(weights))


def _give_seeds(graph: Graph) -> None:
    """Gives seeds to what draws at random without any: both seeds 0 mean another draw each time."""
    random = [node for node in graph if {"seed", "seed2"} <= node.attrs.keys()]
    for number, node in enumerate(random, start=1):
        if node.attr.int("seed") == node.attr.int("seed2") == 0:
            node.attrs["seed"], node.attrs["seed2"] = int_attr(_SEED), int_attr(number)


def _run(graph: Graph, groups: Sequence[Sequence[Weight]], checkpoint: Checkpoint | None) -> Mapping[str, np.ndarray]:
    """Fills the variables group by group; returns the values that were computed."""
    tf = _tensorflow.tensorflow()
    computed: dict[str, np.ndarray] = {}
    variables = {
        item.name: assign_fed(graph, graph[item.name].output(), item.dtype) for group in groups for item in group
    }
    with import_graph(graph).as_default(), tf.compat.v1.Session() as session:
        for group in groups:
            # In one run: variables that are initialized with the same random tensor get the same values.
            tensors = {item.name: item.computed_by.tensor for item in group if item.computed_by is not None}
            found = session.run(tensors)
            computed |= {name: np.asarray(value) for name, value in found.items()}
            for item in group:
                value = computed.get(item.name, item.initial)
                fed, assigned = variables[item.name]
                run_ops(session, [assigned.name], {fed.name: _stored(item, checkpoint) if value is None else value})
    return computed


def _stored(weight: Weight, checkpoint: Checkpoint | None) -> np.ndarray:
    assert checkpoint is not None, "only a checkpoint gives a weight a place"
    value = checkpoint[weight.location.key]
    return value if weight.location.part is None else value[weight.location.part.box]
