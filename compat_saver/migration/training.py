"""Plans training steps beside what is served: each in a graph of its own, with the same variables.

What is served turns to inference, and its graph is rewritten for that; a training step needs the graph as it trains. So
a step is planned as a model of its own (`model.training_model`), by the same stages. Only the variables and the tables
of all plans become those of one model.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from compat_saver.analysis.ops.triage import OpRow
from compat_saver.errors import CannotMigrateError
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
    with _collecting(errors):
        serving = make_plan(model, options)
    for item in training_models(model, options.train_ops, options.train_outputs, taken):
        with _collecting(errors):
            training.append(TrainingPlan(item, _plan_step(item, options, bind)))
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
