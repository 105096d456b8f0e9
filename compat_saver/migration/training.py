"""Plans training steps beside what is served: each in a graph of its own, with the same variables.

What is served turns to inference, and its graph is rewritten for that; a training step needs the graph as it trains. So
a step is planned as a model of its own (`model.training_model`), by the same stages. Only the variables and the tables
of all plans become those of one model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from compat_saver.analysis.ops.triage import IN_TRAINING, OpRow
from compat_saver.analysis.ops.unsupported_ops import is_python, subsystem
from compat_saver.analysis.serving.proposal import needed_placeholders
from compat_saver.analysis.walk import needed_from, origin
from compat_saver.errors import CannotMigrateError
from compat_saver.graph import Node
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.plan import Plan, TrainingPlan, make_plan
from compat_saver.model.inference_mode import KEEP
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import SignatureRequest
from compat_saver.model.training_inputs import all_modes, bound_values
from compat_saver.model.training_model import TrainingModel, training_models
from compat_saver.passes import run_passes
from compat_saver.passes.structure.library_functions import RenameFunctions


def make_plans(model: LegacyModel, options: MigrationOptions) -> Plan:
    """Plans a migration, with training steps where they are requested.

    Args:
        model: the opened model.
        options: the options of the call.

    Raises:
        UsageError: no training step is there, or as `make_plan`.
        NameNotFoundError: a name that is not in the graph.
        CannotMigrateError: the obstacles to all that is requested.
    """
    if not options.trains:
        return make_plan(model, options)
    taken = {*(item.name for item in options.signatures), *model.signatures}
    bind = _bound(model, options)
    errors: list[CannotMigrateError] = []
    training = []
    served: set[str] = set()
    with _collecting(errors):
        serving = make_plan(model, options)
        served = {tensor.name for signature in serving.signatures for tensor in signature.inputs.values()}
    for item in training_models(model, options.train_ops, options.train_outputs, taken):
        with _collecting(errors):
            training.append(TrainingPlan(item, _plan_step(item, options, bind)))
            _refuse_python(training[-1], served)
    if errors:
        raise _together(errors)
    plan = dataclasses.replace(serving, training=tuple(training))
    return dataclasses.replace(
        plan, dropped=len(model.variables) + len(plan.made) - len(plan.all_weights), ops=_ops(plan)
    )


def _ops(plan: Plan) -> tuple[OpRow, ...]:
    """Returns the rows of each op from the plan that needs most of its nodes."""
    found: dict[str, tuple[int, list[OpRow]]] = {}
    for part in plan.all:
        for op, rows in itertools.groupby(part.ops, lambda row: row.op):
            listed = list(rows)
            needed = sum(row.count for row in listed if row.needed)
            if needed > found.get(op, (-1,))[0]:
                found[op] = needed, listed
    return tuple(row for _, (_, rows) in sorted(found.items()) for row in rows)


def _bound(model: LegacyModel, options: MigrationOptions) -> Mapping[str, np.ndarray]:
    """Returns what is fixed to constants in training as well: a training-mode input is fixed for serving alone."""
    modes = {mode.tensor for mode in all_modes(model)}
    bound = bound_values(model.as_read, model.catalog, options.bind)
    return {name: value for name, value in bound.items() if name not in modes}


def _plan_step(item: TrainingModel, options: MigrationOptions, bind: Mapping[str, object]) -> Plan:
    own = dataclasses.replace(
        options,
        signatures=(SignatureRequest(item.name, None, item.outputs),),
        signature_def=None,
        bind=bind,
        rename={},
        training_behavior=KEEP,
    )
    plan = make_plan(item.model, own)
    run_passes([RenameFunctions(f"{item.name}_")], plan.graph)
    return plan


def _refuse_python(item: TrainingPlan, served: Collection[str]) -> None:
    """Raises CannotMigrateError for Python functions of what is fed, unless what they return is an input of serving.

    One that depends on nothing that is fed makes the examples; one of the labels is a part of the loss.
    """
    graph = item.training.model.as_read
    (signature,) = item.plan.signatures
    taken = [graph.value(tensor.name) for tensor in signature.inputs.values() if tensor.name not in served]
    nodes = dict.fromkeys(origin(value, ("Identity",)).node for value in taken)
    found = [node for node in nodes if is_python(node) and needed_placeholders(needed_from(node.inputs))]
    if found:
        raise CannotMigrateError([_python_obstacle(node) for node in found], item.plan.ops)


def _python_obstacle(node: Node) -> str:
    part = subsystem(node.op)
    return f"{node.op} ({node.name!r}): {part.reason if part else ''}. {IN_TRAINING}"


@contextlib.contextmanager
def _collecting(errors: list[CannotMigrateError]) -> Iterator[None]:
    try:
        yield
    except CannotMigrateError as error:
        errors.append(error)


def _together(errors: Sequence[CannotMigrateError]) -> CannotMigrateError:
    """Returns one error with the obstacles of all, each once."""
    obstacles = dict.fromkeys(obstacle for error in errors for obstacle in error.obstacles)
    return CannotMigrateError(
        [*obstacles], errors[0].ops, errors[0].around if len(errors) == 1 else "", errors[0].change
    )
