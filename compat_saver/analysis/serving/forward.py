"""Separates the forward graph, which computes outputs, from the training graph: losses, metrics, optimizers.

The words used here:

- an edge carries data if the reader's output depends on more than the shape of what it reads, or on a branch taken;
- a *layer* is a node that brings a learned weight together with what depends on what is fed. A penalty on the weights
  is none: a weight that went through a reduction is no longer one. Nor is a distance from a weight;
- a *label* is fed, but no layer ever sees it, nor anything that is called a prediction: it is only compared with
  outputs. It is recognized without a name;
- a *judge* is a weight through which others are trained, that of a discriminator or of a critic: see `judges`. What it
  computes serves training as a loss does;
- the *loss* is all that depends on a label, on a loss op or on a judge, an average over the whole batch,
  and the arithmetic that leads to nothing else;
- what *passes* to the loss is rearranged for it and for nothing else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from compat_saver.analysis.known_values import static_shape
from compat_saver.analysis.serving.chance import drawn_nodes
from compat_saver.analysis.serving.feeds import fed_values
from compat_saver.analysis.serving.judges import Judge, judges_by_optimizers, judges_by_use, prepared_for
from compat_saver.analysis.serving.latents import latents
from compat_saver.analysis.serving.layers import LayerFinder
from compat_saver.analysis.serving.names import LABEL_WORD, LOSS_WORD, PREDICTION_WORD, has_own_name
from compat_saver.analysis.serving.optimizers import find_optimizers, slopes
from compat_saver.analysis.serving.parts import NO_OUTPUT_OP, READ_OFF_OPS, Forward
from compat_saver.analysis.serving.tag_chains import chain_weights
from compat_saver.analysis.serving.towers import pieces
from compat_saver.analysis.serving.training import differentiated, training_nodes, weights_of
from compat_saver.analysis.serving.whole_batch import REDUCTIONS, whole_batch
from compat_saver.analysis.walk import origin, spread
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS

_ONLY_SHAPE = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"})
_PREDICATES = frozenset({("Switch", 1), ("RefSwitch", 1)})
# Which rows belong together: so much of a sparse input no layer sees, and it is no label.
_SEGMENT_IDS = frozenset((f"Segment{word}", 1) for word in ("Sum", "Mean", "Max", "Min", "Prod")) | frozenset(
    (f"SparseSegment{word}", 2) for word in ("Sum", "Mean", "SqrtN")
)
_NO_DATA = _PREDICATES | _SEGMENT_IDS
_LOSS_OP = re.compile(
    r"(Sparse)?SoftmaxCrossEntropyWithLogits|L2Loss|InTopK(V2)?|CTCLoss\w*|EditDistance|\w+CandidateSampler"
)
_ELEMENTWISE = frozenset(
    {"Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "Neg", "Square", "SquaredDifference", "Pow", "Abs"}
    | {
        "Exp",
        "Log",
        "Log1p",
        "Sqrt",
        "Maximum",
        "Minimum",
        "ClipByValue",
        "Floor",
        "Cast",
        "Squeeze",
        "Identity",
        "Softplus",
    }
)
_LOGARITHMS = frozenset({"Log", "Log1p"})
_PENALTIES = _LOGARITHMS | frozenset({"Square", "Pow", "Neg", "Abs"})
_SAME_CLASSES = ("Cast", "Reshape", "Squeeze", "Identity")
_JOINING = ("Concat", "ConcatV2", "Pack")
_EQUALITIES = frozenset({"Equal", "NotEqual"})
_SUMS = frozenset({"Add", "AddV2"})
_SCALES = frozenset({"Mul", "RealDiv"})
_NORMS = frozenset({"Rsqrt", "Sqrt"})
_REARRANGEMENTS = re.compile(
    r"Reshape|Squeeze|ExpandDims|Transpose|Slice|StridedSlice|Pack|Unpack|Split|ConcatV?2?|Gather(V2|Nd)?|Tile|(Ref)?Switch"
    r"|(Ref)?Merge|(Ref)?Enter|Select|Identity|Cast|ReverseSequence|TensorArray\w*|StopGradient|LookupTableFind(V2)?|AsString"
)


def divide(graph: Graph, trainable: Collection[str]) -> Forward:
    """Tells the parts of a graph from each other.

    Args:
        graph: the whole graph.
        trainable: the names of its trainable variables.
    """
    return _Division(graph, trainable).result()


class _Division:
    def __init__(self, graph: Graph, trainable: Collection[str]) -> None:
        self._graph = graph
        self._training = training_nodes(graph)
        self._forward = [node for node in graph if node not in self._training]
        self._sources, self._readers = self._edges()
        self._through = differentiated(graph)
        self._optimizers = find_optimizers(graph, self._training)
        self._weights = weights_of(graph, trainable)
        self._chains = chain_weights(self._weights, self._readers)
        self._feeds = [value for node in self._forward for value in fed_values(node)]
        self._latents = latents(self._forward, spread({value.node for value in self._feeds}, self._readers))
        self._feeds += self._latents
        self._fed = spread({value.node for value in self._feeds}, self._readers)
        self._weighted = spread(self._weights, self._readers)

    def _edges(self) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
        """Returns the edges that carry data between nodes of the forward graph, in both directions."""
        sources, readers = defaultdict(list), defaultdict(list)
        for node in self._forward:
            if node.op not in _ONLY_SHAPE:
                for position, value in enumerate(node.inputs):
                    if (node.op, position) not in _NO_DATA and value.node not in self._training:
                        sources[node].append(value.node)
                        readers[value.node].append(node)
        return sources, readers

    def result(self) -> Forward:
        finder = LayerFinder(self._forward, self._fed, self._readers, self._chains)
        weight_of = finder.forms(self._weights)
        layers = finder.layers(weight_of)
        applied = {**finder.layers_of_others(self._weights), **layers}
        losses, together = set(self._loss_ops(weight_of)), whole_batch(self._fed, self._sources, self._readers)
        judges = self._judges(applied, spread(losses | together, self._sources))
        judging = [layer for judge in judges for layer in applied[judge.weight]]
        every = {layer for found in applied.values() for layer in found}
        prepared = prepared_for((judge.made for judge in judges), judging, self._readers, every)
        from_loss = spread([*judging, *losses, *prepared], self._readers)
        ends = {layer for found in layers.values() for layer in found} - from_loss
        seen_by_layers = spread(ends, self._sources)
        before = spread((source for layer in ends for source in self._sources[layer]), self._sources)
        averages = together - before  # not the statistics that a batch norm goes on with
        judged = spread(from_loss | averages, self._sources)
        made = [judge.made for judge in judges]
        seen = seen_by_layers | spread([*made, *self._named_answers(from_loss)], self._sources)
        is_trained = bool(from_loss or averages or self._through)
        labels = [value for value in self._feeds if self._is_label(value, seen, judged)]
        labels = [value for value in labels if is_trained or not self._is_needed_everywhere(value)]
        labelled = spread((use.node for value in labels for use in value.uses), self._readers) - self._training
        loss = labelled | from_loss | averages
        logarithms = {node for node in self._fed - before if node.op in _LOGARITHMS}
        through_logarithms = spread(logarithms, self._readers)
        read = {node for node in logarithms if self._readers[node]}
        starts = averages | read | self._shown() | {node for node in loss if node.op in _EQUALITIES}
        steps, passing = self._steps_to(loss, starts, seen_by_layers, through_logarithms)
        loss |= steps
        if self._chains:  # the likelihood of a chain is computed in a loop and in branches
            passing |= self._leading_only_to(loss) - seen_by_layers
        compared = {node for reader in loss | passing for node in self._sources[reader]}
        return Forward(
            weights=tuple(self._weights),
            fed=self._fed,
            weighted=self._weighted,
            before_layers=before,
            labelled=labelled,
            loss=loss,
            whole_batch=together,
            passing=passing,
            compared=compared & self._weighted & self._fed - loss,
            given_labels=self._given_labels(seen_by_layers, ends),
            through_logarithms=through_logarithms,
            carried_on=self._carried_on(loss | passing | through_logarithms),
            drawn=drawn_nodes(self._graph, self._sources, self._readers, self._fed & self._weighted),
            judged=self._judged(made, before),
            feeds={value.node for value in self._feeds if value not in labels},
            latents=self._latents,
            layers=layers,
            chains=self._chains,
            pieces=tuple(pieces(node for node in self._graph if node in self._fed and node not in self._weighted)),
            through=self._through,
            sloped=slopes(self._graph, self._optimizers),
            rearranged=self._rearranged(loss | passing),
            readers=self._readers,
        )

    def _judges(self, layers: Mapping[Node, list[Node]], judged: Collection[Node]) -> list[Judge]:
        """Returns the judges; where optimizers show what is trained, only the rest is found by its use."""
        found = judges_by_optimizers(self._optimizers, layers, self._sources, self._readers)
        changed = {name for step in self._optimizers for name in step.updates}
        unchanged = {weight: items for weight, items in layers.items() if weight.name not in changed}
        return [*found, *judges_by_use(unchanged, self._sources, self._fed, self._weighted, judged)]

    def _loss_ops(self, weight_of: Mapping[Node, Node]) -> Iterator[Node]:
        for node in self._fed:
            if _LOSS_OP.fullmatch(node.op) or self._is_comparison_of_classes(node):
                yield node
        for node, weight in weight_of.items():
            if weight in self._chains:
                yield from (item for item in self._readers[node] if item in self._fed and item.name in self._through)

    def _is_comparison_of_classes(self, node: Node) -> bool:
        """Whether a node is the Equal of an accuracy."""
        return (
            node.op == "Equal"
            and all(item in self._fed for item in self._sources[node])
            and any(origin(value, _SAME_CLASSES).node.op == "ArgMax" for value in node.inputs)
        )

    def _named_answers(self, from_loss: set[Node]) -> Iterator[Node]:
        """Yields what the program called a prediction: what it needs is no label, though no layer may see it."""
        for node in self._fed - from_loss:
            *scopes, word = node.name.split("/")
            is_named = node in self._weighted and PREDICTION_WORD.fullmatch(word) and has_own_name(node)
            if is_named and not any(LOSS_WORD.fullmatch(scope) for scope in scopes):
                yield node

    def _is_label(self, value: Value, seen: Collection[Node], judged: Collection[Node]) -> bool:
        readers = [use.node for use in value.uses]
        if any(reader in seen for reader in readers):
            return False
        if value.node.op in PLACEHOLDER_OPS and LABEL_WORD.fullmatch(value.node.name.rpartition("/")[2]):
            return True
        return bool(seen) and any(reader in judged for reader in readers) and not self._is_added(value)

    def _is_added(self, value: Value) -> bool:
        """Whether a value is only added to what layers made, as what an output is the difference to; labels are not."""
        is_vector = bool(static_shape(self._graph, value))
        uses = [use for use in value.uses if use.node in self._readers[value.node]]
        others = [use.node.inputs[1 - use.position].node for use in uses if use.node.op in _SUMS]
        return is_vector and len(others) == len(uses) and all(other in self._weighted for other in others)

    def _judged(self, made: Iterable[Node], before: Collection[Node]) -> set[Node]:
        """Returns what judges look at, of several things at once that which others made, where a layer goes on too."""
        found: set[Node] = set()
        for node in made:
            items = self._sources[node] if node.op in _JOINING else [node]
            found |= {item for item in items if item in self._weighted and item in before}
        return found

    def _is_needed_everywhere(self, value: Value) -> bool:
        """Whether all that the graph ends with depends on a value; what only orders others, as in a cond, is no end."""
        ends = {node for node in self._fed if not self._readers[node] and not node.control_uses}
        return ends <= spread([value.node], self._readers)

    def _steps_to(
        self, loss: Collection[Node], starts: Collection[Node], seen: Collection[Node], logarithms: Collection[Node]
    ) -> tuple[set[Node], set[Node]]:
        """Returns the arithmetic that leads to the loss and nothing else, and what passes to it.

        Arithmetic between a model and its labels may be the model's: only a square and the like is no output. Before
        an average that needs no label, a logarithm or an equality, all of it is: such are the starts. So is all behind
        a logarithm.
        """
        steps, passing = set(starts), set[Node]()
        pending = [*steps, *(node for node in loss if node not in steps)]
        while pending:
            for node in self._sources[pending.pop()]:
                if node in steps or node in passing or node in seen or node in loss or node not in self._fed:
                    continue
                readers = self._readers[node]
                is_held_up = any(reader.op in _EQUALITIES for reader in readers)  # against labels, for an accuracy
                if (node.op == "Identity" or is_held_up) and has_own_name(node):  # the program's name for its output
                    continue
                ends = loss if node in logarithms else ()
                if self._is_arithmetic(node) and all(item in steps or item in ends for item in readers):
                    steps.add(node)
                elif not all(item in loss or item in steps or item in passing for item in readers):
                    continue
                elif node.op in _PENALTIES:
                    steps.add(node)
                elif _REARRANGEMENTS.fullmatch(node.op):
                    passing.add(node)
                else:
                    continue
                pending.append(node)
        return steps, passing

    def _shown(self) -> set[Node]:
        """Returns what was made for pictures in a summary."""
        ends = (node for node in self._fed if not self._readers[node] and not has_own_name(node))
        uses = {node: {use.node.op for value in node.used_outputs for use in value.uses} for node in ends}
        return {node for node, ops in uses.items() if ops == {"ImageSummary"}}

    def _leading_only_to(self, loss: Collection[Node]) -> set[Node]:
        ends = (node for node in self._fed if not self._readers[node] and not NO_OUTPUT_OP.fullmatch(node.op))
        others = spread((node for node in ends if node not in loss), self._sources)
        return {node for node in self._fed if node not in others and node not in loss}

    def _is_arithmetic(self, node: Node) -> bool:
        is_normalized = node.op in _SCALES and any(item.op in _NORMS for item in self._sources[node])
        return node.op in _ELEMENTWISE | REDUCTIONS and not is_normalized and not _is_leaky(node)

    def _carried_on(self, aside: Collection[Node]) -> set[Node]:
        found: set[Node] = set()
        pending = [node for node in self._fed if node not in aside and not _is_transparent(node)]
        pending = [node for node in pending if not NO_OUTPUT_OP.fullmatch(node.op)]
        while pending:
            for node in self._sources[pending.pop()]:
                if node not in found:
                    found.add(node)
                    if _is_transparent(node):
                        pending.append(node)
        return found

    def _rearranged(self, aside: Collection[Node]) -> set[Node]:
        """Returns what is only rearranged until the graph ends with a node that the program named."""
        named = [node for node in self._fed if node not in aside and not self._readers[node] and has_own_name(node)]
        found = {node for node in named if _REARRANGEMENTS.fullmatch(node.op)}
        pending = [*found]
        while pending:
            end = pending.pop()
            for node in self._sources[end] if end.op in _JOINING else self._sources[end][:1]:
                if node in self._fed and node not in found and not has_own_name(node):
                    found.add(node)
                    pending += [node] if _REARRANGEMENTS.fullmatch(node.op) else []
        return found.difference(named)

    def _given_labels(self, seen_by_layers: Collection[Node], layers: Collection[Node]) -> set[Node]:
        """Returns what depends on feeds that layers see and that a loss op compares with its logits as well."""
        read = [
            value.node
            for node in self._fed
            if _LOSS_OP.fullmatch(node.op) and len(node.inputs) > 1
            for value in node.inputs[1:]
        ]
        compared = spread((node for node in read if node not in layers), self._sources, layers)
        return spread({v.node for v in self._feeds} & compared & set(seen_by_layers), self._readers)


def _is_leaky(node: Node) -> bool:
    """Whether a node is an activation that lets a share of what is negative through: the larger of x and a * x."""
    if node.op != "Maximum" or len(node.inputs) != 2:
        return False
    one, two = node.inputs
    return (one.node.op == "Mul" and two in one.node.inputs) or (two.node.op == "Mul" and one in two.node.inputs)


def _is_transparent(node: Node) -> bool:
    return node.op in READ_OFF_OPS or bool(_REARRANGEMENTS.fullmatch(node.op))
