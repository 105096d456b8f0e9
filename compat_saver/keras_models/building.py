"""Makes the model in Keras 3 that an upgraded configuration describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compat_saver import _tensorflow
from compat_saver.errors import CannotMigrateError
from compat_saver.keras_files.class_names import by_number
from compat_saver.keras_models.architecture import INPUT, LAMBDA, OPERATION, TIME_DISTRIBUTED, LayerPlan, ModelPlan
from compat_saver.keras_models.calls import Call, Ref, refs
from compat_saver.keras_models.fields import ACTIVATIONS
from compat_saver.keras_models.functions import call_function

_MOST_NUMBERED = 100_000
_WITH_STATE = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


@dataclass
class BuiltModel:
    """A model with the layers by name, and the same of every model inside.

    Attributes:
        model: the Keras model.
        layers: name in the plan -> Keras layer.
        inner: name in the plan -> what is built of a model inside.
    """

    model: Any
    layers: dict[str, Any] = field(default_factory=dict)
    inner: dict[str, BuiltModel] = field(default_factory=dict)


@dataclass
class Builder:
    """Builds models.

    Attributes:
        keras: Keras 3.
        given: name of a custom class, function or Lambda -> the object.
    """

    keras: Any
    given: Mapping[str, Any]

    def build(self, plan: ModelPlan) -> BuiltModel:
        """Returns the model of a plan.

        Raises:
            CannotMigrateError: Keras 3 refuses a layer.
        """
        _reserve_names(self.keras, plan)
        built = BuiltModel(None)
        for layer in plan.layers:
            if layer.model is not None:
                built.inner[layer.name] = self.build(layer.model)
                built.layers[layer.name] = self._applied(layer, built.inner[layer.name].model)
            elif layer.kind not in (INPUT, OPERATION):
                built.layers[layer.name] = self._layer(layer)
                _require_stored(layer, built.layers[layer.name])
        if plan.is_sequential:
            built.model = self._sequential(plan, built)
        else:
            built.model = self._functional(plan, built)
        return built

    def _applied(self, plan: LayerPlan, model: Any) -> Any:
        """Returns a model, or what applies it to each step."""
        return self.keras.layers.TimeDistributed(model, **plan.config) if plan.kind == TIME_DISTRIBUTED else model

    def _layer(self, plan: LayerPlan) -> Any:
        try:
            if plan.kind == LAMBDA:
                return self._lambda(plan)
            kind = self.given.get(plan.kind) or getattr(self.keras.layers, plan.kind)
            with self.keras.saving.custom_object_scope(dict(self.given)):
                return kind.from_config(self._with_functions(plan.config))
        except Exception as error:
            raise _refused(plan, error) from error

    def _with_functions(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a configuration with the given functions as activations: Keras 3 looks its own up by name only."""
        return {
            key: self.given[value] if key in ACTIVATIONS and isinstance(value, str) and value in self.given else value
            for key, value in config.items()
        }

    def _lambda(self, plan: LayerPlan) -> Any:
        """Returns the layer that stands for a Lambda: a layer that was given, or a Lambda of the given function."""
        given = self.given[plan.name]
        if isinstance(given, self.keras.Layer):
            return given
        return self.keras.layers.Lambda(given, arguments=plan.config["arguments"], name=plan.config["name"])

    def _input(self, plan: LayerPlan) -> Any:
        config = plan.config
        return self.keras.Input(
            batch_shape=config["batch_shape"],
            dtype=config.get("dtype"),
            sparse=bool(config.get("sparse")) or None,
            name=config["name"],
        )

    def _sequential(self, plan: ModelPlan, built: BuiltModel) -> Any:
        first, *rest = plan.layers
        model = self.keras.Sequential([self._input(first)], name=plan.name, trainable=plan.trainable)
        for layer in rest:
            try:
                model.add(built.layers[layer.name])
            except Exception as error:
                raise _refused(layer, error) from error
        return model

    def _functional(self, plan: ModelPlan, built: BuiltModel) -> Any:
        tensors = _Tensors(self.keras, plan)
        waiting = [(layer, call) for layer in plan.layers for call in layer.calls]
        for layer in plan.layers:
            if layer.kind == INPUT:
                tensors.add(layer.name, self._input(layer))
        while waiting:
            ready = [(layer, call) for layer, call in waiting if tensors.has(call)]
            if not ready:
                names = sorted({layer.name for layer, _ in waiting})
                raise CannotMigrateError([f"The layers {', '.join(names)} depend on tensors that no layer gives."])
            # One at a time: the calls of a shared layer keep their order.
            layer, call = ready[0]
            waiting.remove((layer, call))
            tensors.add(layer.name, self._call(layer, tensors.filled(call), built))
        inputs, outputs = tensors.of(plan.inputs), tensors.of(plan.outputs)
        try:
            return self.keras.Model(inputs, outputs, name=plan.name, trainable=plan.trainable)
        except ValueError as error:
            raise CannotMigrateError(
                [f"Keras 3 refuses the model {plan.name!r}: {_tensorflow.first_line(error)}"]
            ) from error

    def _call(self, layer: LayerPlan, call: Call, built: BuiltModel) -> Any:
        try:
            if layer.kind == OPERATION:
                return call_function(self.keras, call.function, call.arguments)
            first, arguments = call.first, {k: v for k, v in call.arguments.items() if v is not None}
            if layer.kind in _WITH_STATE and isinstance(first, list):
                first, arguments = first[0], {**arguments, "initial_state": first[1:]}
            return built.layers[layer.name](first, **arguments)
        except Exception as error:
            raise _refused(layer, error) from error


def _reserve_names(keras: Any, plan: ModelPlan) -> None:
    """Keeps Keras from naming an operation that it makes, such as those of a mask, as a layer of the file is named."""
    highest: dict[str, int] = {}
    for name, number in (by_number(layer.name) for layer in plan.layers):
        highest[name] = max(highest.get(name, 0), number)
    for name in highest.keys() & set(dir(keras.ops)):
        while keras.backend.get_uid(name) <= min(highest[name], _MOST_NUMBERED):
            pass


def require_vectors(layers: Iterable[Any]) -> None:
    """Raises CannotMigrateError for a Dot of Keras 1 that normalizes more than vectors: there that is no cosine."""
    names = [item.name for item in layers if getattr(item, "normalize", False) and _rank(item) > 2]
    if names:
        reason = "of sequences divides by other norms in Keras 1, which no layer of Keras 3 does."
        raise CannotMigrateError([f"Layer {name!r}: Merge with mode='cos' {reason}" for name in names])


def _rank(layer: Any) -> int:
    first = layer.input[0] if isinstance(layer.input, list | tuple) else layer.input
    return len(first.shape)


def _require_stored(plan: LayerPlan, layer: Any) -> None:
    """Raises CannotMigrateError for an option that Keras leaves out of its files: 3.12 does so."""
    option = "output_padding"
    if plan.config.get(option) is not None and option not in layer.get_config():
        raise CannotMigrateError(
            [f"Layer {plan.name!r}: this Keras does not store its {option}. Migrate with Keras 3.13 or later."]
        )


def _refused(layer: LayerPlan, error: Exception) -> CannotMigrateError:
    return CannotMigrateError(
        [f"Layer {layer.name!r} ({layer.kind}): Keras 3 refuses it: {_tensorflow.first_line(error)}"]
    )


class _Tensors:
    """The outputs of the calls of layers."""

    def __init__(self, keras: Any, plan: ModelPlan) -> None:
        self._flatten = keras.tree.flatten
        self._made: dict[str, list[list[Any]]] = {layer.name: [] for layer in plan.layers}
        self._first = _first_calls(plan)

    def add(self, layer: str, result: Any) -> None:
        self._made[layer].append(self._flatten(result))

    def has(self, call: Call) -> bool:
        return all(self._number(ref) < len(self._made[ref.layer]) for ref in refs([call.first, call.arguments]))

    def filled(self, call: Call) -> Call:
        return Call(self.of(call.first), self.of(call.arguments), call.function)

    def of(self, item: Any) -> Any:
        if isinstance(item, Ref):
            return self._made[item.layer][self._number(item)][item.output]
        if isinstance(item, Mapping):
            return {key: self.of(value) for key, value in item.items()}
        return type(item)(self.of(value) for value in item) if isinstance(item, list | tuple) else item

    def _number(self, ref: Ref) -> int:
        return ref.call - self._first[ref.layer]


def _first_calls(plan: ModelPlan) -> dict[str, int]:
    """Returns the number of the first call of each layer: Keras counts the making of a model inside as a call of it."""
    used: Iterable[Ref] = refs(
        [plan.inputs, plan.outputs, *((c.first, c.arguments) for x in plan.layers for c in x.calls)]
    )
    last: dict[str, int] = {}
    for ref in used:
        last[ref.layer] = max(last.get(ref.layer, 0), ref.call)
    return {layer.name: max(0, last.get(layer.name, 0) - max(len(layer.calls) - 1, 0)) for layer in plan.layers}
