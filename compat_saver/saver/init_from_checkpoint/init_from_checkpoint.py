"""Initializes variables from a checkpoint: init_from_checkpoint and warm_start of tf.compat.v1.train.

TensorFlow's own functions do the work. Before they run, everything is checked: a call that fails has changed nothing,
and lists everything that does not match. Any path that leads to a checkpoint is accepted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from compat_saver import _tensorflow
from compat_saver.bundle import Checkpoint
from compat_saver.bundle.object_graph import decode_object_graph
from compat_saver.errors import RestoreError, UsageError, nearest_names
from compat_saver.saver.checkpoint_management import is_remote
from compat_saver.saver.checkpoint_utils import StrPath, open_or_tf_error
from compat_saver.saver.init_from_checkpoint.assignments import MOST_SHOWN, AssignmentMap, mismatch_of, nearest_tensors
from compat_saver.saver.variables import name_of

_logger = logging.getLogger("compat_saver")


def init_from_checkpoint(
    ckpt_dir_or_file: StrPath, assignment_map: Mapping[str, Any] | Iterable[tuple[str, Any]]
) -> None:
    """Makes a checkpoint the initial value of variables, as tf.compat.v1.train.init_from_checkpoint.

    Args:
        ckpt_dir_or_file: a directory, a prefix, or any other source.
        assignment_map: name in the checkpoint -> variable, list of the parts of one, or name of one; `'old/': 'new/'`
            for all variables of a scope, `'/'` for no scope. A dict, or pairs, where a tensor fills several.

    Raises:
        RestoreError: (ValueError) a tensor or a variable is missing, a scope has none, or dtype or shape differ.
        UsageError: (TypeError) something in the map is not a variable.
        ArtifactError: (tf.errors.NotFoundError, tf.errors.DataLossError, ...) there is no checkpoint.
    """
    theirs = _tensorflow.tensorflow().compat.v1.train
    path = os.fsdecode(ckpt_dir_or_file)
    if is_remote(path):
        theirs.init_from_checkpoint(path, assignment_map)
        return
    with open_or_tf_error(path) as checkpoint:
        pairs = list(assignment_map.items()) if isinstance(assignment_map, Mapping) else list(assignment_map)
        found = AssignmentMap(checkpoint, [(str(key), target) for key, target in pairs])
        _require_none(found.problems, checkpoint)
        for batch in found.batches():
            theirs.init_from_checkpoint(checkpoint.prefix, [(item.key, item.variable) for item in batch])


def warm_start(
    ckpt_to_initialize_from: StrPath,
    vars_to_warm_start: str | Sequence[Any] | None = ".*",
    var_name_to_vocab_info: Mapping[str, Any] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:
    """Makes an earlier model the initial value of variables of the same names, as tf.compat.v1.train.warm_start.

    Args:
        ckpt_to_initialize_from: a directory, a prefix, or any other source.
        vars_to_warm_start: a regular expression for trainable variables, a list of them for all global variables, a
            list of tf.Variables, or None for those of var_name_to_vocab_info alone.
        var_name_to_vocab_info: name of a variable -> the tf.estimator.VocabInfo of its rows or columns.
        var_name_to_prev_var_name: name of a variable -> its name in the checkpoint.

    Raises:
        RestoreError: (ValueError) a tensor is missing, dtype or shape differ, or a name of the dicts is not used.
        UsageError: (ValueError) vars_to_warm_start is something else.
        ArtifactError: (tf.errors.NotFoundError, tf.errors.DataLossError, ...) there is no checkpoint.
    """
    theirs = _tensorflow.tensorflow().compat.v1.train
    path = os.fsdecode(ckpt_to_initialize_from)
    if is_remote(path):
        theirs.warm_start(path, vars_to_warm_start, var_name_to_vocab_info, var_name_to_prev_var_name)
        return
    chosen = _chosen(vars_to_warm_start)
    with open_or_tf_error(path) as checkpoint:
        vocabularies, earlier = dict(var_name_to_vocab_info or {}), dict(var_name_to_prev_var_name or {})
        only = None if vars_to_warm_start else vocabularies
        _require_none(list(_unfit(chosen, checkpoint, vocabularies, earlier, only)), checkpoint)
        if not chosen:
            _logger.warning("warm_start: no variable of the graph is of vars_to_warm_start=%r", vars_to_warm_start)
        theirs.warm_start(checkpoint.prefix, vars_to_warm_start, vocabularies, earlier)


def _chosen(given: Any) -> dict[str, list[Any]]:
    """Returns the chosen variables: name (for a partitioned one that of the whole) -> the variable, or its parts."""
    tf = _tensorflow.tensorflow()
    keys, collected = tf.compat.v1.GraphKeys, tf.compat.v1.get_collection
    if given is None or isinstance(given, str):
        variables = collected(keys.TRAINABLE_VARIABLES, scope=given)
    elif isinstance(given, list) and all(isinstance(item, str) for item in given):
        variables = [variable for scope in given for variable in collected(keys.GLOBAL_VARIABLES, scope=scope)]
    elif isinstance(given, list) and all(isinstance(item, tf.Variable) for item in given):
        variables = given
    else:
        raise UsageError(
            "vars_to_warm_start: expected a regular expression, a list of them, a list of tf.Variables or None, "
            f"found {given!r}"
        )
    found: dict[str, list[Any]] = {}
    for variable in variables:
        part = _tensorflow.slice_of(variable)
        found.setdefault(part.full_name if part is not None else name_of(variable), []).append(variable)
    return found


def _unfit(
    chosen: Mapping[str, list[Any]],
    checkpoint: Checkpoint,
    vocabularies: Mapping[str, Any],
    earlier: Mapping[str, str],
    only: Mapping[str, Any] | None,
) -> Iterator[str]:
    """Yields everything that prevents a warm start, a sentence each."""
    names, hints = earlier or _names_of_objects(checkpoint), 0
    for name, variables in chosen.items():
        if only is not None and name not in only:
            continue
        key = names.get(name) or name
        if key not in checkpoint:
            hints += 1
            hint = nearest_tensors(key, checkpoint.shapes()) if hints <= MOST_SHOWN else ""
            as_key = "" if key == name else f" as {key!r}"
            yield f"{name!r} is not found in checkpoint{as_key}{hint or '.'}"
        elif not vocabularies.get(name):
            info = checkpoint.info(key)
            is_part = _tensorflow.slice_of(variables[0]) is not None
            problem = mismatch_of(variables if is_part else variables[0], info.dtype, info.shape)
            if problem:
                yield problem
    for argument, used in (("var_name_to_prev_var_name", earlier), ("var_name_to_vocab_info", vocabularies)):
        for name in sorted(used.keys() - chosen.keys()):
            yield f"{argument}: no variable {name!r} is warm-started{nearest_names(name, chosen) or '.'}"


def _names_of_objects(checkpoint: Checkpoint) -> dict[str, str]:
    """Returns name of a variable -> key, for a checkpoint that tf.train.Checkpoint wrote."""
    return {item.full_name: item.key for item in decode_object_graph(checkpoint).values() if item.full_name}


def _require_none(problems: Sequence[str], checkpoint: Checkpoint) -> None:
    if not problems:
        return
    more = [f"  - and {len(problems) - MOST_SHOWN} more."] if len(problems) > MOST_SHOWN else []
    head = f"{checkpoint.prefix} does not fit; no initializer was changed:"
    raise RestoreError("\n".join([head, *(f"  - {problem}" for problem in problems[:MOST_SHOWN]), *more]))
