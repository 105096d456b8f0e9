"""Infers what to serve if the user does not say: a few named signals, each with its weight, summed per candidate.

A candidate is a value of the forward graph that depends on a placeholder, or on the output of a queue or an iterator,
and that a session can fetch. The best one is served; with it other heads, if each has weights of its own, and the
logits of which they are a softmax, a sigmoid or the largest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from compat_saver import dtypes
from compat_saver.analysis.known_values import static_shape
from compat_saver.analysis.ops.unsupported_ops import subsystem
from compat_saver.analysis.serving.closing import closing_nodes
from compat_saver.analysis.serving.copies import Reach, comparisons, is_for_inference
from compat_saver.analysis.serving.ctc_decoders import decoders
from compat_saver.analysis.serving.forward import divide
from compat_saver.analysis.serving.heads import Ranked, choose_heads
from compat_saver.analysis.serving.initial_states import initial_states, last_states
from compat_saver.analysis.serving.layer_parts import LayerParts
from compat_saver.analysis.serving.names import OUTPUT_WORD, has_own_name
from compat_saver.analysis.serving.own_words import words_before
from compat_saver.analysis.serving.parts import HEAD_OPS, NO_OUTPUT_OP, READ_OFF_OPS
from compat_saver.analysis.serving.signals import Candidate, View, judge
from compat_saver.analysis.serving.word_vectors import normalized_table
from compat_saver.analysis.walk import needed_by, needed_from, nodes_in_branches, nodes_in_loops, origin, spread
from compat_saver.errors import GraphError
from compat_saver.graph.ir import Graph, Node, Value
from compat_saver.graph.op_sets import PLACEHOLDER_OPS
from compat_saver.graph.ops import OpCatalog

_SAME_ELEMENTS = ("Identity", "Reshape", "Squeeze", "ExpandDims", "Cast")
_MOST_CANDIDATES = 60

_DECODED, _DECODES = "is what a decoder finds", "is what a decoder starts from"
_SCORED = "is how likely that is"
_STATE = "is the last state, where the first one is fed"
_PART = "is another part of the same layer"
_BEFORE = "is a word from which a decoder goes on"

_Units = tuple[tuple[Candidate, ...], ...]


@dataclass(frozen=True)
class Proposal:
    """What to serve.

    Attributes:
        units: the heads, the best first, with others of its list; empty if there is no candidate.
        logits: what they are read off, to serve beside them: candidate -> logits.
        others: the candidates that are not served, best first.
        unknown: the nodes that the graph ends with, of ops that nothing here defines.
        latents: the noise that networks start from, which becomes an input.
    """

    units: tuple[tuple[Candidate, ...], ...]
    logits: Mapping[Candidate, Candidate]
    others: tuple[Candidate, ...]
    unknown: tuple[Node, ...] = ()
    latents: tuple[Value, ...] = ()

    @property
    def heads(self) -> tuple[Candidate, ...]:
        """Returns the best candidate and other heads."""
        return tuple(item for unit in self.units for item in unit)

    @property
    def served(self) -> tuple[Candidate, ...]:
        """Returns all that is served."""
        return (*self.heads, *dict.fromkeys(self.logits.values()))

    @property
    def together(self) -> tuple[tuple[str, ...], ...]:
        """Returns the tensors of each unit, logits included: what belongs into one signature."""
        found = []
        for unit in self.units:
            logits = dict.fromkeys(self.logits[head] for head in unit if head in self.logits)
            found.append(tuple(name for item in (*unit, *logits) for name in (item.tensor, *item.beside)))
        return tuple(found)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Returns the names of all tensors to serve, logits last."""
        return tuple(name for item in self.served for name in (item.tensor, *item.beside))


def propose(
    graph: Graph,
    catalog: OpCatalog,
    trainable: Iterable[str],
    excluded: Collection[str] = frozenset(),
    listed: Collection[str] = (),
) -> Proposal:
    """Returns what to serve, and what was not chosen.

    Args:
        graph: the whole graph.
        catalog: the definitions that hold for it.
        trainable: the names of its trainable variables.
        excluded: the names of nodes that are no candidates.
        listed: the tensors in collections that are named for outputs; where it has candidates, they are the heads.
    """
    return _Proposer(graph, catalog, frozenset(trainable), excluded, listed).proposal()


def needed_placeholders(ancestors: Iterable[Node]) -> list[Node]:
    """Returns the placeholders among some nodes, without those that have a default; by name."""
    return sorted((node for node in ancestors if node.op in PLACEHOLDER_OPS), key=lambda node: node.name)


class _Proposer:
    def __init__(
        self,
        graph: Graph,
        catalog: OpCatalog,
        trainable: Collection[str],
        excluded: Collection[str] = (),
        listed: Collection[str] = (),
    ) -> None:
        self._graph, self._excluded = graph, excluded
        self._listed = [node for name in listed if (node := graph.get(name.removesuffix(":0"))) is not None]
        self._parts = divide(graph, trainable)
        ends = (node for node in graph if node in self._parts.fed and not self._parts.readers.get(node))
        self._unknown = tuple(node for node in ends if catalog.find(node.op) is None)
        self._closing = closing_nodes(graph, self._parts)
        self._comparisons = comparisons(self._parts)
        self._beyond = spread(self._parts.judged, self._parts.readers) - set(self._parts.judged)
        in_loops = nodes_in_loops(graph)
        self._inside = in_loops | nodes_in_branches(graph, in_loops)
        self._nodes = self._promising(catalog)
        self._needed = needed_by(self._nodes)
        self._reach = {
            node: Reach.of(1 << number, self._needed, self._parts) for number, node in enumerate(self._nodes)
        }

    def _promising(self, catalog: OpCatalog) -> list[Node]:
        """Returns the nodes worth a close look: a graph may have any number."""
        found = [node for node in self._graph if node in self._parts.fed and node not in self._inside]
        found = [node for node in found if node.name not in self._excluded and _gives_values(node, catalog)]
        found = [node for node in found if not self._returns_an_input(node)]
        if len(found) > _MOST_CANDIDATES:
            found.sort(key=self._promise, reverse=True)
        return found[:_MOST_CANDIDATES]

    def _returns_an_input(self, node: Node) -> bool:
        start = origin(node.output(), _SAME_ELEMENTS).node
        return all(value.node not in self._parts.fed for value in start.inputs)

    def _promise(self, node: Node) -> float:
        parts = self._parts
        named = bool(OUTPUT_WORD.fullmatch(node.name.rpartition("/")[2]))
        return (
            9 * (node in self._listed)
            + 3 * parts.is_end(node)
            + 2 * parts.is_last(node)
            + named
            - 3 * (node in parts.loss)
        )

    def ranked(self) -> list[Candidate]:
        """Returns the candidates, best first; of the names of one value the best."""
        best: dict[Value, Candidate] = {}
        compared = {_read_off(node) for node in self._parts.compared}
        for node in self._nodes:
            found = judge(self._view(node, compared))
            value = _unnamed(node)
            if value not in best or best[value].score < found.score:
                best[value] = found
        return sorted(best.values(), key=lambda item: -item.score)

    def _view(self, node: Node, compared: Collection[Node]) -> View:
        reach, weights = self._reach[node], self._parts.weights
        return View(
            node,
            self._parts,
            static_shape(self._graph, node.output()),
            share=len(reach.weights) / len(weights) if weights else 1.0,
            root=origin(node.output(), _SAME_ELEMENTS).node,
            is_compared=_read_off(node) in compared,
            is_closing=_unnamed(node).node in self._closing,
            is_chained=not reach.weights.isdisjoint(self._parts.chains),
            is_beyond_judged=node in self._beyond,
            is_comparison=node in self._comparisons,
            is_listed=node in self._listed,
            is_for_inference=is_for_inference(node, reach, self._parts),
        )

    def proposal(self) -> Proposal:
        """Returns the best candidate with the other heads, the logits of all, and the rest."""
        candidates = {self._node(item): item for item in self.ranked() if item.score >= 0}
        ranked = [
            Ranked(node, item.score, 1 << self._nodes.index(node), self._reach[node], node in self._closing)
            for node, item in candidates.items()
        ]
        listed = [[item] for item in ranked if item.node in self._listed]
        chosen = listed or choose_heads(ranked, self._needed, self._parts)
        units = tuple(tuple(candidates[item.node] for item in unit) for unit in chosen)
        units = units if listed else self._with_decoder(self._with_parts(units))
        units = units if listed else self._with_last_states(units)
        units = self._with_tables(self._with_words_before(self._with_transitions(units, chosen)))
        heads = dict.fromkeys(item for unit in units for item in unit)
        by_value = {_unnamed(node): item for node, item in candidates.items()}
        found = ((item, by_value.get(value)) for item in heads if (value := self._logits(item)) is not None)
        logits = {item: other for item, other in found if other is not None and other not in heads}
        others = (item for item in candidates.values() if item not in heads and item not in logits.values())
        return Proposal(units, logits, tuple(others), self._unknown, tuple(self._parts.latents))

    def _with_parts(self, units: _Units) -> _Units:
        """Completes heads that are one of several parts of a layer: see `layer_parts`."""
        heads = {self._graph.value(item.tensor): item for unit in units for item in unit}
        completed = LayerParts(self._graph, self._parts).completed(heads)
        ends = {value for found in completed.values() for value in found}

        def in_place_of(value: Value) -> list[Candidate]:
            if value in completed:
                return [heads.get(end) or Candidate(end.name, 0.0, (_PART,)) for end in completed[value]]
            return [] if value in ends else [heads[value]]

        found = (tuple(one for item in unit for one in in_place_of(self._graph.value(item.tensor))) for unit in units)
        return tuple(unit for unit in found if unit)

    def _with_decoder(self, units: _Units) -> _Units:
        """Puts the sequences of a CTC decoder, scores and logits in the place of a head: see `ctc_decoders`."""
        if not units:
            return units
        nodes = {item: self._node(item) for item in units[0]}
        for decoder in decoders(self._graph, self._parts):
            found = [item for item, node in nodes.items() if node in decoder.after and node not in self._parts.passing]
            others = [item for item, node in nodes.items() if node not in decoder.after]
            if found or any(nodes[item] in decoder.before for item in others):
                values = [decoder.dense.output()] if decoder.dense is not None else decoder.sequences
                found = found or [Candidate(value.name, 0.0, (_DECODED,)) for value in values]
                others = others or [Candidate(decoder.logits.name, 0.0, (_DECODES,))]
                return ((*found, Candidate(decoder.scores.name, 0.0, (_SCORED,)), *others), *units[1:])
        return units

    def _with_last_states(self, units: _Units) -> _Units:
        """Adds the last states of loops whose initial state has to be fed: with them, the next call goes on."""
        states = [value for value in initial_states(self._graph) if value.node.op == "Placeholder"]
        found = []
        for unit in units:
            needed = needed_from(self._graph.value(item.tensor) for item in unit) if states else set()
            last = [end for state in states if state.node in needed for end in last_states(self._graph, state)]
            found.append((*unit, *(Candidate(end.name, 0.0, (_STATE,)) for end in last)))
        return tuple(found)

    def _with_tables(self, units: _Units) -> _Units:
        """Puts a table of word vectors in the place of a lookup: see `word_vectors`."""
        table = normalized_table(_read_off(self._node(units[0][0])), self._parts.readers) if units else None
        if table is None:
            return units
        return ((Candidate(f"{table.name}:0", 0.0, ("is the table of all vectors, of length one",)),), *units[1:])

    def _with_words_before(self, units: _Units) -> _Units:
        """Adds the words before the last one of a decoder that goes on from its own: see `own_words`."""
        found = [words_before(_read_off(self._node(unit[-1])), self._parts) for unit in units]
        outside = [[node for node in nodes if node not in self._inside] for nodes in found]
        before = [tuple(Candidate(f"{node.name}:0", 0.0, (_BEFORE,)) for node in nodes) for nodes in outside]
        return tuple((*words, *unit) for words, unit in zip(before, units, strict=True))

    def _with_transitions(self, units: _Units, chosen: Sequence[Sequence[Ranked]]) -> _Units:
        """Adds the scores of transitions to the best unit, if no output depends on them: see `tag_chains`."""
        decoded = {weight for unit in chosen for item in unit for weight in item.reach.weights}
        matrices = [_read(weight) for weight in self._parts.chains if weight not in decoded]
        found = tuple(Candidate(value.name, 0.0, ("scores transitions between tags",)) for value in matrices)
        return ((*units[0], *found), *units[1:]) if units else units

    def _logits(self, item: Candidate) -> Value | None:
        """Returns what a head is the softmax, the sigmoid or the largest of."""
        value = self._node(item).output()
        found = None
        seen = set()
        while value.node.op in READ_OFF_OPS and value.node.inputs and value not in seen:
            seen.add(value)
            is_head = value.node.op in HEAD_OPS
            value = value.node.inputs[0]
            found = value if is_head or (found is not None and not has_own_name(found.node)) else found
        return _unnamed(found.node) if found is not None and self._parts.is_end(found.node) else None

    def _node(self, item: Candidate) -> Node:
        return self._graph.value(item.tensor).node


def _gives_values(node: Node, catalog: OpCatalog) -> bool:
    if node.op in PLACEHOLDER_OPS or NO_OUTPUT_OP.fullmatch(node.op) or catalog.find(node.op) is None:
        return False
    if subsystem(node.op) is not None:  # it stays behind, and could not be served
        return False
    try:
        types = catalog.output_types(node)
    except GraphError:
        return False
    plain = ("resource", "variant")
    return bool(types) and not dtypes.is_ref(types[0]) and dtypes.name_of(types[0]) not in plain


def _unnamed(node: Node) -> Value:
    """Returns the value that a node gives a name, or its own."""
    return origin(node.output(), ("Identity",))


def _read_off(node: Node) -> Node:
    """Returns the node whose output others only read off: the logits of a softmax, or the node itself."""
    return origin(node.output(), READ_OFF_OPS).node


def _read(weight: Node) -> Value:
    """Returns the value of a weight: of a resource, what reads it."""
    reads = [use.node for use in weight.output().uses if use.node.op == "ReadVariableOp"]
    return reads[0].output() if reads else weight.output()
