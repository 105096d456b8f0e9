"""The public functions. Each imports what it needs when it is called, so that `import compat_saver` costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compat_saver.batch import BatchReport, Step
    from compat_saver.bundle import Checkpoint
    from compat_saver.inspection import Inspection
    from compat_saver.keras_models import KerasReport
    from compat_saver.migration import MigrationReport
    from compat_saver.proto.checkpoint_state import CheckpointState
    from compat_saver.proto.meta_graph import MetaGraph

PathArgument = str | PathLike[str]
TagSet = str | Sequence[str]
Names = Sequence[str] | Mapping[str, str]
"""Tensors, whose keys are made from their names, or key -> tensor."""

Signatures = Mapping[str, tuple[Names | None, Names]]
"""Signature name -> (inputs, outputs); inputs of None are found from the outputs."""


def open_checkpoint(source: PathArgument) -> Checkpoint:
    """Opens a V1 or V2 checkpoint as a mapping from tensor name to array.

    Args:
        source: a prefix, any file of the checkpoint, or a directory.

    Returns:
        A read-only mapping; arrays are memory-mapped where the file allows it, and nothing is read before it is asked
        for.

    Raises:
        ArtifactError: there is no checkpoint, or it is damaged.
    """
    from compat_saver.sources import open_checkpoint as open_by_path

    return open_by_path(source, needs_values=False)


def read_meta_graph(path: PathArgument) -> MetaGraph:
    """Reads a `.meta` file, binary or text.

    Raises:
        ArtifactError: there is none, or it is something else.
    """
    from compat_saver.proto.meta_graph import read_meta_graph as read

    return read(path)


def read_checkpoint_state(directory: PathArgument) -> CheckpointState:
    """Reads the `checkpoint` state file of a directory; foreign paths are relocated into it.

    Raises:
        ArtifactError: there is none, or it is something else.
    """
    from compat_saver.proto.checkpoint_state import read_checkpoint_state as read

    return read(directory)


def inspect(
    source: PathArgument, *, meta_graph: PathArgument | None = None, tag_set: TagSet | None = None
) -> Inspection:
    """Describes a legacy artifact, without TensorFlow.

    Args:
        source: a checkpoint, any file of it, a `.meta` alone, or a directory.
        meta_graph: the `.meta` file, where it is not beside the checkpoint.
        tag_set: the tags of the graph of a SavedModel, as for `migrate`.

    Raises:
        ArtifactError: there is nothing, or something else.
        NameNotFoundError: a SavedModel has no graph of these tags.
    """
    from compat_saver.inspection import inspect as look
    from compat_saver.model.opening import parse_tags
    from compat_saver.sources.remote import local_path

    graph = None if meta_graph is None else Path(local_path(meta_graph))
    return look(Path(local_path(source)), meta_graph=graph, tag_set=parse_tags(tag_set))


def migrate(
    source: PathArgument,
    output: PathArgument,
    *,
    meta_graph: PathArgument | None = None,
    inputs: Names | None = None,
    outputs: Names | None = None,
    signatures: Signatures | PathArgument | None = None,
    signature_def: str | None = None,
    bind: Mapping[str, object] | None = None,
    rename: Mapping[str, str] | None = None,
    training_behavior: str = "remove",
    train: bool = False,
    train_ops: Sequence[str] = (),
    train_outputs: Sequence[str] = (),
    train_steps: int = 3,
    ema: bool = False,
    init_missing: bool = False,
    variables: str | None = None,
    assets: Mapping[str, PathArgument] | None = None,
    tag_set: TagSet | None = None,
    output_tags: Sequence[str] = ("serve",),
    to: Sequence[str] = (),
    verify: bool = True,
    verify_data: PathArgument | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    timeout: float = 60.0,
    memory: int | None = None,
    isolate: bool | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    allow: Sequence[str] = (),
    architecture: PathArgument | None = None,
    custom_objects: Mapping[str, object] | None = None,
    progress: Callable[[str], None] | None = None,
) -> MigrationReport | KerasReport:
    """Migrates a TF1 checkpoint and its graph into a TF2 SavedModel, proven equal before it is published.

    A model of Keras 1 or 2 becomes a file of Keras 3 where `output` ends in `.keras`; of the options below those count
    that say so, and those of the verification. Tensor names are accepted with and without `:0`.

    Args:
        source: a checkpoint prefix, any file of it, or a directory.
        output: the SavedModel directory to make; it appears complete or not at all.
        meta_graph: the `.meta` file, where it is not beside the checkpoint.
        inputs: input tensors of the one signature, or key -> tensor; None takes the placeholders that the outputs
            need, and the outputs of input pipelines.
        outputs: output tensors of the one signature, or key -> tensor; None takes the file's signatures or infers
            one; of a generator that draws its noise, the noise is an input then.
        signatures: several signatures instead; they share their weights. Or a YAML file of them, which may hold more
            of `bind` and `rename`.
        signature_def: the one signature of the file to take.
        bind: tensor name -> the constant it is fixed to, such as `{"keep_prob": 1.0}`. A name may be a pattern with
            `*`, `?` and `[...]`, for all placeholders and constants that it matches.
        rename: old signature key, or tensor name, each perhaps as `SIGNATURE/OLD` -> new key.
        training_behavior: "remove" turns what is served to inference: dropouts with a constant rate become
            identities, batch norms use their moving averages, random augmentation and updates of variables go.
            "keep" leaves the graph as it is.
        train: add the training steps of the graph as signatures: `train`, or `train_OP` for each of several. One call
            is one step of the original program: it changes the weights, slots and counters, and returns the loss.
        train_ops: the ops that the program ran to train, instead of those that are found; they imply `train`.
        train_outputs: further tensors that training steps return.
        train_steps: how many training steps are compared with the original.
        ema: use the moving average `x/ExponentialMovingAverage` of the checkpoint as the value of each weight `x`.
        variables: which constants that act as weights become variables: "large" ones that feed a matmul, convolution,
            embedding or bias, "all", which takes small ones and batch norms as well, or "none"; None for "large", if
            the graph has no variables, as a frozen one.
        init_missing: initialize variables missing from the checkpoint with the graph's own initializers.
        assets: path of a lookup table's file as the graph has it, or its last part -> the file to read instead.
        tag_set: the tags of the graph of a SavedModel, or these as one text with commas between; empty for the graph
            without tags. None takes the graph tagged `serve`, or else the one without tags; of a Hub module first the
            one without tags, which is for inference by convention.
        output_tags: the tags of the written model.
        to: further formats, "tflite" or "onnx", to write beside the SavedModel: `OUT/model.tflite`, or a file per
            signature. Each is run, and must give the original's outputs within `rtol` and `atol`, or by default within
            1e-4 of an output's largest magnitude.
        verify: whether to compare the written model with the original before publishing.
        verify_data: an `.npz` file with an array per input, named by tensor or by signature key.
        rtol: relative tolerance; None takes 1e-5 for float32 and wider.
        atol: absolute tolerance; None takes 1e-6 for float32 and wider.
        seed: for generated test inputs.
        timeout: seconds that one run of a model may take when it is verified.
        memory: bytes that the process may use that runs the models; None for no limit.
        isolate: whether the models are run in a process of their own, so that a crash of TensorFlow is an error here;
            None for one unless this process has TensorFlow, or the system is not Linux.
        dry_run: only say what would be done.
        overwrite: replace an existing output.
        allow: the ops that may reach outside of the graph when it is run: write files, open connections, read files
            that are not beside the source; `*` in a name stands for anything.
        architecture: of a Keras model, for a file of weights alone: what `model.to_json()` or `to_yaml()` wrote.
        custom_objects: of a Keras model: name of a custom class or function, or of a Lambda layer -> the object, or
            "MODULE:NAME".
        progress: called with the name of each stage when it starts, and while many bytes are written again: then it has
            the attributes `done` and `total`.

    Raises:
        ArtifactError: the source cannot be read.
        UsageError: arguments that contradict each other or the graph.
        NameNotFoundError: a name that is not in the graph.
        CannotMigrateError: obstacles in the graph, all of them.
        OutputExistsError: the output is there already.
        VerificationError: the outputs of the written model differ, or the original has no finite ones; nothing was
            published.
        TimeLimitError: a run took longer than `timeout`; nothing was published.
        MemoryLimitError: the process that runs the models used more than `memory`; nothing was published.
        CrashError: that process died; nothing was published.
        TensorFlowMissingError: TensorFlow is needed and absent.
    """
    from compat_saver.errors import UsageError
    from compat_saver.keras_models import KerasOptions, migrate_keras
    from compat_saver.keras_models.routing import is_keras_model
    from compat_saver.migration import migrate as run
    from compat_saver.migration.options import make_options
    from compat_saver.sources.remote import local_path

    options = make_options(
        meta_graph=meta_graph,
        inputs=inputs,
        outputs=outputs,
        signatures=signatures,
        signature_def=signature_def,
        bind=bind,
        rename=rename,
        training_behavior=training_behavior,
        train=train,
        train_ops=train_ops,
        train_outputs=train_outputs,
        train_steps=train_steps,
        ema=ema,
        init_missing=init_missing,
        variables=variables,
        assets=assets,
        tag_set=tag_set,
        output_tags=output_tags,
        to=to,
        verify=verify,
        verify_data=verify_data,
        rtol=rtol,
        atol=atol,
        seed=seed,
        timeout=timeout,
        memory=memory,
        isolate=isolate,
        dry_run=dry_run,
        overwrite=overwrite,
        allow=allow,
    )
    path = Path(local_path(source))
    if not is_keras_model(path, output, architecture):
        return run(path, Path(output), options, progress)
    if to:
        raise UsageError("--to is for graphs, not for Keras models: leave it out, and convert what is written.")
    of_keras = KerasOptions.of(options, architecture, custom_objects)
    return migrate_keras(path, Path(output), of_keras, progress)


def verify(
    source: PathArgument,
    saved_model: PathArgument,
    *,
    meta_graph: PathArgument | None = None,
    assets: Mapping[str, PathArgument] | None = None,
    verify_data: PathArgument | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    timeout: float = 60.0,
    memory: int | None = None,
    isolate: bool | None = None,
    allow: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> MigrationReport:
    """Compares a migrated SavedModel with the checkpoint it came from, once more.

    What it serves, and which values were bound, is read from the report inside the model.

    Args:
        source: the checkpoint.
        saved_model: the migrated model.
        meta_graph: the `.meta` file, where it is not beside the checkpoint.
        assets: path of a lookup table's file as the graph has it, or its last part -> the file to read instead.
        verify_data: an `.npz` file with an array per input, named by tensor or by signature key.
        rtol: relative tolerance; None takes 1e-5 for float32 and wider.
        atol: absolute tolerance; None takes 1e-6 for float32 and wider.
        seed: for generated test inputs.
        timeout: seconds that one run of a model may take when it is verified.
        memory: bytes that the process may use that runs the models, as for `migrate`.
        isolate: whether the models are run in a process of their own, as for `migrate`.
        allow: the ops that may reach outside of the graph when it is run, as for `migrate`.
        progress: called with the name of each stage when it starts, and while many bytes are written again: then it has
            the attributes `done` and `total`.

    Raises:
        VerificationError: their outputs differ.
        CompatSaverError: as for `migrate`.
    """
    from compat_saver.migration import verify as run
    from compat_saver.migration.options import make_options
    from compat_saver.sources.remote import local_path

    options = make_options(
        meta_graph=meta_graph,
        assets=assets,
        verify_data=verify_data,
        rtol=rtol,
        atol=atol,
        seed=seed,
        timeout=timeout,
        memory=memory,
        isolate=isolate,
        allow=allow,
    )
    return run(Path(local_path(source)), Path(saved_model), options, progress)


def migrate_many(
    sources: PathArgument | Iterable[PathArgument | Mapping[str, Any]],
    output: PathArgument,
    *,
    executor: Any = None,
    jobs: int | None = None,
    memory: int | None = None,
    time_per_model: float | None = None,
    resume: bool = False,
    every_checkpoint: bool = False,
    dry_run: bool = False,
    overwrite: bool = False,
    after: Callable[[str, MigrationReport | KerasReport], object] | None = None,
    progress: Callable[[Step], None] | None = None,
    **options: Any,
) -> BatchReport:
    """Migrates many models, and stops at none of them; each becomes a SavedModel below a directory.

    Call it below `if __name__ == "__main__":` in a script: its workers are processes that import the script.

    Args:
        sources: a directory, in which every legacy model is found; a list file (text, CSV, YAML); or models: paths, or
            mappings with `source`, perhaps `name`, and arguments of `migrate` for that model.
        output: the directory of the outputs, and of `batch.jsonl`, which grows by a line per model.
        executor: any executor of concurrent.futures, or a `dask.distributed.Client`; its workers need the paths and
            this package. None for processes of this machine, of which each takes many models and one that crashes
            costs its model only.
        jobs: how many of these processes; None for one per processor.
        memory: bytes that they may have together; None for most of what is available. Models are started by their size.
        time_per_model: seconds that one model may take in all; then it has failed. None for no limit.
        resume: leave out the models that an earlier run into `output` did, if source, options and version are the same.
            Those that failed for reasons outside of the model are tried again.
        every_checkpoint: all checkpoints of a training directory rather than the latest.
        dry_run: only say what would be done.
        overwrite: replace existing outputs.
        after: called in the worker with the name and the report of each model that came to one; a function of a module.
        progress: called when a model is started, and when it is done.
        options: other arguments of `migrate`, for all models; those of a model go before.

    Returns:
        An outcome per model, in the order of the sources: verified, refused or failed, with the reasons.

    Raises:
        UsageError: there is no model, a list cannot be read, or arguments contradict each other.
    """
    from compat_saver.batch.run import BatchOptions
    from compat_saver.batch.run import migrate_many as run

    limits = (executor, jobs, memory, time_per_model)
    how = BatchOptions(*limits, resume, every_checkpoint, dry_run, overwrite, after, progress)
    return run(sources, Path(output), options, how)


def save_checkpoint(
    model: object, prefix: PathArgument, *, source: PathArgument | None = None, overwrite: bool = False
) -> str:
    """Writes the variables of a migrated model as a checkpoint for the TF1 program that the model came from.

    Args:
        model: a migrated model as `tf.saved_model.load` returns it, perhaps trained since.
        prefix: the prefix to write, such as `run/model.ckpt-200`.
        source: what the model was migrated from. With it, variables are stored where the program's own saver looks for
            them (partitioned, or under other names), and what the model has no need of is copied.
        overwrite: replace an existing checkpoint.

    Returns:
        The prefix.

    Raises:
        UsageError: the object is no migrated model, or the source has no checkpoint.
        OutputExistsError: the checkpoint is there already.
        ArtifactError: the source cannot be read.
    """
    from compat_saver.migration.checkpoint import save_checkpoint as save

    return save(model, prefix, None if source is None else Path(source), overwrite=overwrite)
