"""The two ways in which Keras lays weights out in HDF5.

named      Keras 1 and 2, `save("x.h5")` and `save_weights("x.h5")`: a group per layer, in the order of the attribute
           `layer_names`; its attribute `weight_names` lists the datasets, `dense/kernel:0`. In a whole model these
           groups are below `model_weights`, and `optimizer_weights` has such a list too.
numbered   Keras 2.12 to 3, `.keras` and `.weights.h5`: groups named after classes or layers, `layers/dense_1`, each
           with the group `vars` of numbered datasets, and groups of the layers inside it. Keras 2 counts a layer with
           weights twice (`dense`, `dense_2`, `dense_4`), so only the order of the numbers counts.
Source: keras/src/legacy/saving/legacy_h5_format.py, keras/src/saving/saving_lib.py.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from compat_saver.errors import FormatError
from compat_saver.keras_files import hdf5
from compat_saver.keras_files.class_names import by_number, snake_case
from compat_saver.keras_files.configurations import LayerConfig
from compat_saver.keras_files.contents import Layer, Weight, with_unique_names

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_VARS, _OPTIMIZER = "vars", "optimizer"


def is_named(root: Any) -> bool:
    """Whether a group has layers in the layout with names."""
    return "layer_names" in root.attrs or "layer_names0" in root.attrs


def is_numbered(root: Any) -> bool:
    """Whether a group is one of the layout with numbers."""
    return _VARS in root or any(name in root for name in _CONTAINERS)


# ---- named


def named_layers(root: Any, configs: Sequence[LayerConfig], path: str) -> tuple[Layer, ...]:
    """Returns the layers of a group in the layout with names.

    Args:
        root: the group.
        configs: those of the layers, if known; they are found by name.
        path: the file, for messages.

    Raises:
        FormatError: a layer or a weight that is listed is not there.
    """
    known = {config.name: config for config in configs}
    layers = []
    for name in hdf5.texts(root, "layer_names"):
        config = known.get(name, LayerConfig((name,), "", {}))
        weights = tuple(_listed(hdf5.member(root, name, path), path, name))
        layers.append(Layer(name, config.class_name, config.config, weights))
    return with_unique_names(layers)


def listed_weights(group: Any, path: str) -> tuple[Weight, ...]:
    """Returns the weights that a group lists, such as those of an optimizer; none where there is no group."""
    return () if group is None else tuple(_listed(group, path, "optimizer_weights"))


def _listed(group: Any, path: str, owner: str) -> Iterator[Weight]:
    if group is None:
        raise FormatError("cut short", path=path, expected=f"a group for {owner!r}", found="none")
    for name in hdf5.texts(group, "weight_names"):
        yield hdf5.weight_of(hdf5.member(group, name, path), name.removesuffix(":0"), path)


# ---- numbered


def numbered_layers(root: Any, configs: Sequence[LayerConfig], path: str) -> tuple[Layer, ...]:
    """Returns the layers of a group in the layout with numbers.

    Args:
        root: the group.
        configs: those of the layers, if known; they are found by the name of the layer, or by class and order.
        path: the file, for messages.

    Raises:
        FormatError: what should be a weight is none.
    """
    groups = dict(_layer_groups(root, path))
    chosen = _assigned(groups, configs)
    layers = []
    for config in configs:
        weights = tuple(_numbered(groups[chosen[config.name]], config.name, path)) if config.name in chosen else ()
        layers.append(Layer(config.name, config.class_name, config.config, weights))
    rest = [name for name in groups if name not in chosen.values()]
    layers += [Layer(name, weights=tuple(_numbered(groups[name], name, path))) for name in rest]
    return tuple(layer for layer in layers if layer.weights or layer.class_name)


def groups_of_layers(root: Any, configs: Sequence[LayerConfig], path: str) -> list[tuple[LayerConfig, str]]:
    """Returns the layers that have a group in the layout with numbers, with its name."""
    chosen = _assigned(dict(_layer_groups(root, path)), configs)
    return [(config, chosen[config.name]) for config in configs if config.name in chosen]


def numbered_optimizer(root: Any, path: str) -> tuple[Weight, ...]:
    """Returns the variables of the optimizer of a group in the layout with numbers."""
    group = hdf5.member(root, _OPTIMIZER, path)
    return () if group is None else tuple(_numbered(group, _OPTIMIZER, path))


def _layer_groups(root: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yields the groups of layers: those in the list of the model's layers, then those in its own attributes."""
    for container in _CONTAINERS:
        held = hdf5.member(root, container, path)
        if held is not None:
            yield from sorted(hdf5.below(held, path), key=lambda item: by_number(item[0]))
    for name, held in hdf5.below(root, path):
        if name not in (*_CONTAINERS, _VARS, _OPTIMIZER, "metrics", "compile_metrics") and not hdf5.is_dataset(held):
            yield name, held


def _assigned(groups: dict[str, Any], configs: Sequence[LayerConfig]) -> dict[str, str]:
    """Returns name of the layer -> name of its group.

    Cases: groups with the names of the layers; per class as many groups as layers, in the order of their numbers.
    """
    own = {hdf5.text(group.get(_VARS), "name"): name for name, group in groups.items()}
    if all(config.name in own for config in configs):
        return {config.name: own[config.name] for config in configs}
    layers, stored = defaultdict(list), defaultdict(list)
    for config in configs:
        layers[snake_case(config.class_name)].append(config.name)
    for name in sorted(groups, key=by_number):
        stored[by_number(name)[0]].append(name)
    pairs = (zip(names, stored[kind], strict=True) for kind, names in layers.items() if len(stored[kind]) == len(names))
    return dict(itertools.chain.from_iterable(pairs))


def _numbered(group: Any, owner: str, path: str) -> Iterator[Weight]:
    """Yields the weights of a layer, then those of the layers in it."""
    own = hdf5.member(group, _VARS, path)
    if own is not None:
        for name in sorted(own, key=lambda item: (len(item), item)):
            yield hdf5.weight_of(hdf5.member(own, name, path), f"{owner}/{name}", path)
    for name, held in hdf5.below(group, path):
        if name != _VARS and not hdf5.is_dataset(held):
            yield from _numbered(held, f"{owner}/{name}", path)
