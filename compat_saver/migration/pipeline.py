"""The ordered lists of passes that a migration runs; a new pass of a migration is added here and nowhere else.

Before these, `model.folding.fold_passes` folds the whole graph: it is shared with `inspect` and `restore`, so that all
infer outputs from the same graph. Then, in order:

1. `cut_passes`: the graph between the inputs and the outputs of the signatures;
2. `per_op_passes`: one op at a time, also in the bodies of library functions;
3. `ConstantsToVariables` (in `stages.to_variables`), where variables are to be made of constants;
4. `resource_passes`: what needs the whole graph in its final form. It runs after all obstacles are known and raised;
5. `control_flow_passes`: loops and conditionals become functions, last, for a node in a body is out of reach of passes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from compat_saver.graph import OpCatalog
from compat_saver.model.cut_points import CutPoints
from compat_saver.passes import Pass
from compat_saver.passes.control_flow import (
    FunctionalControlFlow,
    RecordedShapes,
    SeparateLoopGradients,
    TensorLists,
)
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.variable_ops import CountUpTo
from compat_saver.passes.structure.inputs_and_outputs import BindInputs, ExposeInputs, ExposeOutputs
from compat_saver.passes.structure.library_functions import FunctionCalls
from compat_saver.passes.structure.ref_to_resource import RefToResource
from compat_saver.passes.structure.reference_semantics import LateReads
from compat_saver.passes.structure.removals import DropGradientOverrides, DropPlacement, DropUnknownAttributes
from compat_saver.passes.structure.transpositions import CancelTranspositions


def cut_passes(points: CutPoints, bound: Mapping[str, np.ndarray]) -> Sequence[Pass]:
    """Returns the passes that give inputs and outputs nodes of their own; what is not needed is pruned afterwards.

    Outputs come first, for an output may be an input as well. An output that is bound is bound once more: its node did
    not exist yet when the readers of the tensor were bound.

    Args:
        points: the nodes.
        bound: tensor name -> the constant it is fixed to.
    """
    again = {name: bound[name] for name in points.outputs if name in bound}
    return (ExposeOutputs(points.outputs), BindInputs(again), ExposeInputs(points.inputs))


def per_op_passes(catalog: OpCatalog) -> Sequence[Pass]:
    """Returns the passes over single ops.

    What an op does no longer need goes first, so that no replacement copies it. Calls of functions by name become call
    ops before the replacements, which look into what is called. What an op computed in its release comes before its
    replacement, which would leave no trace of that op. What some replacements put around ops cancels at the end.
    """
    return (
        DropPlacement(),
        DropGradientOverrides(),
        DropUnknownAttributes(catalog),
        FunctionCalls(),
        *(item() for item in (*LEGACY_BEHAVIOR_PASSES, *OP_REPLACEMENTS)),
        CancelTranspositions(),
    )


def resource_passes(catalog: OpCatalog) -> Sequence[Pass]:
    """Returns the passes that turn reference variables into resources.

    Reads that see a later assignment are put in their place while variables are still references. CountUpTo has a
    resource form only after the variables have, and that form has a replacement in turn.
    """
    return (LateReads(catalog), RefToResource(catalog), CountUpTo())


def control_flow_passes(
    catalog: OpCatalog, shapes: RecordedShapes, stays: Collection[str], *, trains: bool
) -> Sequence[SeparateLoopGradients | TensorLists | FunctionalControlFlow]:
    """Returns the passes that turn v1 control flow into functional control flow.

    TensorArrays come first: neither gradients nor TFLite nor XLA go through one in a functional loop. A training step
    is not differentiated in turn: there the arrays whose gradients are in the graph stay, which is faster.

    Args:
        catalog: the op definitions that hold for the graph.
        shapes: the static shapes that the file recorded.
        stays: the nodes that must not move into a function.
        trains: whether the graph is a training step.
    """
    functional = FunctionalControlFlow(catalog, shapes, stays)
    if trains:
        return (TensorLists(shapes), functional)
    separate = SeparateLoopGradients(catalog)
    return (separate, TensorLists(shapes, without=separate.twins), functional)
