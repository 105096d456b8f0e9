"""What an inspection found: frozen facts that every renderer reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compat_saver.analysis.effects import SideEffect, kinds_by_op
from compat_saver.analysis.node_fates import GraphChange
from compat_saver.analysis.ops.triage import OpRow
from compat_saver.graph.attributes import Shape


@dataclass(frozen=True)
class CheckpointFacts:
    """The checkpoint's files.

    Attributes:
        prefix: its path without suffix.
        version: "V1" or "V2".
        files: how many files it has.
        tensors: how many tensors it holds.
        nbytes: their size.
        object_based: whether TF2's tf.train.Checkpoint or Keras wrote it.
    """

    prefix: str
    version: str
    files: int
    tensors: int
    nbytes: int
    object_based: bool


@dataclass(frozen=True)
class GraphFacts:
    """The graph's own data.

    Attributes:
        path: the file it is in.
        tensorflow_version: what wrote it, in its own words; "" if it does not say.
        producer: its GraphDef version.
        nodes: how many nodes it has.
        functions: how many functions its library holds.
        collections: collection -> how many entries.
        signatures: the names of its SignatureDefs.
    """

    path: str
    tensorflow_version: str
    producer: int
    nodes: int
    functions: int
    collections: Mapping[str, int]
    signatures: tuple[str, ...]


@dataclass(frozen=True)
class LayerFacts:
    """A layer of a Keras model.

    Attributes:
        name: its name, after those of the models and wrappers around it.
        class_name: such as "Dense"; "" if the file does not have it.
        config: its configuration.
        weights: the names of its weights; those of inner layers are listed with the outermost.
        parameters: how many values these have.
    """

    name: str
    class_name: str
    config: Mapping[str, Any]
    weights: tuple[str, ...] = ()
    parameters: int = 0


@dataclass(frozen=True)
class KerasFacts:
    """What a file or SavedModel of Keras says of its model.

    Attributes:
        path: the file.
        form: "hdf5", "keras" or "saved_model".
        keras_version: what wrote it; "" if it does not say.
        backend: of Keras; "" if it does not say.
        class_name: of the model; "" in a file of weights.
        layers: its layers, at any depth.
        optimizer: its class; "" if the model was not compiled.
        loss: what the model was compiled with; None if it was not.
        optimizer_weights: how many variables of the optimizer are stored.
        training_config: all that the model was compiled with.
    """

    path: str
    form: str
    keras_version: str
    backend: str
    class_name: str
    layers: tuple[LayerFacts, ...]
    optimizer: str
    loss: Any
    optimizer_weights: int
    training_config: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Returns the facts in the form of `--json`."""
        return {**vars(self), "layers": [vars(item) for item in self.layers]}


@dataclass(frozen=True)
class TensorFacts:
    """A placeholder: what may be fed.

    Attributes:
        tensor: its name.
        dtype: its data type's name.
        shape: its static shape.
        has_default: whether it has a value even if nothing is fed.
        bound: its inference value, of a vector a list: a migration binds it to that unless the user says otherwise;
            None for what stays an input.
        why: what showed that, a phrase.
    """

    tensor: str
    dtype: str
    shape: Shape
    has_default: bool = False
    bound: bool | float | list[float] | None = None
    why: str = ""


@dataclass(frozen=True)
class OutputFacts:
    """A likely output.

    Attributes:
        tensor: its name.
        score: how much speaks for it.
        signals: what does.
        proposed: whether it is inferred, and served unless the user names an output.
    """

    tensor: str
    score: float
    signals: tuple[str, ...]
    proposed: bool


@dataclass(frozen=True)
class VariableFacts:
    """A variable of the graph, or a tensor of a checkpoint without a graph.

    Attributes:
        name: its name.
        dtype: its data type's name.
        shape: its shape, as the checkpoint has it or else as the graph declares it.
        nbytes: its size; 0 if unknown.
        role: "trainable", "slot" (an optimizer's), "average" (a moving average), or "other".
        stored: whether the checkpoint holds it; None without a checkpoint.
    """

    name: str
    dtype: str
    shape: Shape
    nbytes: int
    role: str
    stored: bool | None


@dataclass(frozen=True)
class OpProblem:
    """An unsupported op, or one that would be if a signature needed it.

    Attributes:
        op: its name.
        count: how many nodes have it.
        reason: why, a phrase.
        needed: whether a signature needs one of those nodes.
    """

    op: str
    count: int
    reason: str
    needed: bool


@dataclass(frozen=True)
class Inspection:
    """What a legacy artifact is and holds.

    Attributes:
        checkpoint: its files; None for a graph alone.
        graph: its graph; None for a checkpoint alone.
        placeholders: what may be fed.
        outputs: likely outputs, best first.
        variables: all of them.
        serving: what a migration would serve without options: the file's signatures, or else the inferred outputs;
            empty if there is neither.
        ops: what would become of every op then; if nothing is served, every op counts as needed.
        around: flags for a migration that needs no unsupported op; "" if there is none, or if there are no such flags.
        effects: what the graph would do outside of itself if it were run, and whether what is served needs it.
        queues: the names of queues, readers and iterators.
        tables: the names of lookup tables.
        notes: what the user should know.
        keras: what Keras recorded of its model; None if it did not write the artifact.
        change: what would become of every node; None without a graph, and not in `to_dict()`.
    """

    checkpoint: CheckpointFacts | None = None
    graph: GraphFacts | None = None
    placeholders: tuple[TensorFacts, ...] = ()
    outputs: tuple[OutputFacts, ...] = ()
    variables: tuple[VariableFacts, ...] = ()
    serving: tuple[str, ...] = ()
    ops: tuple[OpRow, ...] = ()
    around: str = ""
    effects: tuple[SideEffect, ...] = ()
    queues: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    keras: KerasFacts | None = None
    change: GraphChange | None = field(default=None, repr=False)

    @property
    def problems(self) -> tuple[OpProblem, ...]:
        """Returns the ops that have a reason to be unsupported, the rows of each as one."""
        rows: dict[tuple[str, str], list[OpRow]] = {}
        for row in self.ops:
            if row.reason:
                rows.setdefault((row.op, row.reason), []).append(row)
        return tuple(
            OpProblem(op, sum(row.count for row in found), reason, any(row.needed for row in found))
            for (op, reason), found in rows.items()
        )

    def of_role(self, role: str) -> tuple[VariableFacts, ...]:
        """Returns the variables of one role."""
        return tuple(item for item in self.variables if item.role == role)

    def _repr_html_(self) -> str:
        """Returns what a notebook shows."""
        from compat_saver.report.html.notebook import inspection_html

        return inspection_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the facts in the form of `--json`; keys may be added to it, none is ever removed."""
        kinds = kinds_by_op(self.effects)
        return {
            "checkpoint": None if self.checkpoint is None else vars(self.checkpoint),
            "graph": None if self.graph is None else {**vars(self.graph), "collections": dict(self.graph.collections)},
            "placeholders": [vars(item) for item in self.placeholders],
            "outputs": [vars(item) for item in self.outputs],
            "variables": [vars(item) for item in self.variables],
            "totals": {role: self._total(role) for role in ("trainable", "slot", "average", "other")},
            "serving": list(self.serving),
            "ops": [row.to_dict(kinds.get(row.op, "")) for row in self.ops],
            "around": self.around,
            "problems": [vars(item) for item in self.problems],
            "reaches_outside": [item.to_dict() for item in self.effects],
            "queues": list(self.queues),
            "tables": list(self.tables),
            "notes": list(self.notes),
            "keras": None if self.keras is None else self.keras.to_dict(),
        }

    def _total(self, role: str) -> dict[str, int]:
        chosen = self.of_role(role)
        return {"count": len(chosen), "bytes": sum(item.nbytes for item in chosen)}
