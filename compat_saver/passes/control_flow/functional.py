"""Frames, Switches and Merges -> While and If, from the outermost inward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.ops import OpCatalog
from compat_saver.passes.base import Pass, Rewrite
from compat_saver.passes.control_flow.branches import IfMaker
from compat_saver.passes.control_flow.conditionals import Conditional, Decided, Finder
from compat_saver.passes.control_flow.frames import Frame, outermost_frames
from compat_saver.passes.control_flow.levels import apart, check_closed
from compat_saver.passes.control_flow.loops import WhileMaker, read_loop
from compat_saver.passes.control_flow.parts import Kept, NotFunctional
from compat_saver.passes.control_flow.recorded_shapes import RecordedShapes

_LOOP, _CONDITIONAL = "while loop", "conditional"


class FunctionalControlFlow(Pass):
    """Makes every v1 while loop a While and every v1 conditional an If, with their functions in the library.

    TensorFlow 2 takes gradients through these, compiles them and converts them, and does none of it with the v1 ops.

    Args:
        catalog: knows the graph's ops.
        shapes: what was recorded of its tensors.
        stays: the names of nodes that must stay in the graph itself: those that stand for inputs and outputs.

    Attributes:
        kept: what stayed as it was, in all graphs that the pass was applied to.
    """

    name = "functional_control_flow"

    def __init__(self, catalog: OpCatalog, shapes: RecordedShapes | None = None, stays: Collection[str] = ()) -> None:
        self._catalog = catalog
        self._shapes = shapes or RecordedShapes()
        self._stays = stays
        self._made: Counter[str] = Counter()
        self.kept: list[Kept] = []

    def apply(self, graph: Graph) -> Rewrite:
        """Rewrites all that can be a function; the rest stays, and `kept` says why."""
        made, kept = Counter(self._made), len(self.kept)
        self._rewrite(graph)
        made = self._made - made
        told = ", ".join(f"{made[kind]:,} {kind}s" for kind in (_LOOP, _CONDITIONAL))
        return Rewrite(self.name, made.total(), "; ".join([told, *map(str, self.kept[kept:])]))

    def _rewrite(self, graph: Graph) -> None:
        """Rewrites a graph, or the body of a function that was just made; loops first, as branches may hold them."""
        if not any(node.op in ("Enter", "Switch") for node in graph):
            return
        for frame in outermost_frames(graph):
            self._try(_LOOP, frame.name, partial(self._rewrite_loop, graph, frame))
        self._rewrite_conditionals(graph)

    def _rewrite_body(self, graph: Graph) -> None:
        """Rewrites the body of a function, and removes what only the loops and conditionals in it needed."""
        self._rewrite(graph)
        needed = graph.ancestors(node for node in graph if node.op == "_Retval")
        graph.remove_all([node for node in graph if node.op != "_Arg" and node not in needed])

    def _rewrite_loop(self, graph: Graph, frame: Frame) -> None:
        self._check_stays(frame.nodes)
        maker = WhileMaker(graph, self._catalog, self._shapes)
        loop = read_loop(frame)
        arguments, condition, body, waits = maker.bodies(loop)
        self._rewrite_body(condition.graph)
        self._rewrite_body(body.graph)
        maker.replace(loop, arguments, condition.graph, body.graph, waits)
        self._made[_LOOP] += 1

    def _rewrite_conditionals(self, graph: Graph) -> None:
        decided = Decided(graph)
        outermost = ((merge, reason) for merge, reason in decided.unread.items() if not decided.nodes[merge])
        self.kept += [Kept(_CONDITIONAL, merge.name, reason) for merge, reason in outermost]
        noted = {value for merge in decided.unread for value in decided.predicates(merge)}
        for made in apart(graph, Finder(graph, decided)):
            if not self._try(_CONDITIONAL, made.name, partial(self._rewrite_conditional, graph, made, decided)):
                noted.add(made.predicate)
        self._note_open(graph, decided, noted)

    def _note_open(self, graph: Graph, decided: Decided, noted: set[Value]) -> None:
        """Notes what ends in a branch, a Switch whose predicate is in no conditional that was noted before."""
        for node in graph:
            if decided.nodes.get(node) and not node.control_uses and not node.used_outputs:
                predicate = decided.nodes[node][0][0]
                if predicate not in noted:
                    noted.add(predicate)
                    reason = f"it has a value for one value of {predicate.name} only, and no Merge has another for it"
                    self.kept.append(Kept(_CONDITIONAL, node.name, reason))

    def _rewrite_conditional(self, graph: Graph, made: Conditional, decided: Decided) -> None:
        self._check_stays(made.inside)
        check_closed(made, self._catalog)
        maker = IfMaker(graph, self._catalog, self._shapes, decided)
        arguments, then, otherwise, waits = maker.bodies(made)
        self._rewrite_body(then.graph)
        self._rewrite_body(otherwise.graph)
        maker.replace(made, arguments, (then.graph, otherwise.graph), waits)
        self._made[_CONDITIONAL] += 1

    def _check_stays(self, nodes: Collection[Node]) -> None:
        for node in nodes:
            if node.name in self._stays:
                raise NotFunctional(f"{node.name!r} is an input or an output of the model")

    def _try(self, kind: str, name: str, rewrite: Callable[[], None]) -> bool:
        """Rewrites if that can be; returns whether it could, and notes why not."""
        try:
            rewrite()
        except NotFunctional as error:
            self.kept.append(Kept(kind, name, str(error)))
            return False
        return True
