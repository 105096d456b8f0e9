"""The nodes of a graph as a tree of name scopes in which no scope has more children than a picture can show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from compat_saver.analysis.node_fates import DrawnGraph

_MOST_CHILDREN = 48
_FEWEST_OF_A_KIND = 4
_MOST_LEVELS = 40  # names are strings of a file: one may have thousands of slashes
_SERIES = re.compile(r"(.*?)_?\d+")


@dataclass
class Scope:
    """A name scope, or a bundle of children that a scope has too many of.

    Attributes:
        label: the part of the name that it adds, or what is in the bundle.
        is_bundle: whether the label is no part of a name.
        children: scopes, and pairs of a label and the number of a node, in the order of the graph. A node whose name is
            also that of a scope is in the scope, under the label "".
    """

    label: str
    is_bundle: bool = False
    children: list[Scope | Leaf] = field(default_factory=list)


@dataclass(frozen=True)
class Leaf:
    """A node: the last part of its name, and its number."""

    label: str
    number: int


def scope_tree(graph: DrawnGraph) -> Scope:
    """Returns the root of the tree of all nodes."""
    root, scopes = Scope(""), {"": Scope("")}
    scopes[""] = root
    inner = {name.rpartition("/")[0] for name in graph.names}
    for number, name in enumerate(graph.names):
        *path, last = name.split("/", _MOST_LEVELS)
        if name in inner and len(path) < _MOST_LEVELS:
            path, last = [*path, last], ""
        _scope_at(path, scopes).children.append(Leaf(last, number))
    _bundle(root, graph)
    return root


def _scope_at(path: list[str], scopes: dict[str, Scope]) -> Scope:
    """Returns the scope of a path, and makes those on the way that are not there yet."""
    scope, name = scopes[""], ""
    for part in path:
        name = f"{name}/{part}"
        found = scopes.get(name)
        if found is None:
            found = scopes[name] = Scope(part)
            scope.children.append(found)
        scope = found
    return scope


def _bundle(scope: Scope, graph: DrawnGraph) -> None:
    """Bundles the children of a scope, and of all scopes in it, where there are too many: first what is of a kind."""
    if len(scope.children) > _MOST_CHILDREN:
        scope.children = list(_of_a_kind(scope.children, lambda child: _kind(child, graph)))
    while len(scope.children) > _MOST_CHILDREN:
        scope.children = list(_runs(scope.children))
    for child in scope.children:
        if isinstance(child, Scope):
            _bundle(child, graph)


def _kind(child: Scope | Leaf, graph: DrawnGraph) -> str:
    """Returns what children have in common that may be bundled wherever they are: "" for nothing."""
    if isinstance(child, Leaf):
        return "" if graph.inputs[child.number] else graph.ops[child.number]
    match = None if child.is_bundle else _SERIES.fullmatch(child.label)
    return f"{match[1]}_…" if match else ""


def _of_a_kind(children: list[Scope | Leaf], kind_of: Callable[[Scope | Leaf], str]) -> Iterator[Scope | Leaf]:
    groups: dict[tuple[bool, str], list[Scope | Leaf]] = {}
    for child in children:
        groups.setdefault((isinstance(child, Scope), kind_of(child)), []).append(child)
    bundled = {key for key, group in groups.items() if key[1] and _FEWEST_OF_A_KIND <= len(group) < len(children)}
    for child in children:
        key = (isinstance(child, Scope), kind_of(child))
        if key not in bundled:
            yield child
        elif child is groups[key][0]:
            yield Scope(f"{key[1]} \u00d7 {len(groups[key]):,}", True, groups[key])


def _runs(children: list[Scope | Leaf]) -> Iterator[Scope]:
    """Yields bundles of children that follow each other."""
    for start in range(0, len(children), _MOST_CHILDREN):
        run = children[start : start + _MOST_CHILDREN]
        yield Scope(f"{_first_label(run)} … {_last_label(run)}", True, run)


def _first_label(children: Iterable[Scope | Leaf]) -> str:
    first = next(iter(children))
    return first.label.partition(" … ")[0]


def _last_label(children: list[Scope | Leaf]) -> str:
    return children[-1].label.rpartition(" … ")[2]
