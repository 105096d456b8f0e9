"""Takes apart the conditionals that need their own results.

An If computes all that it hands out at once. What one predicate switches may be a chain instead: the gradient of a
conditional needs its result, and is switched by the same predicate. Such Merges are several conditionals, by levels:
how many Merges are before each. A node that two levels need is computed by both, which no op with state may be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from compat_saver.graph.ir import Graph, Node
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.control_flow.conditionals import Conditional, Finder, in_order, needed_by, users_of
from compat_saver.passes.control_flow.parts import READS, NotFunctional


def apart(graph: Graph, finder: Finder) -> list[Conditional]:
    """Returns the outermost conditionals of a graph, those of a higher level before what is below it."""
    found = finder.find()
    cyclic = _on_cycles(graph, found)
    depths = _depths(graph, {merge for number in cyclic for merge in found[number].merges})
    parts = [_levels(made, finder, depths) if number in cyclic else [made] for number, made in enumerate(found)]
    return [made for listed in parts for made in listed]


def _levels(whole: Conditional, finder: Finder, depths: Mapping[Node, int]) -> list[Conditional]:
    """Takes a conditional apart; what a lower level needs too is shared with it."""
    levels: defaultdict[int, list[Node]] = defaultdict(list)
    for merge in whole.merges:
        levels[depths[merge]].append(merge)
    made: list[Conditional] = []
    below: set[Node] = set()
    for depth in sorted(levels):
        part = finder.part(whole, levels[depth])
        part.shared = part.inside & below
        below |= part.inside
        made.append(part)
    return made[::-1]


def _depths(graph: Graph, merges: set[Node]) -> dict[Node, int]:
    """Returns how many of some Merges are on the way to each node, itself included."""
    depths: dict[Node, int] = {}
    for node in in_order(graph) if merges else ():
        depths[node] = max((depths.get(other, 0) for other in needed_by(node)), default=0) + (node in merges)
    return depths


def _on_cycles(graph: Graph, found: Sequence[Conditional]) -> set[int]:
    """Returns the numbers of the conditionals that could not be one op, since they need their own results."""
    owner: dict[Node, object] = {}
    for number, made in enumerate(found):
        owner.update((node, number) for node in (*made.inside, *made.merges))
    needs: defaultdict[object, set[object]] = defaultdict(set)
    users: defaultdict[object, set[object]] = defaultdict(set)
    for node in graph:
        unit = owner.get(node, node)
        for other in needed_by(node):
            source = owner.get(other, other)
            if source != unit:
                needs[unit].add(source)
                users[source].add(unit)
    units = {owner.get(node, node) for node in graph}
    behind = units - _reached(units, needs, users)
    return {unit for unit in behind - _reached(behind, users, needs) if isinstance(unit, int)}


def _reached(
    units: set[object], needs: Mapping[object, set[object]], users: Mapping[object, set[object]]
) -> set[object]:
    """Returns what can be put in order among some units: all but what is on a cycle or behind one."""
    missing = {unit: len(needs.get(unit, set()) & units) for unit in units}
    ready = [unit for unit, count in missing.items() if not count]
    done: set[object] = set()
    while ready:
        unit = ready.pop()
        done.add(unit)
        for user in users.get(unit, set()) & units:
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    return done


def check_closed(made: Conditional, catalog: OpCatalog) -> None:
    """Checks that what is in a branch is read in it only, or handed out by a Merge, or computed elsewhere once more.

    Raises:
        NotFunctional: something else reads it, which would have no value where the other branch ran; or it has state
            and is computed once more.
    """
    allowed = made.inside | made.merges.keys()
    for node in made.inside:
        if node in made.shared:
            if catalog.is_stateful(node.op) and node.op not in READS:
                raise NotFunctional(f"{node.name!r} ({node.op}) has state, and its own result depends on it twice")
            continue
        for user in users_of(node):
            if user not in allowed:
                raise NotFunctional(f"{user.name!r} reads {node.name!r}, which runs in one branch only")
