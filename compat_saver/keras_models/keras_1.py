"""The configuration of a model of Keras 1 as Keras 2 would have written it.

Keras 1 has other names for fields (`output_dim`, `nb_filter`, `border_mode`, `dim_ordering`), writes regularizers and
constraints in another form, has one layer Merge for what are seven layers since, and a Sequential may start with a
Merge of other models: that becomes a functional model, whose layers are those of the file. What comes out is upgraded
to Keras 3 like any configuration of Keras 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compat_saver.keras_files.class_names import keras_2_class, plain_class
from compat_saver.keras_files.configurations import layer_configs
from compat_saver.keras_models.changes import Config, Upgrade

_MODELS = ("Sequential", "Model")
_SIGNS = ("nb_filter", "dim_ordering", "border_mode", "W_regularizer", "inner_activation", "input_dtype", "init")
_FIELDS = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "atrous_rate": "dilation_rate",
    "length": "size",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "p": "rate",
    "sigma": "stddev",
    "inner_activation": "recurrent_activation",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
}
_OF_CLASS = {
    "Embedding": {
        "init": "embeddings_initializer",
        "W_regularizer": "embeddings_regularizer",
        "W_constraint": "embeddings_constraint",
    },
    "PReLU": {"init": "alpha_initializer"},
    "SeparableConv2D": {"init": "depthwise_initializer"},
}
_KERNEL_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_FORMATS = {"th": "channels_first", "tf": "channels_last"}
_WITH_FORMAT = ("UpSampling", "ZeroPadding", "Cropping")
"""Layers that Keras 1 wrote without their dim_ordering; its setting counted for all layers."""
_INITIALIZERS = {"zero": "zeros", "one": "ones"}
_KNOWN = "zeros ones uniform normal lecun_uniform glorot_uniform glorot_normal he_uniform he_normal orthogonal identity"
_KNOWN_INITIALIZERS = frozenset(_KNOWN.split())
_MERGES = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}


def is_keras_1(model: Mapping[str, Any], version: str) -> bool:
    """Whether Keras 1 wrote the configuration of a model: by its version, or by the names of fields.

    Args:
        model: {"class_name": ..., "config": ...}.
        version: of the Keras that wrote the file; "" if it does not say.
    """
    version = version or str(model.get("keras_version") or "")
    if version:
        return version.startswith(("0.", "1."))
    return any(sign in layer.config for layer in layer_configs(model) for sign in _SIGNS)


def as_keras_2(model: Mapping[str, Any], names: Sequence[str], upgrade: Upgrade) -> Config:
    """Returns the configuration of a model of Keras 1 in the form of Keras 2.

    Args:
        model: {"class_name": ..., "config": ...}.
        names: of the layers in the file of weights, in order: a Sequential inside another has its name only there.
        upgrade: receives the changes and problems.
    """
    return _Conversion(upgrade, _format_of(model)).model(model, names)


def _format_of(model: Mapping[str, Any]) -> str:
    """Returns the dim_ordering of the layers that have one, which is that of the others too."""
    found = {layer.config["dim_ordering"] for layer in layer_configs(model) if "dim_ordering" in layer.config}
    return "th" if found == {"th"} else "tf"


@dataclass(frozen=True)
class _Conversion:
    """What a conversion needs.

    Attributes:
        upgrade: receives the changes and problems.
        dim_ordering: of the layers that do not have their own.
    """

    upgrade: Upgrade
    dim_ordering: str

    def model(self, item: Mapping[str, Any], names: Sequence[str] = ()) -> Config:
        """Returns a model: a Sequential, whose configuration is a list, or a functional one."""
        config = item.get("config")
        if isinstance(config, Mapping):
            layers = [self.layer(layer) for layer in config.get("layers") or ()]
            return {**item, "config": {**config, "layers": layers}}
        if not isinstance(config, list):
            return dict(item)
        name = str(item.get("name") or "sequential")
        if config and plain_class(config[0].get("class_name")) == "Merge":
            return self._merged_first(item, name, config)
        given = names if len(names) == len(config) else [""] * len(config)
        layers = [self.layer(_named(layer, own)) for layer, own in zip(config, given, strict=True)]
        return {**item, "class_name": "Sequential", "config": {"name": name, "layers": layers}}

    def layer(self, item: Mapping[str, Any]) -> Config:
        """Returns a layer, or a model that is one."""
        kind = plain_class(item.get("class_name"))
        if kind in _MODELS:
            return self.model(item)
        old = dict(item.get("config") or {})
        name = str(item.get("name") or old.get("name") or "")
        if kind == "Merge":
            kind, config = self._merge(name, old)
        else:
            kind = keras_2_class(kind)
            config = self._config(kind, name, old)
        return {**item, "class_name": kind, "config": config}

    def _config(self, kind: str, name: str, old: Config) -> Config:
        config: Config = {}
        renamed = _FIELDS | _OF_CLASS.get(kind, {})
        for key, value in old.items():
            config[renamed.get(key, key)] = self._value(name, key, value)
        if "output_dim" in config and kind != "Embedding":
            config["units"] = config.pop("output_dim")
        for key in ("input_dim", "input_length", "consume_less") if kind != "Embedding" else ("dropout",):
            if config.pop(key, 0) and key == "dropout":
                self.upgrade.change(name, "dropout", "dropped from Embedding: predictions are the same")
        if kind.startswith(_WITH_FORMAT) and not kind.endswith("1D"):
            config["data_format"] = _FORMATS[self.dim_ordering]
        for parts in _KERNEL_SIZES:
            if parts[0] in config:
                config["kernel_size"] = [config.pop(part) for part in parts]
        if isinstance(config.get("layer"), Mapping):
            config["layer"] = self.layer(config["layer"])
        return self._special(kind, name, config)

    def _value(self, name: str, key: str, value: Any) -> Any:
        if key == "dim_ordering":
            return _FORMATS.get(value, value)
        if key in ("init", "inner_init"):
            return self._initializer(name, value)
        if key.endswith("_regularizer") and isinstance(value, Mapping):
            return self._regularizer(name, value)
        if key.endswith("_constraint") and isinstance(value, Mapping):
            options = {"max_value" if k == "m" else k: v for k, v in value.items() if k != "name"}
            return {"class_name": value.get("name"), "config": options}
        return value

    def _initializer(self, name: str, value: Any) -> str:
        found = _INITIALIZERS.get(value, value)
        if found not in _KNOWN_INITIALIZERS:
            self.upgrade.change(name, "init", f"{value} became glorot_uniform: weights have their values")
            return "glorot_uniform"
        return str(found)

    def _regularizer(self, name: str, value: Mapping[str, Any]) -> Config | None:
        if not {"l1", "l2"} & set(value):
            self.upgrade.change(name, "regularizer", f"{value.get('name')} dropped: it counts in training alone")
            return None
        return {"class_name": "L1L2", "config": {key: value.get(key, 0.0) for key in ("l1", "l2")}}

    def _special(self, kind: str, name: str, config: Config) -> Config:
        """Edits what single classes have that cannot be renamed."""
        dtype = config.pop("input_dtype", None)
        if kind == "InputLayer" and dtype is not None:
            config["dtype"] = dtype
        if kind == "GRU":
            config["reset_after"] = False
        if config.get("padding") in ("half", "full"):
            self.upgrade.problem(name, f"border_mode={config['padding']!r} of Theano has no equivalent in Keras 3.")
        if config.pop("mode", 0) and kind == "BatchNormalization":
            self.upgrade.problem(name, "only mode=0 of BatchNormalization has an equivalent in Keras 3.")
        if "forget_bias_init" in config:
            config["unit_forget_bias"] = config.pop("forget_bias_init") == "one"
        if kind == "Conv2DTranspose":
            self._transposed(name, config)
        return config

    def _transposed(self, name: str, config: Config) -> None:
        """Replaces the shape of the output by the padding that gives it; most shapes need none."""
        shape, is_same = config.pop("output_shape"), config.get("padding") == "same"
        lengths = shape[2:4] if config.get("data_format") == _FORMATS["th"] else shape[1:3]
        default, padding = [], []
        for length, kernel, stride in zip(lengths, config["kernel_size"], config["strides"], strict=True):
            before = math.ceil(length / stride) if is_same else math.ceil((length - kernel + 1) / stride)
            default.append(before * stride + (0 if is_same else max(kernel - stride, 0)))
            padding.append(length - ((before - 1) * stride + kernel - (2 * (kernel // 2) if is_same else 0)))
        if default == list(lengths):
            return
        if all(0 <= extra < stride for extra, stride in zip(padding, config["strides"], strict=True)):
            config["output_padding"] = padding
        else:
            self.upgrade.problem(name, f"no output_padding gives its output_shape {shape}. Supply a layer that does.")

    # ---- Merge

    def _merge(self, name: str, old: Config) -> tuple[str, Config]:
        """Returns the class and configuration of a Merge; one of a function is a Lambda."""
        mode, config = old.get("mode"), {"name": name, "trainable": old.get("trainable", True)}
        if old.get("mode_type", "raw") != "raw":
            return "Lambda", {**config, "function": mode, "arguments": old.get("arguments") or {}}
        if mode == "concat":
            config["axis"] = old.get("concat_axis", -1)
            return self._became(name, "Concatenate", config)
        if mode in ("dot", "cos"):
            config["axes"] = old.get("dot_axes", -1)
        if mode == "cos":
            self.upgrade.change(name, "Merge", "cos has no second axis of length 1, which Keras 1 added")
            return self._became(name, "Dot", {**config, "normalize": True})
        if mode == "dot":
            return self._became(name, "Dot", config)
        if mode not in _MERGES:
            self.upgrade.problem(name, f"Merge with mode={mode!r} has no equivalent in Keras 3. Supply a layer for it.")
        return self._became(name, _MERGES.get(str(mode), "Add"), config)

    def _became(self, name: str, kind: str, config: Config) -> tuple[str, Config]:
        self.upgrade.change(name, "Merge", f"became {kind}")
        return kind, config

    def _merged_first(self, item: Mapping[str, Any], name: str, layers: Sequence[Mapping[str, Any]]) -> Config:
        """Returns a Sequential that starts with a Merge of other models as a functional model."""
        graph = _Graph(self)
        last = graph.merge(layers[0])
        for layer in layers[1:]:
            last = graph.add(layer, [last])
        if graph.repeated:
            self.upgrade.problem(name, f"its branches share {', '.join(sorted(graph.repeated))}, which is unsupported.")
        ends = {"input_layers": [[one, 0, 0] for one in graph.inputs], "output_layers": [[last, 0, 0]]}
        return {**item, "class_name": "Model", "config": {"name": name, "layers": graph.layers, **ends}}


def _named(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns a layer; a Sequential, whose configuration is a list, with a name."""
    return {**item, "name": name} if name and isinstance(item.get("config"), list) else item


@dataclass
class _Graph:
    """The layers of a functional model, as they are added.

    Attributes:
        conversion: of each layer.
        layers: so far.
        inputs: the names of the input layers.
        repeated: names that several layers have.
    """

    conversion: _Conversion
    layers: list[Config] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)

    def add(self, item: Mapping[str, Any], inputs: Sequence[str]) -> str:
        """Adds a layer, or all layers of a Sequential, after others; returns the name of the last one."""
        if isinstance(item.get("config"), list):
            return self._branch(item["config"], inputs)
        layer = self.conversion.layer(item)
        if not inputs:
            inputs = [self._input(layer["config"]["name"], item["config"])]
        name = str(layer["config"]["name"])
        self._append(name, {**layer, "name": name, "inbound_nodes": [[[one, 0, 0] for one in inputs]]})
        return name

    def merge(self, item: Mapping[str, Any]) -> str:
        """Adds the branches of a Merge and the layer itself."""
        return self.add(item, [self.add(branch, []) for branch in item["config"]["layers"]])

    def _branch(self, layers: Sequence[Mapping[str, Any]], inputs: Sequence[str]) -> str:
        first, *rest = layers
        last = self.merge(first) if plain_class(first.get("class_name")) == "Merge" else self.add(first, inputs)
        for layer in rest:
            last = self.add(layer, [last])
        return last

    def _input(self, layer: str, config: Mapping[str, Any]) -> str:
        name = f"{layer}_input"
        dtype = config.get("input_dtype") or "float32"
        found = {"name": name, "batch_input_shape": config.get("batch_input_shape"), "dtype": dtype}
        self._append(name, {"class_name": "InputLayer", "name": name, "config": found, "inbound_nodes": []})
        self.inputs.append(name)
        return name

    def _append(self, name: str, layer: Config) -> None:
        if any(name == other["name"] for other in self.layers):
            self.repeated.add(name)
        self.layers.append(layer)
