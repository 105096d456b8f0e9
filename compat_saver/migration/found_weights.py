"""Finds the weights that the signatures need, in the checkpoint or by the graph's initializers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compat_saver.analysis.values.initializers import filling_order
from compat_saver.analysis.values.roles import AVERAGE
from compat_saver.analysis.values.weights import Location, Weight, WeightFinder, variable_nodes
from compat_saver.errors import UsageError, and_more, counted, phrases_and_more
from compat_saver.graph import Graph, Node
from compat_saver.model.legacy_model import LegacyModel

_MOST_NAMES = 5


class FoundWeights(NamedTuple):
    """The weights of a migration.

    Attributes:
        weights: the variables that the signatures need, in the graph's order.
        filling: the variables to fill, group by group, if the values of some weights have to be computed: these, and
            those that their initializers need.
        averaged: the weights whose values are moving averages of the checkpoint.
        untrained: the weights with initial values by the graph's initializers, local ones apart.
        changed: the stored weights that TensorFlow's loader may change after it has restored them.
        missing: what keeps weights from having values, a sentence each.
        notes: what the user should know, a sentence each.
    """

    weights: tuple[Weight, ...]
    filling: tuple[tuple[Weight, ...], ...]
    averaged: tuple[str, ...]
    untrained: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def find_weights(
    model: LegacyModel,
    graph: Graph,
    *,
    init_missing: bool = False,
    ema: bool = False,
    made: Mapping[str, np.ndarray] | None = None,
) -> FoundWeights:
    """Finds the weights.

    Args:
        model: knows the checkpoint, and all variables: an initializer may need some that no signature needs.
        graph: its graph, pruned to what the signatures need.
        init_missing: whether variables that no checkpoint holds get their initial values; local ones always do, as in
            TF1.
        ema: whether weights get the values of their moving averages, where the checkpoint holds these.
        made: the variables that were made of constants, with their values.

    Raises:
        UsageError: moving averages are requested, and there are none.
    """
    variables, local = model.variables, model.local_variables
    first = model.first_values(variables if init_missing else local)
    averages = _averages(model, graph)
    if ema and not averages:
        raise UsageError(f"--ema: the checkpoint holds no {AVERAGE} of the weights that the signatures need.")
    locations = {**model.saver_locations, **(averages if ema else {})}
    made = made or {}
    assembled = {**model.assembled_values, **made}
    finder = WeightFinder(model.checkpoint, locations, {*model.trainable, *made}, first, assembled)
    found = {node.name: finder.find(node) for node in variable_nodes(graph)}
    weights = tuple(item for item in found.values() if isinstance(item, Weight))
    absent = len(finder.absent)
    filling = _filling(found, variables, finder)
    missing = [item for item in found.values() if isinstance(item, str)]
    if absent == len(missing) > 0:  # else graph and checkpoint do not belong together
        missing[-1] += (
            f" {absent:,} of the {len(found):,} variables that the signatures need are missing from the "
            "checkpoint; --init-missing sets them with the graph's initializers (untrained)."
        )
    if filling is None:
        missing.append("The initializers of variables that are missing from the checkpoint need each other's values.")
    untrained = [item for item in weights if item.initializer is not None and item.name not in local]
    stored = (item.name for item in weights if item.initializer is None)
    return FoundWeights(
        weights=weights,
        filling=filling or (),
        averaged=tuple(averages) if ema else (),
        untrained=tuple(item.name for item in untrained),
        changed=tuple(name for name in stored if name in model.changed_when_loaded),
        missing=tuple(missing),
        notes=(*_notes(untrained), *_average_notes(averages, ema)),
    )


def _averages(model: LegacyModel, graph: Graph) -> dict[str, Location]:
    """Returns weight -> where the checkpoint holds its moving average, unless the saver reads that anyway."""
    found = {}
    for node in variable_nodes(graph):
        location = model.saver_locations.get(node.name, Location(node.name))
        key = f"{location.key}/{AVERAGE}"
        if model.checkpoint is not None and key in model.checkpoint:
            found[node.name] = replace(location, key=key)
    return found


def _average_notes(averages: Collection[str], ema: bool) -> Iterator[str]:
    if averages:
        names = and_more(list(averages), _MOST_NAMES)
        yield (
            f"The moving averages of {names} are used as weights."
            if ema
            else f"The checkpoint holds moving averages of {names}; --ema uses them as weights."
        )


def _filling(
    found: dict[str, Weight | str], variables: Mapping[str, Node], finder: WeightFinder
) -> tuple[tuple[Weight, ...], ...] | None:
    """Returns the groups, and adds to `found` what only initializers need; None if variables need each other."""
    needs: dict[str, frozenset[str]] = {}
    pending = [item.name for item in found.values() if isinstance(item, Weight) and item.computed_by]
    while pending:
        name = pending.pop()
        if name not in needs:
            item = found.setdefault(name, found.get(name) or finder.find(variables[name]))
            initializer = item.computed_by if isinstance(item, Weight) else None
            needs[name] = frozenset() if initializer is None else initializer.variables - {name}
            pending += needs[name]
    groups = filling_order(needs)
    if groups is None:
        return None
    filled = [[found[name] for name in group] for group in groups]
    return tuple(tuple(item for item in group if isinstance(item, Weight)) for group in filled)


def _notes(untrained: Sequence[Weight]) -> list[str]:
    if not untrained:
        return []
    drawn = [item for item in untrained if item.initializer is not None and item.initializer.is_random]
    random = f"; {len(drawn):,} drawn at random, with a fixed seed" if drawn else ""
    names = phrases_and_more([item.name for item in untrained], _MOST_NAMES)
    return [
        f"{counted(len(untrained), 'variable is', 'variables are')} missing from the checkpoint and untrained, set "
        f"with the graph's initializers ({names}{random})."
    ]
