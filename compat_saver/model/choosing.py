"""Chooses the signatures: the requested ones, those of the file, or an inferred one, in this order."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from compat_saver import dtypes
from compat_saver.analysis.feeding.constant_inputs import constant_data
from compat_saver.analysis.feeding.sparse_inputs import sparse_inputs
from compat_saver.analysis.known_values import static_shape
from compat_saver.analysis.ops.unsupported_ops import origin_of
from compat_saver.analysis.serving.latents import latent_inputs
from compat_saver.analysis.serving.pipelines import Delivery, deliveries
from compat_saver.analysis.serving.proposal import Proposal, needed_placeholders, propose
from compat_saver.analysis.serving.towers import data_of, pieces_needed
from compat_saver.analysis.walk import needed_from, nodes_in_loops
from compat_saver.errors import CannotMigrateError, NameNotFoundError, UsageError, nearest_names
from compat_saver.graph import Graph, OpCatalog, Value
from compat_saver.model.file_signatures import Listed, listed_tensors
from compat_saver.model.folding import FoldedGraph
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.renaming import renamed
from compat_saver.model.signature import (
    DEFAULT_SIGNATURE,
    Names,
    ServingRequest,
    Signature,
    SignatureRequest,
    Tensor,
    full_name,
    make_keys,
    tensors_of,
)
from compat_saver.proto.messages import Message

_MOST_RUNNERS_UP = 3
_GENERIC_NAME = re.compile(r"(.*/)?Placeholder(WithDefault)?(_\d+)?")


class Choice(NamedTuple):
    """What is served.

    Attributes:
        signatures: the signatures.
        warnings: how they were chosen, where the user did not say, a sentence each.
        open_inputs: the names of the signatures whose inputs the user did not name: just what their outputs depend on.
    """

    signatures: tuple[Signature, ...]
    warnings: tuple[str, ...]
    open_inputs: frozenset[str] = frozenset()

    def narrowed(self, graph: Graph) -> tuple[Signature, ...]:
        """Returns the signatures without inputs that no output depends on any more, unless the user named them."""
        return tuple(_narrowed(graph, item) if item.name in self.open_inputs else item for item in self.signatures)


def _narrowed(graph: Graph, signature: Signature) -> Signature:
    values = {key: graph.value(tensor.name) for key, tensor in signature.inputs.items()}
    outputs = [graph.value(tensor.name) for tensor in signature.outputs.values()]
    needed = needed_from(outputs, set(values.values()))
    kept = {
        key: signature.inputs[key]
        for key, value in values.items()
        if value in outputs or any(use.node in needed for use in value.uses)
    }
    return dataclasses.replace(signature, inputs=kept)


def choose_signatures(
    model: LegacyModel, folded: FoldedGraph, request: ServingRequest, trainable: Collection[str] | None = None
) -> Choice:
    """Returns the signatures to serve.

    Args:
        model: the model.
        folded: its graph in inference.
        request: what the user asks for.
        trainable: its trainable variables, where parts of the graph were removed; None for all.

    Raises:
        NameNotFoundError: a tensor or a signature that is not there.
        UsageError: a signature that takes a bound tensor.
        CannotMigrateError: nothing was requested and nothing can be inferred.
    """
    trainable = model.trainable if trainable is None else trainable
    chooser = _Chooser(folded, model.catalog, trainable, model.listed_outputs)
    if request.signatures:
        chooser.require(request.tensors)
        found = [chooser.from_request(item) for item in request.signatures]
    elif model.signatures:
        found = [chooser.from_message(*item) for item in _of_the_file(model, request).items()]
    elif request.signature_def is not None:
        raise NameNotFoundError(f"{model.meta.path} holds no signature, so none is called {request.signature_def!r}.")
    else:
        found = chooser.inferred()
    signatures = renamed(found, request.rename)
    _refuse_bound(signatures, folded.bound)
    return Choice(signatures, tuple(chooser.warnings), frozenset(chooser.open_inputs))


def _refuse_bound(signatures: Iterable[Signature], bound: Collection[str]) -> None:
    for signature in signatures:
        both = [tensor.name for tensor in signature.inputs.values() if tensor.name in bound]
        if both:
            raise UsageError(f"{both[0]!r} is bound to a value and cannot be an input of {signature.name!r} as well.")


def _cut_at(constants: Sequence[str]) -> str:
    names = ",".join(constants)
    return f"The data of the graph's own input function is in it; make that the input: --inputs {names}"


def _refuse_twins(signature: str, inputs: Mapping[str, Tensor]) -> None:
    keys: dict[str, str] = {}
    for key, tensor in inputs.items():
        if keys.setdefault(tensor.name, key) != key:
            raise UsageError(
                f"The inputs {keys[tensor.name]!r} and {key!r} of {signature!r} are one tensor, {tensor.name!r}, which "
                "can have only one value. Give it one key."
            )


def _of_the_file(model: LegacyModel, request: ServingRequest) -> Mapping[str, Message]:
    name, known = request.signature_def, model.signatures
    if name is None:
        return dict(known)
    if name not in known:
        raise NameNotFoundError(f"{model.meta.path} has no signature {name!r}{nearest_names(name, known) or '.'}")
    return {name: known[name]}


class _Chooser:
    def __init__(
        self, folded: FoldedGraph, catalog: OpCatalog, trainable: Collection[str], listed: Collection[str]
    ) -> None:
        self._graph, self._bound, self._leftovers = folded.graph, folded.bound, folded.leftovers
        self._catalog = catalog
        self._trainable, self._listed = trainable, listed
        self._delivered: dict[str, Delivery] = {}
        self._latents: tuple[Value, ...] = ()  # known once something was inferred
        self.warnings: list[str] = []
        self.open_inputs: set[str] = set()

    def require(self, names: Iterable[str]) -> None:
        """Raises NameNotFoundError for all tensors of some names that are not there, in one go."""
        missing = []
        for name in dict.fromkeys(map(full_name, names)):
            try:
                self._tensor(name)
            except NameNotFoundError as error:
                missing.append(str(error))
        if missing:
            raise NameNotFoundError("\n".join(missing))

    def from_request(self, request: SignatureRequest) -> Signature:
        """Completes a request of the user."""
        outputs = self._keyed(self._for_inputs(request.inputs) if request.outputs is None else request.outputs)
        names = [tensor.name for tensor in outputs.values()]
        self._refuse_iterations(names)
        inputs = self._keyed(self._inputs_of(names) if request.inputs is None else request.inputs)
        _refuse_twins(request.name, inputs)
        if request.inputs is None:
            self.open_inputs.add(request.name)
        if not inputs and request.inputs is None:
            self._refuse_constant_data(request.name, names)
        return Signature(request.name, inputs, outputs)

    def inferred(self) -> list[Signature]:
        """Returns a signature for all inferred outputs that need the same inputs; the best one is the default."""
        proposal = self._propose()
        units: dict[frozenset[str], set[str]] = {}
        for names in proposal.together:
            units.setdefault(frozenset(self._inputs_of(names)), set()).update(names)
        (default, *others) = ([name for name in proposal.outputs if name in names] for names in units.values())
        keys = make_keys([DEFAULT_SIGNATURE, *(names[0] for names in others)])
        requests = [SignatureRequest(keys[names[0]], None, names) for names in others]
        return [self.from_request(item) for item in (SignatureRequest(DEFAULT_SIGNATURE, None, default), *requests)]

    def _for_inputs(self, inputs: Names | None) -> list[str]:
        """Returns the inferred outputs that need no more than some inputs; the best one anyway."""
        best, *others = self._propose().together
        given = {self._graph.value(full_name(name)) for name in (*tensors_of(inputs or ()), *self._bound)}
        fitting = [names for names in others if inputs is None or not self._lacks(names, given)]
        return [name for names in (best, *fitting) for name in names]

    def _lacks(self, outputs: Iterable[str], given: Collection[Value]) -> bool:
        return bool(needed_placeholders(needed_from([self._graph.value(name) for name in outputs], given)))

    def _refuse_constant_data(self, signature: str, outputs: Sequence[str]) -> None:
        """Raises CannotMigrateError if the outputs are computed from data in the graph; else warns."""
        depends = f"{', '.join(map(repr, outputs))} {'depends' if len(outputs) == 1 else 'depend'} on no placeholder"
        found = [value.name for value in constant_data(self._graph.value(name) for name in outputs)]
        if found:
            raise CannotMigrateError(
                [f"{depends}, only on constants: the model would return the same for ever. {_cut_at(found)}"]
            )
        self.warnings.append(f"Signature {signature!r} takes no input: {depends}.")

    def _refuse_iterations(self, outputs: Iterable[str]) -> None:
        inside = nodes_in_loops(self._graph)
        within = [name for name in outputs if self._graph.value(name).node in inside]
        if within:
            raise UsageError(
                f"{', '.join(map(repr, within))} is inside a while loop and has a value for each iteration. "
                "Name what leaves the loop: an Exit op, or what reads it."
            )

    def from_message(self, name: str, message: Message) -> Signature:
        """Takes over a SignatureDef of the file, without the inputs that were bound."""
        inputs = self._from_infos(name, message.inputs)
        taken = {key: tensor for key, tensor in inputs.items() if tensor.name not in self._bound}
        return Signature(name, self._without_twins(name, taken), self._from_infos(name, message.outputs))

    def _without_twins(self, signature: str, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Returns the inputs without the keys of a tensor that has one already: it is fed once."""
        keys: dict[str, str] = {}
        for key, tensor in inputs.items():
            if keys.setdefault(tensor.name, key) != key:
                self.warnings.append(
                    f"Signature {signature!r} of the file has two keys for {tensor.name!r}, which is one input: "
                    f"{keys[tensor.name]!r}, which the written model takes, and {key!r}, which it does not. --rename "
                    f"{keys[tensor.name]}={key} exchanges them."
                )
        return {key: inputs[key] for key in keys.values()}

    def _from_infos(self, signature: str, infos: Mapping[str, Message]) -> dict[str, Tensor]:
        return {key: self._named_by_file(signature, item) for key, item in listed_tensors(infos).items()}

    def _named_by_file(self, signature: str, item: Listed) -> Tensor:
        if not item.name:
            what = f"{item.key!r} of the signature {signature!r} is of a kind that is not known"
            raise CannotMigrateError([f"{what}; name its tensors with --inputs and --outputs."])
        tensor = self._tensor(full_name(item.name))
        return tensor if item.shape is None else dataclasses.replace(tensor, shape=item.shape)

    def _keyed(self, names: Names) -> dict[str, Tensor]:
        if isinstance(names, Mapping):
            return {key: self._tensor(full_name(name)) for key, name in names.items()}
        listed = dict.fromkeys(map(full_name, names))
        words = self._sparse_words(listed) | {name: item.key for name, item in self._delivered.items()}
        return {key: self._tensor(name) for name, key in make_keys(listed, words).items()}

    def _sparse_words(self, names: Iterable[str]) -> dict[str, str]:
        """Returns what to call the parts of sparse tensors that have no name of their own, only `Placeholder_1`."""
        values = [(name, self._graph.value(name)) for name in names]
        unnamed = [(name, value) for name, value in values if _GENERIC_NAME.fullmatch(value.node.name)]
        words: dict[str, str] = {}
        for item in sparse_inputs(unnamed, self._catalog):
            parts = {"indices": item.indices, "values": item.values, "shape": item.shape}
            words |= {value.name: f"sparse_{part}" for part, value in parts.items() if value is not None}
        return words

    def _tensor(self, name: str) -> Tensor:
        value = self._graph.value(name)
        delivered = self._delivered.get(value.name)
        shape = static_shape(self._graph, value) if delivered is None else delivered.shape
        return Tensor(value.name, dtypes.base(self._type(value)), shape)

    def _type(self, value: Value) -> int:
        """Returns a value's type by the definition of its op, or, of an unknown op, by that of one of its readers."""
        node = value.node
        if self._catalog.find(node.op) is not None:
            types = self._catalog.output_types(node)
            if value.index < len(types):
                return types[value.index]
            has = f"{len(types)} output{'s' if len(types) != 1 else ''}"
            raise NameNotFoundError(f"The graph has no tensor {value.name!r}: {node.op} {node.name!r} has {has}.")
        for use in value.uses:
            if self._catalog.find(use.node.op) is not None:
                return self._catalog.input_types(use.node)[use.position]
        raise CannotMigrateError([f"{value.name!r} is computed by {node.op}, an op that nothing here defines."])

    def _inputs_of(self, outputs: Iterable[str]) -> list[str]:
        """Returns the pipeline outputs that the outputs depend on, and the placeholders that they need as well."""
        values = [self._graph.value(name) for name in outputs]
        given = {self._graph.value(name) for name in self._bound}
        towers = [_of_tower(self._graph, value) for value in pieces_needed(values, given)]
        drawn = latent_inputs(self._graph, self._latents, values)
        given.update(item.value for item in (*towers, *drawn))
        found = [*towers, *drawn, *deliveries(self._graph, self._catalog, values, given)]
        self._delivered |= {item.value.name: item for item in found}
        self.warnings += (item.reason for item in found if item.reason not in self.warnings)
        needed = needed_from(values, given.union(item.value for item in found))
        return [*(item.value.name for item in found), *(f"{node.name}:0" for node in needed_placeholders(needed))]

    def _propose(self) -> Proposal:
        """Infers the outputs, and says so."""
        proposal = propose(self._graph, self._catalog, self._trainable, self._leftovers, self._listed)
        unknown = [
            f"The graph ends with {node.op} ({node.name!r}), an op of {origin_of(node.op)} that cannot be served."
            for node in proposal.unknown
        ]
        if not proposal.heads:
            reason = "No output could be inferred: no tensor that depends on a placeholder looks like a model output."
            data = [value.name for value in constant_data(node.output() for node in self._graph)]
            cut = [_cut_at(data)] if data else []
            raise CannotMigrateError([" ".join([reason, *unknown, "Specify one with --outputs.", *cut])])
        self._latents = proposal.latents
        self.warnings += unknown
        reasons = "; ".join(f"{item.tensor!r} ({', '.join(item.signals)})" for item in proposal.heads)
        logits = ", ".join(repr(item.tensor) for item in dict.fromkeys(proposal.logits.values()))
        others = ", ".join(item.tensor for item in proposal.others[:_MOST_RUNNERS_UP])
        self.warnings.append(
            f"No output was specified; inferred: {reasons}{f'; and the logits, {logits}' if logits else ''}."
            + (f" Runners-up: {others}." if others else "")
        )
        return proposal


def _of_tower(graph: Graph, value: Value) -> Delivery:
    data = data_of(value.node)
    reason = f"{value.node.name!r} cuts {data.name!r} into pieces for towers; one serves: {value.name!r} is an input."
    return Delivery(value, data.node.name, static_shape(graph, value), reason)
