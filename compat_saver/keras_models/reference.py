"""Runs the original model in a process of its own, by what wrote it: a TensorFlow session, or the package tf-keras.

    python -m compat_saver.keras_models.reference REQUEST.json ARRAYS.npz OUT.npz

tf-keras is Keras 2, which wrote the file; with TF_USE_LEGACY_KERAS=1 `tf.keras` is the same package, so that custom
objects are those of Keras 2 as well. It shares no code with what reads files here, and no state with the program.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from compat_saver import _tensorflow
from compat_saver.keras_files.old_weights import CONVOLUTIONS

_RANDOM = ("rate", "dropout", "recurrent_dropout", "stddev")
"""Attributes of layers that make a training step random; 0 in both models for the step that is compared."""


def switch_off_dropout(layer: Any) -> None:
    """Makes a training step of a layer the same every time; a layer that has the attributes of its cell goes by it."""
    for name in _RANDOM:
        if isinstance(getattr(layer, name, None), float):
            with contextlib.suppress(AttributeError):
                setattr(layer, name, 0.0)


def main(request_file: str, arrays_file: str, out_file: str) -> None:
    """Runs what a request says and writes outputs y0, y1, ..., `loss`, and the weights after/LAYER/NUMBER."""
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    with np.load(arrays_file, allow_pickle=False) as arrays:
        given = dict(arrays)
    found = _serve(request, given) if request["form"] == "saved_model" else {}
    if request["form"] != "saved_model" or request["training"] is not None:
        try:
            found |= _keras(request, given)
        except Exception as error:
            if not found:
                raise
            found["note"] = np.array(_tensorflow.first_line(error))
    np.savez(out_file, **found)


def _listed(given: Mapping[str, Any], letter: str) -> list[Any]:
    return [given[f"{letter}{number}"] for number in range(len(given)) if f"{letter}{number}" in given]


def _numbered(letter: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{letter}{number}": np.asarray(value) for number, value in enumerate(values)}


# ---- a SavedModel: its own graph in a session


def _serve(request: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    v1 = _tensorflow.tensorflow().compat.v1
    with v1.Session(graph=v1.Graph()) as session:
        signatures = v1.saved_model.load(session, ["serve"], request["path"]).signature_def
        if "serving_default" not in signatures:
            raise RuntimeError("it has no serving function; Keras could not trace the model when it saved it")
        signature = signatures["serving_default"]
        inputs = _ordered(dict(signature.inputs), request["inputs"])
        outputs = _ordered(dict(signature.outputs), request["outputs"])
        feeds = {item.name: value for item, value in zip(inputs, _listed(given, "x"), strict=True)}
        return _numbered("y", session.run([item.name for item in outputs], feeds))


def _ordered(found: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Returns the tensors of a signature in the order of names; where a name is not in it, in that of its keys."""
    if set(names) == set(found):
        return [found[name] for name in names]
    return [found[key] for key in sorted(found)]


# ---- Keras 2


def _keras(request: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    keras = _tensorflow.tf_keras()
    custom = {name: _imported(place) for name, place in request["custom"].items()}
    model = _loaded(keras, request, custom)
    if request["is_theano"]:
        _reverse_kernels(model)
    inputs = [_tensorflow.tensorflow().constant(item) for item in _listed(given, "x")]
    outputs = _outputs(model, packed(inputs, request["input_keys"]))
    found = _numbered("y", outputs_of(outputs, request["output_keys"]))
    if request["training"] is not None:
        found |= _train(keras, model, request, given, custom)
    return found


def _outputs(model: Any, inputs: Any) -> Any:
    """Returns the outputs of a model; a CPU runs convolutions with the channels first only if compiled."""
    tf = _tensorflow.tensorflow()
    try:
        return model(inputs, training=False)
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
        return tf.function(lambda: model(inputs, training=False), jit_compile=True)()


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _loaded(keras: Any, request: Mapping[str, Any], custom: Mapping[str, Any]) -> Any:
    if request["config"] is None:
        compiles = request["training"] is not None and request["training"]["is_new"]
        return keras.models.load_model(request["path"], custom_objects=custom, compile=compiles)
    model = keras.models.model_from_json(json.dumps(request["config"]), custom_objects=custom)
    model.load_weights(request["path"], **({"by_name": True} if request["is_keras_1"] else {}))
    return model


def _reverse_kernels(model: Any) -> None:
    """Reverses the kernels of a file of Theano, as Keras 2 with several backends did when it loaded one."""
    for layer in _tensorflow.layers_inside(model):
        if type(layer).__name__ not in CONVOLUTIONS:
            continue
        for name in ("kernel", "recurrent_kernel"):
            kernel = getattr(getattr(layer, "cell", layer), name, None)
            if kernel is not None:
                kernel.assign(np.flip(kernel.numpy(), tuple(range(kernel.shape.rank - 2))))


def _train(
    keras: Any, model: Any, request: Mapping[str, Any], given: Mapping[str, Any], custom: Mapping[str, Any]
) -> dict[str, Any]:
    training = request["training"]
    if not training["is_new"]:
        _compile(keras, model, training, _listed(given, "o"), custom)
    for layer in _tensorflow.layers_inside(model):
        switch_off_dropout(layer)
    model.run_eagerly = True
    result = model.train_on_batch(single(_listed(given, "x")), single(_listed(given, "t")))
    found = {"loss": np.asarray(result[0] if isinstance(result, list) else result)}
    places = dict(_places(model, request["form"]))
    found |= {f"after/{place}": item.numpy() for place, item in places.items()}
    slopes = _slopes(model, given)
    return found | {f"slope/{place}": slopes[id(item)] for place, item in places.items() if id(item) in slopes}


def _places(model: Any, form: str) -> Iterator[tuple[str, Any]]:
    """Yields LAYER/NUMBER and the weight, in the order of Keras."""
    for layer in model.layers:
        weights = layer.weights
        if form == "hdf5":
            weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        yield from ((f"{layer.name}/{number}", item) for number, item in enumerate(weights))


def _slopes(model: Any, given: Mapping[str, Any]) -> dict[int, Any]:
    """Returns identity of a weight -> the magnitudes of its gradient."""
    tf = _tensorflow.tensorflow()
    with tf.GradientTape() as tape:
        outputs = model(single([tf.constant(item) for item in _listed(given, "x")]), training=True)
        labels = single([tf.constant(item) for item in _listed(given, "t")])
        loss = model.compiled_loss(labels, outputs, regularization_losses=model.losses)
    gradients = zip(model.trainable_weights, tape.gradient(loss, model.trainable_weights), strict=True)
    return {id(w): np.abs(tf.convert_to_tensor(g)) for w, g in gradients if g is not None}


def _compile(
    keras: Any, model: Any, training: Mapping[str, Any], state: Sequence[Any], custom: Mapping[str, Any]
) -> None:
    """Compiles with the optimizer as it was until Keras 2.10, and gives it its state."""
    config = training["config"].get("optimizer_config") or training["config"]["optimizer"]
    kind = getattr(keras.optimizers.legacy, training["optimizer"])
    known = set(kind(name="any").get_config()) | {"lr", "decay", "epsilon", "clipnorm", "clipvalue"}
    options = {key: value for key, value in config["config"].items() if key in known and value is not None}
    with keras.utils.custom_object_scope(dict(custom)):
        optimizer = kind.from_config(options)
        model.compile(
            optimizer, _losses(keras, training["config"]["loss"]), loss_weights=training["config"].get("loss_weights")
        )
    if len(state) > 1:
        _tensorflow.make_slots(optimizer, model.trainable_variables)
        optimizer.set_weights(state)
    elif state:
        optimizer.iterations.assign(state[0])


def _losses(keras: Any, found: Any) -> Any:
    if isinstance(found, dict) and "class_name" not in found:
        return {key: _losses(keras, value) for key, value in found.items()}
    return [_losses(keras, item) for item in found] if isinstance(found, list) else keras.losses.get(found)


def packed(values: Sequence[Any], keys: Sequence[str]) -> Any:
    """Returns inputs as a model takes them: by key, one array, or a list of several."""
    return dict(zip(keys, values, strict=True)) if keys else single(values)


def outputs_of(outputs: Any, keys: Sequence[str]) -> list[Any]:
    """Returns the outputs of a model in the order of the keys, or as they come."""
    if isinstance(outputs, Mapping):
        return [outputs[key] for key in keys]
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def single(values: Sequence[Any]) -> Any:
    """Returns one array, or a list of several."""
    return values[0] if len(values) == 1 else list(values)


if __name__ == "__main__":
    main(*sys.argv[1:])
