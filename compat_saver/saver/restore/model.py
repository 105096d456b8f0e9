"""restore(SOURCE): load any supported legacy artifact into its own tf.Graph and Session."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import declared_shape
from compat_saver.bundle import Checkpoint
from compat_saver.dtypes import base
from compat_saver.errors import RestoreError, UsageError
from compat_saver.model import LegacyModel, open_model
from compat_saver.model.inference_mode import KEEP, require_behavior, turned_to_inference
from compat_saver.model.inference_mode import notes as behavior_notes
from compat_saver.model.opening import parse_tags
from compat_saver.model.runnable.whole_graph import Importable, importable
from compat_saver.proto.meta_graph import MetaGraph
from compat_saver.saver.errors import require_path
from compat_saver.saver.matching.fit import Wanted, fit
from compat_saver.saver.matching.naming import Matching, NameMap, require_targets, stored_names
from compat_saver.saver.matching.report import Restored, RestoreReport
from compat_saver.saver.permissions import refuse_changes
from compat_saver.saver.restore.endpoints import Endpoint, Endpoints
from compat_saver.saver.restore.graph_import import disable_python, import_with_saver
from compat_saver.saver.restore.initialization import TableInitializers, VariableInitializers, initialize
from compat_saver.saver.restore.objects import object_requests
from compat_saver.saver.restore.report import ModelReport, model_report
from compat_saver.saver.restore.runner import Runner
from compat_saver.saver.restore_ops.filling import fill, match, names_of
from compat_saver.saver.restore_ops.requests import Request, requests_of
from compat_saver.saver.saver import Saver
from compat_saver.sources.remote import local_path

PathArgument = str | PathLike[str]


class RestoredModel:
    """A legacy graph and a session on it; `restore` returns it.

    As a context manager it makes graph and session the default ones, as `with tf.Session() as sess` did, and closes
    the session at its end. Outside of it eager execution is unaffected.

    Attributes:
        graph: the tf.Graph.
        session: the tf.compat.v1.Session, open.
        saver: the graph's own Saver, or a new one over its variables; None for a graph without variables.
        report: the outcome for each variable, and how the graph differs from the one that was read.
    """

    def __init__(
        self, session: Any, saver: Saver | None, report: ModelReport, imported: Importable, endpoints: Endpoints
    ) -> None:
        self.session, self.graph = session, session.graph
        self.saver, self.report = saver, report
        self._endpoints, self._is_closed = endpoints, False
        self._runner = Runner(session, imported, endpoints, report)

    @property
    def inputs(self) -> Mapping[str, Endpoint]:
        """Key -> input of the file's signatures, or of the inferred outputs."""
        return dict(self._endpoints.inputs)

    @property
    def outputs(self) -> Mapping[str, Endpoint]:
        """Key -> output of the file's signatures, or inferred."""
        return dict(self._endpoints.outputs)

    @property
    def modes(self) -> Mapping[str, Any]:
        """Training-mode input, such as keep_prob -> its value for inference; it is not fed automatically."""
        return self._endpoints.modes

    def run(self, fetches: Any, feeds: Mapping[Any, Any] | None = None) -> Any:
        """Runs the session.

        Args:
            fetches: the key of an output, a name of the graph, a tensor or an op; or nested lists, tuples and
                dicts of them. If a key is also the name of another tensor, the key is meant; NAME:0 is always the
                tensor of the graph.
            feeds: key of an input, name, or tensor -> value.

        Returns:
            The values, in the structure of the fetches; None for an op without outputs.

        Raises:
            NameNotFoundError: a name that is not in the graph, or was removed from it.
            UsageError: a value of another type or shape than its tensor's; a key that several signatures have for
                different tensors; a placeholder that was not fed, also as tf.errors.InvalidArgumentError.
            tf.errors.OpError: the graph does not run on these inputs.
        """
        return self._runner.run(fetches, feeds)

    def close(self) -> None:
        """Closes the session."""
        self._is_closed = True
        self.session.close()

    def __enter__(self) -> RestoredModel:
        if self._is_closed:
            raise UsageError("The session of the model is closed; open it again with restore(SOURCE).")
        self.session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_closed = True
        self.session.__exit__(kind, error, trace)


def restore(
    source: PathArgument,
    *,
    meta_graph: PathArgument | None = None,
    strict: bool = True,
    name_map: NameMap | None = None,
    scope: str | None = None,
    ema: bool = False,
    tag_set: str | Sequence[str] | None = None,
    assets: Mapping[str, PathArgument] | None = None,
    training_behavior: str = KEEP,
    allow: Sequence[str] = (),
) -> RestoredModel:
    """Opens a legacy model: its graph in a tf.Graph of its own, its variables and tables filled.

    The graph is unchanged except for devices, ops that current TensorFlow cannot run, and what depends on ops without
    a replacement. Variables that the saver does not restore are restored as well if the checkpoint has them, and else
    initialized with the graph's initializers. The init op of a SavedModel is run, as TensorFlow's loader does. Python
    functions of the program that wrote the graph are in no file; what depends on them does not run.

    Args:
        source: a checkpoint prefix, any file of it, a directory, a frozen graph, a TF1 SavedModel or a Hub module; a
            `.meta` alone if it has no variables, or with strict=False.
        meta_graph: the `.meta` file, if it is not beside the checkpoint.
        strict: whether it is an error if the checkpoint lacks variables of the saver, or has others of that name;
            else these are initialized, and the report lists them.
        name_map: name in the checkpoint -> name that the saver looks for, exact or as a compiled regular expression;
            or a function.
        scope: only tensors below it count, their names taken without it.
        ema: whether variables get their moving averages, if the checkpoint has them.
        tag_set: the tags of the graph of a SavedModel, or these as one text with commas between; empty for the graph
            without tags; None for the one tagged serve or else the one without tags.
        assets: path of a lookup table's file as the graph has it, or its last part -> the file to read instead.
        training_behavior: "keep" leaves the graph as it was saved, to go on training; "remove" turns what the outputs
            of the model depend on to inference, as `migrate` does: dropout, batch statistics, updates of variables.
        allow: the ops that may write files, open connections or act on the process while the model is opened; `*` in a
            name stands for anything. `run` asks for no permission.

    Raises:
        SideEffectError: the graph would do so and was not allowed.
        CannotMigrateError: training behavior is to be removed, and no output of the model can be inferred.
        ArtifactError: the source cannot be read.
        GraphError: the graph is inconsistent, or TensorFlow rejects it.
        RestoreError: the checkpoint does not match the graph; also tf.errors.NotFoundError or InvalidArgumentError.
        UsageError: arguments that contradict each other or the checkpoint; a source that is not a path, also as
            TypeError.
        TensorFlowMissingError: TensorFlow is needed and absent.
    """
    require_path(source, "source")
    require_behavior(training_behavior)
    model = open_model(
        Path(local_path(source)),
        meta_graph=None if meta_graph is None else Path(local_path(meta_graph)),
        tag_set=parse_tags(tag_set),
        needs_checkpoint=False,
    )
    refuse_changes(model.meta, allow)
    meta, removed = (model.meta, []) if training_behavior == KEEP else _in_inference(model)
    imported = importable(meta)
    python = disable_python(imported.meta)
    graph, saver = import_with_saver(imported)
    session = _tensorflow.tensorflow().compat.v1.Session(graph=graph)
    try:
        variables = VariableInitializers(imported.meta, imported.graph)
        report = _restore(session, saver, model, variables, Matching(strict, name_map, scope, ema))
        files = {old: Path(new) for old, new in (assets or {}).items()}
        tables = TableInitializers(imported.meta, imported.graph, model.checkpoint, files)
        start = initialize(session, model, imported, variables, tables, [row.name for row in report.restored])
    except BaseException:
        session.close()
        raise
    finally:
        model.close_checkpoint()
    report = dataclasses.replace(
        report,
        initialized=start.initialized,
        uninitialized=start.uninitialized,
        notes=(*model.notes, *removed, *imported.notes, *python, *start.notes),
    )
    endpoints = Endpoints(model, imported.graph)
    return RestoredModel(session, saver, report, imported, endpoints)


def _in_inference(model: LegacyModel) -> tuple[MetaGraph, list[str]]:
    """Returns the graph without training behavior, and what is to be reported of that."""
    meta, behavior = turned_to_inference(model)
    return meta, list(behavior_notes(behavior))


def _restore(
    session: Any,
    saver: Saver | None,
    model: LegacyModel,
    variables: VariableInitializers,
    matching: Matching,
) -> ModelReport:
    """Restores the variables of the saver, and additional variables of the graph that the checkpoint has."""
    checkpoint = model.checkpoint
    if checkpoint is None:
        if saver is not None and matching.strict:
            raise RestoreError(
                f"{model.path}: this is a graph alone. It has variables, and the checkpoint with their values is not "
                "beside it. Pass the checkpoint as the source, with meta_graph=GRAPH.meta, or initialize the variables "
                "with the graph's initializers, with strict=False.",
                RestoreReport(model.path),
            )
        return ModelReport(model.path)
    requests = [] if saver is None else requests_of(session.graph, saver.saver_def.restore_op_name)
    requests = requests or object_requests(session.graph, variables.nodes, model.object_variables)
    names = stored_names(checkpoint, matching)
    # The saver's own nodes assemble these from other tensors; only a program on a GPU stored them as they are as well.
    assembled = {name: array for name, array in model.assembled_values.items() if name not in names}
    requests = [request for request in requests if request.wanted.name not in assembled]
    wanted = [request.wanted for request in requests]
    require_targets(matching.name_map, (*names_of(wanted), *variables.assignments))
    found = match(wanted, checkpoint, names, matching)
    fill(session, requests, found, checkpoint)
    rows = tuple(Restored(name, (), str(array.dtype), array.shape) for name, array in assembled.items())
    report = dataclasses.replace(found.report, restored=(*found.report.restored, *rows))
    return model_report(report, _restore_additional(session, requests, variables, checkpoint, names))


def _restore_additional(
    session: Any,
    of_saver: Sequence[Request],
    variables: VariableInitializers,
    checkpoint: Checkpoint,
    names: Mapping[str, str],
) -> RestoreReport:
    """Fills the variables that the checkpoint has and the saver does not restore, through their initializers."""
    known = {request.wanted.name for request in of_saver}
    requests = []
    for name, assignment in variables.assignments.items():
        if name in known or name not in names:
            continue
        node = variables.nodes[name]
        op = session.graph.get_operation_by_name(assignment.name)
        wanted = Wanted(name, base(node.attr.type("dtype")), declared_shape(node), (name,))
        requests.append(Request(wanted, op.inputs[1], (op,)))
    found = fit([request.wanted for request in requests], checkpoint, names)
    for request in requests:  # one by one: several may be initialized with the same tensor
        fill(session, [request], found, checkpoint)
    return found.report
