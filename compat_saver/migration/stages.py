"""The stages of a plan between folding and writing; each takes the results of the earlier ones and returns its own.

All stages edit one graph, the folded one: after `choose` it is whole, after `rewrite` it is cut to what the signatures
need and each op is one that TensorFlow 2 runs, after `to_resources` its variables are resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.ops.changed_meaning import changed_meaning
from compat_saver.analysis.ops.obstacles import nesting_problems, obstacles_among
from compat_saver.analysis.ops.triage import Triage, triage
from compat_saver.analysis.serving.proposal import needed_placeholders
from compat_saver.analysis.values.tables import initializer_values
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.analysis.walk import needed_from
from compat_saver.errors import UsageError, counted
from compat_saver.graph import Graph, OpCatalog
from compat_saver.graph.functions import called_functions, function_bodies
from compat_saver.migration.found_weights import FoundWeights
from compat_saver.migration.options import ALL, LARGE, NONE, MigrationOptions
from compat_saver.migration.pipeline import control_flow_passes, cut_passes, per_op_passes, resource_passes
from compat_saver.migration.unusable_names import unusable_names
from compat_saver.model import inference_mode
from compat_saver.model.choosing import choose_signatures
from compat_saver.model.cut_points import CutPoints
from compat_saver.model.folding import FoldedGraph
from compat_saver.model.inference_mode import TrainingBehavior
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import Signature
from compat_saver.model.table_content import TableContent, resolve_tables
from compat_saver.model.warnings import batch_notes, state_notes
from compat_saver.passes import Rewrite, run_in_functions, run_passes
from compat_saver.passes.control_flow import Kept, RecordedShapes
from compat_saver.passes.structure.constants_to_variables import ConstantsToVariables
from compat_saver.passes.structure.inputs_and_outputs import ReadTableFiles
from compat_saver.passes.structure.removals import Prune


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        signatures: the signatures.
        points: the nodes that stand for their inputs and outputs.
        content: what the lookup tables hold that they need.
        triage: what becomes of every op of the graph.
        behavior: where it is as in training, and what became of that.
        warnings: how the signatures were chosen, and what their inputs are, a sentence each.
    """

    signatures: tuple[Signature, ...]
    points: CutPoints
    content: TableContent
    triage: Triage
    behavior: TrainingBehavior
    warnings: tuple[str, ...]

    @property
    def roots(self) -> list[str]:
        """The nodes that stay: those of the outputs, and the initializers of lookup tables."""
        return [*(name for name, _ in self.points.outputs.values()), *self.content.initializers]


def choose(model: LegacyModel, folded: FoldedGraph, options: MigrationOptions) -> Served:
    """Chooses what is served, and sorts every op for it.

    Raises:
        NameNotFoundError: a tensor or a signature that is not there.
        UsageError: a request that contradicts the graph.
        CannotMigrateError: nothing was requested and nothing can be inferred.
    """
    graph = folded.graph
    choice = choose_signatures(model, folded, options.serving)
    points = CutPoints.of(graph, choice.signatures)
    outputs, inputs = points.outputs_of(graph), points.inputs_of(graph)
    behavior = TrainingBehavior()
    if not model.trains:
        behavior = inference_mode.find(model, graph, outputs, inputs, options.training_behavior)
    run_passes(behavior.passes(), graph)
    signatures = choice.narrowed(graph) if behavior.removed else choice.signatures
    points = CutPoints.of(graph, signatures)
    outputs, inputs = points.outputs_of(graph), points.inputs_of(graph)  # a name may mean another value now
    content = resolve_tables(graph, model.meta, model.checkpoint, options.assets, outputs, inputs)
    run_passes([ReadTableFiles(content.placeholders)], graph)
    judged = triage(
        graph, model.catalog, outputs, inputs, initializer_values(graph, content.tables), trains=model.trains
    )
    warnings = (*choice.warnings, *state_notes(graph, signatures), *batch_notes(signatures))
    return Served(signatures, points, content, judged, behavior, warnings)


@dataclass(frozen=True)
class Rewritten:
    """What was done to the graph up to the point where all obstacles are known.

    Attributes:
        rewrites: what the passes did.
        changes: the ops that computed something else in their release, a sentence each.
        shapes: the static shapes that the file records, which the rewrites drop.
    """

    rewrites: tuple[Rewrite, ...]
    changes: tuple[str, ...]
    shapes: RecordedShapes


def rewrite(model: LegacyModel, folded: FoldedGraph, served: Served) -> Rewritten:
    """Cuts the graph to what the signatures need, and rewrites op by op.

    Raises:
        UsageError: a signature depends on a placeholder that it does not take.
    """
    graph, points = folded.graph, served.points
    roots = served.roots
    run_passes(cut_passes(points, folded.bound), graph)
    _refuse_unbound(graph, points, served.signatures)
    rewrites = run_passes([Prune(roots)], graph)
    changes = changed_meaning(graph, model.catalog)  # before the passes: what they restore leaves no trace
    shapes = RecordedShapes(graph)
    passes = per_op_passes(model.catalog)
    rewrites += [*run_passes(passes, graph), *run_in_functions(passes, graph, model.catalog)]
    run_passes([Prune(roots)], graph)  # of what the rewrites left behind; not worth reporting
    return Rewritten(tuple(rewrites), tuple(changes), shapes)


@dataclass(frozen=True)
class MadeVariables:
    """The variables that were made of constants.

    Attributes:
        values: name -> value.
        rewrites: what the pass did.
        notes: what the user should know, a sentence each.
    """

    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    rewrites: tuple[Rewrite, ...] = ()
    notes: tuple[str, ...] = ()


def to_variables(model: LegacyModel, graph: Graph, option: str | None) -> MadeVariables:
    """Makes variables of the constants that act as weights, as in a frozen graph.

    Args:
        model: the original: a constant that it does not have was bound, or is part of a rewrite.
        graph: its graph, cut to what the signatures need.
        option: which constants; None for large ones, if the graph has no variables.
    """
    if model.trains or option == NONE:
        return MadeVariables(notes=() if model.trains else tuple(_frozen_notes(graph, NONE)))
    if option is None and any(variable_nodes(graph)):
        return MadeVariables()
    among = {node.name for node in model.as_read if node.op == "Const"}
    item = ConstantsToVariables(among, everything=option == ALL)
    rewrites = run_passes([item], graph)
    notes = (*_frozen_notes(graph, option or LARGE), *_notes_of_functions(graph, model.catalog, option == ALL))
    return MadeVariables(item.values, tuple(rewrites), notes)


_NOT_MADE = {
    NONE: "with --variables large those that act as weights become variables",
    LARGE: "none of at least 10 elements feeds a matmul, convolution, embedding or bias; --variables all takes smaller "
    "ones and batch norms as well",
    ALL: "none feeds a matmul, convolution, embedding, bias or batch norm",
}


def _frozen_notes(graph: Graph, option: str) -> Iterator[str]:
    if not any(variable_nodes(graph)):
        yield f"Nothing can be trained: the graph has no variables, and of its constants {_NOT_MADE[option]}."


def _notes_of_functions(graph: Graph, catalog: OpCatalog, everything: bool) -> Iterator[str]:
    called = called_functions(graph, graph)
    for name, body in function_bodies(graph, catalog):
        among = {node.name for node in body if node.op == "Const"} if name in called else set()
        found = ConstantsToVariables(among, everything=everything).chosen(body)
        if found:
            what = f"{counted(len(found), 'constant')} in the function {name!r} ({found[0].name!r})"
            yield f"{what} act as weights and stay constants, which are not trained: a function holds no variables."


def find_obstacles(graph: Graph, served: Served, found: FoundWeights) -> list[str]:
    """Returns all that prevents the migration, a sentence each."""
    stored = [*(item.name for item in found.weights), *(table.name for table in served.content.tables)]
    return [
        *obstacles_among(served.triage.rows),
        *nesting_problems(graph),
        *unusable_names(served.signatures, stored),
        *found.missing,
        *served.content.problems,
        *served.content.unfilled(graph),
    ]


def to_resources(model: LegacyModel, graph: Graph, served: Served) -> tuple[Rewrite, ...]:
    """Gives the graph the variables that TensorFlow 2 loads; loops and conditionals stay those of TensorFlow 1."""
    rewrites = run_passes(resource_passes(model.catalog), graph)
    run_passes([Prune(served.roots)], graph)
    return tuple(rewrites)


def to_functions(
    model: LegacyModel, graph: Graph, served: Served, rewritten: Rewritten
) -> tuple[tuple[Rewrite, ...], tuple[Kept, ...]]:
    """Turns the loops and conditionals of TensorFlow 1 into While and If; returns what stays as well."""
    stays = {*served.roots, *(spec.node for spec in served.points.inputs.values())}
    passes = control_flow_passes(model.catalog, rewritten.shapes, stays, trains=model.trains)
    rewrites = (*run_passes(passes, graph), *run_in_functions(passes, graph, model.catalog))
    return rewrites, tuple(kept for item in passes for kept in item.kept)


def _refuse_unbound(graph: Graph, points: CutPoints, signatures: Iterable[Signature]) -> None:
    """Raises UsageError for signatures that need more than they take, all in one go."""
    problems = [text for signature in signatures for text in _unbound(graph, points, signature)]
    if problems:
        raise UsageError("\n".join(problems))


def _unbound(graph: Graph, points: CutPoints, signature: Signature) -> Iterator[str]:
    outputs = [graph[points.outputs[tensor.name][0]].output() for tensor in signature.outputs.values()]
    taken = {graph[points.inputs[tensor.name].node].output() for tensor in signature.inputs.values()}
    unbound = [node.name for node in needed_placeholders(needed_from(outputs, taken))]
    if not unbound:
        return
    listed = ", ".join(repr(f"{node}:0") for node in unbound)
    flags = " ".join(f"--bind {node}:0={_example(graph, node)}" for node in unbound)
    is_one = len(unbound) == 1
    what = f"placeholder {listed}, which is" if is_one else f"placeholders {listed}, which are"
    fix = "Fix it to a constant" if is_one else "Fix them to constants"
    yield (
        f"Signature {signature.name!r} depends on the {what} not among its inputs. {fix} ({flags}) or add "
        f"{'it' if is_one else 'them'} with --inputs."
    )


def _example(graph: Graph, name: str) -> str:
    kind = dtypes.by_number(graph[name].attr.type("dtype"))
    return {"bool": "false", "string": "text"}.get(kind.name, "1.0" if kind.is_floating else "0")
