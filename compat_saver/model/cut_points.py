"""Where the served graph is cut out of the whole: nodes that stand for the inputs and outputs of all signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compat_saver.analysis.walk import needed_from
from compat_saver.graph import Graph, Value
from compat_saver.model.signature import Signature
from compat_saver.passes.structure.inputs_and_outputs import InputSpec

_INPUT_NODE = "signature_input/{}"
_OUTPUT_NODE = "signature_output/{}"


@dataclass(frozen=True)
class CutPoints:
    """The inputs and outputs of all signatures. Signatures that share a tensor share its node.

    One may start in the middle of another: at the decoded image instead of the encoded one, say. A tensor that one
    takes and another computes keeps what computes it; each signature is cut at its own inputs when it is written.

    Attributes:
        inputs: tensor name -> the node that will stand for it.
        outputs: tensor name -> (name of the node that will stand for it, DT_* number).
    """

    inputs: Mapping[str, InputSpec]
    outputs: Mapping[str, tuple[str, int]]

    @classmethod
    def of(cls, graph: Graph, signatures: Sequence[Signature]) -> CutPoints:
        """Chooses the nodes, under names that are free in the graph, before they are added."""
        inputs = {tensor.name: tensor for item in signatures for tensor in item.inputs.values()}
        outputs = {tensor.name: tensor for item in signatures for tensor in item.outputs.values()}
        shared = _computed_elsewhere(graph, signatures, [graph.value(name) for name in inputs])
        return cls(
            {
                name: InputSpec(
                    graph.unique_name(_INPUT_NODE.format(number)),
                    tensor.dtype,
                    tensor.shape,
                    graph.value(name) in shared,
                )
                for number, (name, tensor) in enumerate(inputs.items())
            },
            {
                name: (graph.unique_name(_OUTPUT_NODE.format(number)), tensor.dtype)
                for number, (name, tensor) in enumerate(outputs.items())
            },
        )

    def inputs_of(self, graph: Graph) -> dict[Value, None]:
        """Returns the inputs that no signature computes: what they were computed from is not needed for them."""
        return {graph.value(name): None for name, spec in self.inputs.items() if not spec.is_shared}

    def outputs_of(self, graph: Graph) -> dict[Value, None]:
        """Returns the outputs of all signatures."""
        return {graph.value(name): None for name in self.outputs}


def _computed_elsewhere(graph: Graph, signatures: Sequence[Signature], inputs: Sequence[Value]) -> set[Value]:
    """Returns the inputs that a signature needs and does not take."""
    found: set[Value] = set()
    for item in signatures:
        own = {graph.value(tensor.name) for tensor in item.inputs.values()}
        outputs = [graph.value(tensor.name) for tensor in item.outputs.values()]
        needed = needed_from(outputs, own)
        others = [value for value in inputs if value not in own]
        found |= {value for value in others if value in outputs or any(use.node in needed for use in value.uses)}
    return found
