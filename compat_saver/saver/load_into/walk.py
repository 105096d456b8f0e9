"""Walks a target and the objects of a checkpoint together, as tf.train.Checkpoint does when it restores.

Two objects correspond if they are reached by the same names. Keras 3's `model.export` is the exception: it stores no
paths to the layers, only the list of the model's variables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import fits
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import StoredObject, find_object, paths_from, stored_objects
from compat_saver.saver.load_into.targets import STORED, TargetVariable, children_of, is_layer, is_variable, own_name
from compat_saver.saver.matching.fit import Tensors


def with_stored_paths(
    variables: Sequence[TargetVariable], target: Any, tensors: Tensors, scope: str | None
) -> list[TargetVariable]:
    """Returns the variables, those that the walk reaches with their path in the checkpoint.

    If it does not reach all, walks that start below the root are their `places`: for saved `Checkpoint(model=...)`.

    Args:
        variables: those of the target.
        target: where the walk starts.
        tensors: the checkpoint; without objects there is no walk.
        scope: the object of the checkpoint that corresponds to the target; None for its root.
    """
    objects = _objects(target, tensors)
    start = find_object(objects, (scope or "").strip("/"))
    if start is None:
        return list(variables)
    found = _met(target, objects, start) or _listed(target, objects, start, tensors)
    paths = paths_from(objects, start)
    ids = [id(item.variable) for item in variables]
    ways = [{STORED: paths[found[number]]} if number in found else {} for number in ids]
    below = [] if found.keys() >= set(ids) else _met_below(ids, target, objects, start)
    places = [tuple(paths.get(met.get(number, -1), "") for met in below) for number in ids]
    return [
        replace(item, names={**item.names, **way}, places=place)
        for item, way, place in zip(variables, ways, places, strict=True)
    ]


def _met_below(ids: Sequence[int], target: Any, objects: Sequence[StoredObject], start: int) -> list[dict[int, int]]:
    """Returns the walks from children and grandchildren of `start` that reach most of the variables."""
    children = list(objects[start].children.values())
    numbers = dict.fromkeys((*children, *(number for child in children for number in objects[child].children.values())))
    names = _children(target, target).keys()
    likely = [number for number in numbers if number != start and not names.isdisjoint(objects[number].children)]
    walks = [_met(target, objects, number) for number in likely]
    return [met for met in walks if 2 * len(met.keys() & set(ids)) > len(ids)]


def scope_that_fits(variables: Sequence[TargetVariable], target: Any, tensors: Tensors) -> str | None:
    """Returns the one attribute of a checkpoint's root below which the whole target is found; None if there is none."""
    objects = _objects(target, tensors)
    wanted = {id(item.variable) for item in variables}
    names = [name for name, number in _root(objects).children.items() if wanted <= _met(target, objects, number).keys()]
    return names[0] if len(names) == 1 else None


def _root(objects: Sequence[StoredObject]) -> StoredObject:
    return objects[0] if objects else StoredObject({}, "", "")


def _objects(target: Any, tensors: Tensors) -> list[StoredObject]:
    is_walked = not is_variable(target) and not isinstance(target, dict | list | tuple)
    return stored_objects(tensors) if is_walked and isinstance(tensors, Checkpoint) else []


def _met(target: Any, objects: Sequence[StoredObject], start: int) -> dict[int, int]:
    """Returns id of a variable -> number of the corresponding object."""
    found: dict[int, int] = {}
    seen = {(start, id(target))}
    kept = [target]  # an id can be reused when its object is gone
    queue = deque([(start, target)])
    while queue:
        number, item = queue.popleft()
        children = _children(item, target)
        for name, child_number in objects[number].children.items():
            child = children.get(name)
            if child is None or (child_number, id(child)) in seen:
                continue
            seen.add((child_number, id(child)))
            kept.append(child)
            if not is_variable(child):
                queue.append((child_number, child))
            elif objects[child_number].key:
                found.setdefault(id(child), child_number)
    return found


def _children(item: Any, root: Any) -> dict[str, Any]:
    children = dict(children_of(item, root))
    if is_layer(item) and _tensorflow.is_trackable(item):
        children.update(_tensorflow.tensorflow().train.TrackableView(root).children(item))
    return children


def _listed(target: Any, objects: Sequence[StoredObject], start: int, tensors: Tensors) -> dict[int, int]:
    """Returns the same for a model that Keras 3 exported, if its list of variables is that of the target."""
    variables = list(getattr(target, "variables", ())) if is_layer(target) else []
    stored = objects[objects[start].children["variables"]].children if "variables" in objects[start].children else {}
    numbers = [stored[str(position)] for position in range(len(stored)) if str(position) in stored]
    if not len(variables) == len(numbers) == len(stored):
        return {}
    shapes = tensors.shapes()
    for variable, number in zip(variables, numbers, strict=True):
        item = objects[number]
        is_alike = item.full_name.rpartition("/")[2] == own_name(variable).rpartition("/")[2]
        if not is_alike or not fits(shapes[item.key], tuple(variable.shape)):
            return {}
    return {id(variable): number for variable, number in zip(variables, numbers, strict=True)}
