"""The one door to TensorFlow: imported on first use, never before.

The rest of the package gets TensorFlow here. Each use of a private name of TensorFlow is in this file, with its reason.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from compat_saver.errors import TensorFlowMissingError

OLDEST = (2, 16)


_start = {"quiet": False}


_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTHING = "3"
"""The variable with which a user asks for what TensorFlow prints, and its value for nothing at all."""


def be_quiet() -> None:
    """Silences the import of TensorFlow also in a process with threads: for the command line."""
    _start["quiet"] = True


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keeps what TensorFlow prints, while it is imported and later, from the terminal.

    The notes of an import are written below Python, before any level of logging holds, so file descriptor 2 itself is
    turned away while it lasts. A program with threads of its own does not have that done to it, for they may print. A
    program that imported TensorFlow before us has chosen its levels.
    """
    is_first = "tensorflow" not in sys.modules
    if os.environ.setdefault(_LEVEL, _NOTHING) != _NOTHING:
        yield
        return
    with stderr_silenced():
        yield
    if is_first and "tensorflow" in sys.modules:
        sys.modules["tensorflow"].get_logger().setLevel("ERROR")


@contextlib.contextmanager
def stderr_silenced() -> Iterator[None]:
    """Keeps what is written below Python off the terminal, unless a thread or the user may want it there."""
    if os.environ.get(_LEVEL, _NOTHING) != _NOTHING or (not _start["quiet"] and threading.active_count() > 1):
        yield
        return
    with _stderr_turned_away():
        yield


@contextlib.contextmanager
def _stderr_turned_away() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # closed, as in a daemon
        yield
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Lets an interrupt end a block that imports: modules swallow KeyboardInterrupt, or raise something else for it."""
    received: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    ours = [number for number in numbers if signal.getsignal(number) is signal.default_int_handler]
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    except Exception:
        if not received:
            raise
    finally:
        for number in ours:
            signal.signal(number, signal.default_int_handler)
    if received:
        raise KeyboardInterrupt


@functools.cache
def tensorflow() -> Any:
    """Imports TensorFlow and returns it.

    Raises:
        TensorFlowMissingError: it is not installed, or older than 2.16.
    """
    try:
        with _interruptible(), _silenced():
            import tensorflow as tf
    except ImportError as error:
        raise TensorFlowMissingError(
            f"Verification and the Saver workflows need TensorFlow, and it cannot be imported ({error}). "
            "Install it with: pip install 'compat-saver[tf-cpu]'. A model is migrated without it, unverified, with "
            "--no-verify."
        ) from error
    version = tuple(int(part) for part in tf.__version__.split(".")[:2])
    if version < OLDEST:
        raise TensorFlowMissingError(
            f"TensorFlow {tf.__version__} is installed; compat_saver needs 2.16 or later. "
            "Upgrade with: pip install --upgrade 'compat-saver[tf-cpu]'"
        )
    return tf


@functools.cache
def keras() -> Any:
    """Imports Keras 3, which comes with TensorFlow, and returns it.

    Raises:
        TensorFlowMissingError: it is not installed, or older than 3.
    """
    tensorflow()
    import keras as found

    if int(found.__version__.split(".")[0]) < 3:
        raise TensorFlowMissingError(
            f"Keras {found.__version__} is installed; compat_saver writes files of Keras 3. Upgrade with: "
            "pip install --upgrade keras"
        )
    return found


def has_tf_keras() -> bool:
    """Whether the package tf-keras is installed; it is not imported."""
    return importlib.util.find_spec("tf_keras") is not None


@functools.cache
def tf_keras() -> Any:
    """Imports the package tf-keras, which is Keras 2, and returns it."""
    tensorflow()
    import tf_keras as found

    return found


def make_slots(optimizer: Any, variables: Any) -> None:
    """Makes the slots of an optimizer of Keras 2 before its first step, so that they can be given values.

    Private: `_create_all_weights`, which the loader of Keras 2 calls for the same; there is no public equivalent.

    Args:
        optimizer: one of tf_keras.optimizers.legacy.
        variables: those that it trains.
    """
    optimizer._create_all_weights(variables)


def layers_inside(layer: Any) -> list[Any]:
    """Returns a layer of Keras 2 or 3 and all layers inside it, at any depth.

    Private: `_flatten_layers`, which both have. The public `submodules` of Keras 2 fails on a ConvLSTM with a dropout,
    and the `layers` of a model are without those inside an attention.
    """
    return list(layer._flatten_layers())


def trained_variables(optimizer: Any) -> list[Any]:
    """Returns the variables that an optimizer of Keras 3 trains.

    Private: `_trainable_variables`; the public `variables` has the optimizer's own only.

    Raises:
        TensorFlowMissingError: this Keras keeps them elsewhere.
    """
    found = getattr(optimizer, "_trainable_variables", None)
    if found is None:
        raise TensorFlowMissingError(
            f"The optimizers of Keras {keras().__version__} are of another form. Install an older one, or load without "
            "the state of the optimizer."
        )
    return list(found)


def optimizer_slots(optimizer: Any, attribute: str) -> list[tuple[Any, Any]]:
    """Returns (variable, slot) of one kind of slots of an optimizer of Keras 3; none where it does not use that kind.

    Private: the lists of slots, such as `_momentums`; the public `variables` mixes all kinds, under names that repeat
    where layers have one name.
    """
    return list(zip(trained_variables(optimizer), getattr(optimizer, attribute, None) or (), strict=False))


@contextlib.contextmanager
def unoptimized() -> Iterator[None]:
    """Runs functions as they were written while it lasts: no fused kernels, no folded constants.

    Two graphs that compute the same may be optimized in different ways, and then differ by rounding. What a session
    runs is another matter, see `unoptimized_session`.
    """
    optimizer = tensorflow().config.optimizer
    before = optimizer.get_experimental_options()
    optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        optimizer.set_experimental_options({"disable_meta_optimizer": False, **before})


def unoptimized_session(graph: Any) -> Any:
    """Returns a tf.compat.v1.Session on a graph that runs it as it was written."""
    v1 = tensorflow().compat.v1
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return v1.Session(graph=graph, config=config)


@contextlib.contextmanager
def without_snapshots() -> Iterator[None]:
    """Loads lists and dicts in linear time while it lasts; what is loaded so is not to be saved again.

    Private: `_update_snapshot` and two checks of the classes that wrap lists and dicts. Whenever an item is added,
    they copy and compare the whole, so that saving finds changes that bypassed the wrapper. Without these names,
    loading is slower.
    """
    try:
        from tensorflow.python.trackable.data_structures import ListWrapper, _DictWrapper
    except ImportError:
        yield
        return
    methods = ("_update_snapshot", "_check_external_modification", "_check_self_external_modification")
    with contextlib.ExitStack() as stack:
        for kind in (ListWrapper, _DictWrapper):
            for name in filter(vars(kind).__contains__, methods):
                stack.callback(setattr, kind, name, vars(kind)[name])
                setattr(kind, name, lambda self: None)
        yield


def is_trackable(item: Any) -> bool:
    """Whether tf.train.TrackableView, which is public, can list the children of an object.

    Private: the method `_trackable_children`, which that calls; the class that has it has no public name. Where it is
    gone, nothing is followed but what lists its variables itself.
    """
    return hasattr(item, "_trackable_children")


def op_list(serialized: bytes) -> Any:
    """Parses a tensorflow.OpList into TensorFlow's own message class.

    Private: tensorflow.core.framework.op_def_pb2. tf.graph_util.import_graph_def takes an OpList, and no public name
    leads to the class.
    """
    from tensorflow.core.framework.op_def_pb2 import OpList

    return OpList.FromString(serialized)


def has_op(op: str, otherwise: bool) -> bool:
    """Whether TensorFlow has an op, of its own or of a library that the program loaded.

    Private: tensorflow.python.framework.op_def_registry.get. tf.raw_ops lists TensorFlow's own ops only. Where the name
    is gone, what is known of TensorFlow's own serves.

    Args:
        op: its name.
        otherwise: what is known of it.
    """
    tensorflow()
    try:
        from tensorflow.python.framework.op_def_registry import get
    except ImportError:
        return otherwise
    return get(op) is not None


def has_kernel(op: str, otherwise: bool) -> bool:
    """Whether an op can run on a device of this machine.

    Private: tensorflow.python.framework.kernels.get_registered_kernels_for_op. There is no public equivalent.
    Where the name is gone, what is known of CPUs serves.

    Args:
        op: its name.
        otherwise: what is known of it.
    """
    tf = tensorflow()
    try:
        from tensorflow.python.framework.kernels import get_registered_kernels_for_op
    except ImportError:
        return otherwise
    devices = {device.device_type for device in tf.config.list_physical_devices()}
    return any(kernel.device_type in devices for kernel in get_registered_kernels_for_op(op).kernel)


def variables_by_name() -> dict[str, Any]:
    """Returns the variables that tf.compat.v1.get_variable made in the default graph, parts of others as `w/part_0`.

    Private: tensorflow.python.ops.variable_scope._get_default_variable_store()._vars, where TensorFlow looks up the
    names of an assignment map. Where it is gone, the graph's collection of global variables serves, which holds those
    that tf.Variable made as well.
    """
    tf = tensorflow()
    try:
        from tensorflow.python.ops.variable_scope import _get_default_variable_store

        return dict(_get_default_variable_store()._vars)
    except (ImportError, AttributeError):
        return {variable.op.name: variable for variable in tf.compat.v1.global_variables()}


def slice_of(variable: Any) -> Any:
    """Returns of which tensor a variable is a part (full_name, full_shape, var_offset); None for a whole variable.

    Private: `_get_save_slice_info`, which TensorFlow's Saver calls on every variable; there is no public equivalent.
    What has no such method is no part.
    """
    ask = getattr(variable, "_get_save_slice_info", None)
    return ask() if ask is not None else None


def first_line(error: Exception) -> str:
    """Returns the line of a TensorFlow error message that names the problem, with the node where it occurred."""
    message = getattr(error, "message", None) or str(error)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    node = next((line.removeprefix("Node: ").strip("'") for line in lines if line.startswith("Node: ")), "")
    said = [line for line in lines if not line.startswith(_NOISE) and not line.endswith(_COUNTED)]
    line = (said or lines or [type(error).__name__])[0][:300]
    return f"{node}: {line}" if node else line


_COUNTED = "root error(s) found."
_NOISE = ("Graph execution error", "Detected at node", "Node: ", "File ", "[[", "Original stack trace", "<stack traces")


def tf_errors() -> tuple[type[Exception], ...]:
    """Returns the exception classes that TensorFlow raises for a graph or inputs that it rejects."""
    return (tensorflow().errors.OpError, ValueError, TypeError, KeyError)
