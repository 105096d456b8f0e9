"""A model's configuration of Keras 1 or 2, upgraded: a graph of layers whose configurations Keras 3 takes.

`upgrade_model` works on JSON alone and collects every problem; nothing of Keras is imported for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compat_saver.keras_files.class_names import MODELS, plain_class
from compat_saver.keras_models.calls import Call, Ref, layer_calls, node_call, refs, structure
from compat_saver.keras_models.changes import Config, Upgrade
from compat_saver.keras_models.fields import legal_name
from compat_saver.keras_models.layers import upgrade_layer
from compat_saver.keras_models.nodes import NODES
from compat_saver.keras_models.operations import operation_of

OPERATION, LAMBDA, INPUT, TIME_DISTRIBUTED = "operation", "Lambda", "InputLayer", "TimeDistributed"
_NO_SHAPE = (
    "the shape of its input is not in the file. Give the model with it: --architecture FILE.json, as model.to_json() "
    'writes it, with "batch_input_shape": [null, ...] in the config of the first layer.'
)
STEPWISE_NORM = "batch norm of steps"
_OP_LAYERS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty", "InstanceMethod")


@dataclass(frozen=True)
class LayerPlan:
    """A layer to make.

    Attributes:
        name: unique in its model.
        kind: its class in Keras 3; OPERATION for functions of keras.ops; LAMBDA for a function that the user gives.
        config: its configuration in Keras 3.
        calls: how often and on what it is called; empty in a Sequential.
        model: the model that it is, or that it applies to each step; None for another layer.
        origin: its class in the file; for a wrapper that of the layer inside.
    """

    name: str
    kind: str
    config: Config = field(default_factory=dict)
    calls: Sequence[Call] = ()
    model: ModelPlan | None = None
    origin: str = ""


@dataclass(frozen=True)
class ModelPlan:
    """A model to make.

    Attributes:
        name: of the model.
        layers: in the order of the file; those of a Sequential are called one after the other.
        inputs: the input layers, in the structure that the model takes.
        outputs: what it returns.
        is_sequential: whether it is a Sequential.
        trainable: whether it as a whole is.
    """

    name: str
    layers: Sequence[LayerPlan]
    inputs: Any = ()
    outputs: Any = ()
    is_sequential: bool = False
    trainable: bool = True

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: those of the layers that return them."""
        if self.is_sequential:
            return [self.layers[-1].name]
        names: list[str] = []
        for ref in refs(self.outputs):
            count = sum(name == ref.layer or name.startswith(f"{ref.layer}_") for name in names)
            names.append(f"{ref.layer}_{count}" if ref.layer in names else ref.layer)
        return names

    def all_layers(self) -> Iterator[LayerPlan]:
        """Yields its layers and those of the models in it."""
        for layer in self.layers:
            yield layer
            if layer.model is not None:
                yield from layer.model.all_layers()


def upgrade_model(model: Mapping[str, Any], upgrade: Upgrade) -> ModelPlan | None:
    """Upgrades the configuration of a model.

    Args:
        model: {"class_name": ..., "config": ...}.
        upgrade: receives the changes and problems.

    Returns:
        The model to make; None for a subclassed model, whose code is not in its file.
    """
    config = model.get("config")
    if isinstance(config, list):  # a Sequential of Keras before 2.2.3
        config = {"name": "sequential", "layers": config}
    if not isinstance(config, Mapping) or not isinstance(config.get("layers"), list):
        return None
    name = legal_name(str(config.get("name", "model")))
    if plain_class(model.get("class_name")) == "Sequential":
        return _sequential(name, config, upgrade)
    if not {"input_layers", "output_layers"} <= set(config):
        return None
    names = {_name(item) for item in config["layers"]}
    layers = [_layer(item, names, upgrade) for item in config["layers"]]
    inputs, outputs = (_ends(config[key]) for key in ("input_layers", "output_layers"))
    return ModelPlan(name, layers, inputs, outputs, trainable=bool(config.get("trainable", True)))


def _ends(found: Any) -> Any:
    """Returns inputs or outputs; one alone in a list is one tensor, as Keras 1 and 2 returned it."""
    ends = structure(found)
    return ends[0] if isinstance(ends, list) and len(ends) == 1 else ends


def _name(item: Mapping[str, Any]) -> str:
    """Returns the name of a layer, which Keras 1 has beside its configuration."""
    config = item.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    return str(item.get("name") or inner or "")


def _sequential(name: str, config: Mapping[str, Any], upgrade: Upgrade) -> ModelPlan:
    layers = [_layer(item, set(), upgrade) for item in config["layers"]]
    if not layers or layers[0].kind != INPUT:
        layers.insert(0, _first_input(name, config, upgrade))
    return ModelPlan(name, layers, is_sequential=True, trainable=bool(config.get("trainable", True)))


def _first_input(name: str, config: Mapping[str, Any], upgrade: Upgrade) -> LayerPlan:
    """Returns the input of a Sequential whose first layer, or a model that is its first, has the shape of the input."""
    shape, dtype = _input_of(config["layers"][0]) if config["layers"] else (None, None)
    shape = shape or config.get("build_input_shape")
    if shape is None:
        upgrade.problem(name, _NO_SHAPE)
    upgrade.change(name, "batch_input_shape", "became an Input")
    found = {"batch_shape": shape, "name": f"{name}_input"} | ({"dtype": dtype} if dtype else {})
    return LayerPlan(f"{name}_input", INPUT, found)


def _input_of(layer: Mapping[str, Any]) -> tuple[list[Any] | None, str | None]:
    config = layer.get("config")
    inner = config.get("layers") if isinstance(config, Mapping) else config
    if isinstance(inner, list):
        return _input_of(inner[0]) if inner else (None, None)
    if not isinstance(config, Mapping):
        return None, None
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    is_embedding = plain_class(layer.get("class_name")) == "Embedding"
    if shape is None and isinstance(config.get("layer"), Mapping):
        return _input_of(config["layer"])
    dtype = config.get("input_dtype") or config.get("dtype")
    return shape, "float32" if is_embedding or not isinstance(dtype, str) else dtype


def _layer(item: Mapping[str, Any], names: set[str], upgrade: Upgrade) -> LayerPlan:
    """Cases: a model, a TensorFlow op, a Lambda, an input, a layer."""
    name, kind, config = _name(item), plain_class(item.get("class_name")), item.get("config") or {}
    nodes = item.get("inbound_nodes") or []
    if kind in MODELS:
        return LayerPlan(name, kind, {}, layer_calls(nodes, names), _inner_model(name, item, upgrade))
    wrapped = config.get("layer") if kind == TIME_DISTRIBUTED else None
    if isinstance(wrapped, Mapping) and plain_class(wrapped.get("class_name")) in MODELS:
        model = _inner_model(name, wrapped, upgrade)
        if model is not None and any(layer.kind == "BatchNormalization" for layer in model.all_layers()):
            upgrade.change(name, STEPWISE_NORM, "predictions are the same, training normalizes each step alone")
        return LayerPlan(name, kind, {"name": legal_name(name)}, layer_calls(nodes, names), model)
    if kind in _OP_LAYERS:
        return LayerPlan(name, OPERATION, {"name": name}, _op_calls(name, kind, config, nodes, names, upgrade))
    if kind == LAMBDA:
        return LayerPlan(name, LAMBDA, _lambda(name, config, upgrade), layer_calls(nodes, names))
    kind, changed = upgrade_layer(str(item.get("class_name")), name, config, upgrade)
    if kind == INPUT:
        _input_shape(name, config, changed, upgrade)
    changed["name"] = legal_name(str(changed.get("name", name)))
    calls = layer_calls(nodes, names)
    if config.get("causal"):
        calls = [replace(call, arguments={**call.arguments, "use_causal_mask": True}) for call in calls]
    return LayerPlan(name, kind, changed, calls, origin=_origin(item))


def _inner_model(name: str, item: Mapping[str, Any], upgrade: Upgrade) -> ModelPlan | None:
    model = upgrade_model(item, upgrade)
    if model is None:
        upgrade.problem(name, "it is a subclassed model, whose code is not in the file.")
    return model


def _origin(item: Mapping[str, Any]) -> str:
    inner = (item.get("config") or {}).get("layer")
    return plain_class((inner if isinstance(inner, Mapping) else item).get("class_name"))


def _input_shape(name: str, config: Mapping[str, Any], changed: Config, upgrade: Upgrade) -> None:
    if "batch_input_shape" in config:
        changed["batch_shape"] = config["batch_input_shape"]
        upgrade.change(name, "batch_input_shape", "became batch_shape")


def _lambda(name: str, config: Mapping[str, Any], upgrade: Upgrade) -> Config:
    """Returns what is kept of a Lambda; its code is in the file and is never executed."""
    if name not in upgrade.supplied:
        upgrade.problem(
            name,
            "it is a Lambda: its code is in the file, and is not executed. Give the function, or a layer, with "
            f"--custom-objects {name}=MODULE:FUNCTION (custom_objects={{{name!r}: function}} in Python).",
        )
    return {"name": legal_name(name), "arguments": config.get("arguments") or {}}


def _op_calls(
    name: str, kind: str, config: Mapping[str, Any], nodes: Sequence[Any], names: set[str], upgrade: Upgrade
) -> list[Call]:
    """Returns the calls of functions for an op layer."""
    if kind == "TensorFlowOpLayer":
        return _node_calls(name, config, nodes, names, upgrade)
    function = str(config.get("function", ""))
    operation = operation_of(function)
    if operation is None:
        upgrade.problem(name, f"the TensorFlow function {function or kind!r} has no equivalent in keras.ops yet.")
        return []
    calls = layer_calls(nodes, names)
    found = [call.renamed(operation) for call in calls]
    for call in found:
        for argument in call.unknown:
            upgrade.problem(name, f"the argument {argument} of {function} has no equivalent in keras.ops.")
    upgrade.change(name, "TensorFlow op", f"{function} became {_in_keras(operation.function)}")
    return found


def _in_keras(function: str) -> str:
    return "functions of keras.ops" if function.startswith("tf.") else f"keras.ops.{function}"


def _node_calls(
    name: str, config: Mapping[str, Any], nodes: Sequence[Any], names: set[str], upgrade: Upgrade
) -> list[Call]:
    node = config.get("node_def")
    operation = NODES.get(str(node.get("op"))) if isinstance(node, Mapping) else None
    if operation is None or not isinstance(node, Mapping):
        op = node.get("op") if isinstance(node, Mapping) else node
        upgrade.problem(name, f"the TensorFlow op {op!r} has no equivalent in keras.ops yet.")
        return []
    upgrade.change(name, "TensorFlow op", f"{node['op']} became {_in_keras(operation.function)}")
    return [node_call(operation, node, config.get("constants") or {}, call) for call in layer_calls(nodes, names)]


__all__ = ["INPUT", "LAMBDA", "OPERATION", "Call", "LayerPlan", "ModelPlan", "Ref", "refs", "upgrade_model"]
