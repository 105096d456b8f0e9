"""Changes of the layers' configurations, class by class: what Keras 1 and 2 wrote -> what Keras 3 takes.

`upgrade_layer` is the entry. A function of the table gets the configuration, edits it in place and returns the class
that it is for in Keras 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from compat_saver.keras_files.class_names import MODELS, current_class, plain_class
from compat_saver.keras_models.changes import Config, Upgrade, become_identity
from compat_saver.keras_models.fields import ACTIVATIONS, upgrade_fields
from compat_saver.keras_models.preprocessing import PREPROCESSING

_STOCK = """
Activation ELU LeakyReLU PReLU ReLU Softmax AdditiveAttention Attention GroupedQueryAttention
GroupQueryAttention MultiHeadAttention Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose
DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D Dense EinsumDense Embedding Identity InputLayer
Masking Add Average Concatenate Dot Maximum Minimum Multiply Subtract BatchNormalization GroupNormalization
LayerNormalization SpectralNormalization UnitNormalization AveragePooling1D AveragePooling2D AveragePooling3D
GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
GlobalMaxPooling3D MaxPooling1D MaxPooling2D MaxPooling3D CategoryEncoding CenterCrop Discretization
HashedCrossing Hashing Normalization RandomBrightness RandomContrast RandomCrop RandomFlip
RandomRotation RandomTranslation RandomZoom Rescaling Resizing ActivityRegularization AlphaDropout
Dropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D Cropping1D Cropping2D
Cropping3D Flatten Permute RepeatVector Reshape UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D
ZeroPadding2D ZeroPadding3D Bidirectional ConvLSTM1D ConvLSTM2D ConvLSTM3D GRU GRUCell LSTM LSTMCell RNN
SimpleRNN SimpleRNNCell StackedRNNCells TimeDistributed
"""
STOCK_LAYERS = frozenset(_STOCK.split())
_DROPPED = ("batch_input_shape", "input_dtype", "input_shape", "batch_size")
"""Of any layer: the shape of an input, which an InputLayer has in Keras 3."""


def upgrade_layer(class_name: str, name: str, config: Mapping[str, Any], upgrade: Upgrade) -> tuple[str, Config]:
    """Returns the class in Keras 3 and the configuration for it.

    Args:
        class_name: as the file has it.
        name: the layer's name.
        config: its configuration.
        upgrade: receives the changes, what prevents them, and custom classes that nothing was given for.
    """
    found = plain_class(class_name)
    kind = current_class(found)
    if kind != found:
        upgrade.change(name, found, f"became {kind}")
    is_known = kind in STOCK_LAYERS or kind in _UPGRADES
    if kind in upgrade.supplied or not is_known:
        upgrade.needs(kind, name)
        return kind, dict(config)
    changed = upgrade_fields(name, {key: value for key, value in config.items() if key not in _DROPPED}, upgrade)
    for key in ACTIVATIONS:
        value = changed.get(key)
        if isinstance(value, Mapping) and plain_class(value.get("class_name")) in STOCK_LAYERS:
            changed[key] = upgrade_inner(value, upgrade, name)
    if kind in _UPGRADES:
        kind = _UPGRADES[kind](name, changed, upgrade) or kind
    for key in _NOWHERE.get(kind, ()):
        changed.pop(key, None)
    return kind, changed


def upgrade_inner(item: Mapping[str, Any], upgrade: Upgrade, owner: str) -> Config:
    """Returns the layer inside a wrapper, or the cell of a recurrent layer, in the form that Keras 3 writes."""
    config = item.get("config") or {}
    name = config.get("name", "") if isinstance(config, Mapping) else ""
    kind = plain_class(item.get("class_name"))
    if kind in MODELS:
        upgrade.problem(
            owner, f"it wraps a model ({name or kind}), which is not supported. Wrap its layers one by one."
        )
        return {}
    if config.get("causal"):
        upgrade.problem(owner, "causal=True is an argument of the call in Keras 3, which a wrapper does not pass.")
    kind, changed = upgrade_layer(kind, name or owner, config, upgrade)
    if kind in upgrade.supplied:
        return {"class_name": kind, "config": changed}
    return {"module": "keras.layers", "class_name": kind, "config": changed, "registered_name": None}


# ---- inputs


def _input(name: str, config: Config, upgrade: Upgrade) -> None:
    if config.pop("ragged", False):
        upgrade.problem(name, "it takes ragged tensors, which Keras 3 has not. Give the model padded inputs.")


# ---- dense, convolutions, normalization


def _depthwise(name: str, config: Config, upgrade: Upgrade) -> None:
    """Keras 2 wrote the options of the base class as well; the kernel's are those of `depthwise_`."""
    for key in ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
        config.pop(key, None)
    upgrade.change(name, "depthwise_kernel", "became kernel")


def _separable(name: str, config: Config, upgrade: Upgrade) -> None:
    for key in ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
        config.pop(key, None)


def _transposed(name: str, config: Config, upgrade: Upgrade) -> None:
    config.pop("groups", None)


def _batch_norm(name: str, config: Config, upgrade: Upgrade) -> None:
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    elif isinstance(axis, list):
        upgrade.problem(
            name,
            f"it normalizes over the axes {axis}; BatchNormalization of Keras 3 takes one axis. Supply a class that "
            "takes several: --custom-objects BatchNormalization=MODULE:CLASS.",
        )
    if config.pop("renorm", False):
        upgrade.change(name, "renorm", "dropped: predictions are the same, training normalizes by the batch alone")
    if config.pop("virtual_batch_size", None) is not None:
        if isinstance(config.get("axis"), int) and config["axis"] > 0:
            config["axis"] -= 1  # it counts the dimension of the virtual batches
        upgrade.change(name, "virtual_batch_size", "dropped: predictions are the same, training takes the whole batch")
    if config.pop("fused", None):
        upgrade.change(name, "fused", "dropped: the moving variance is updated without Bessel's correction")
    for key in ("renorm_clipping", "renorm_momentum", "adjustment", "mode"):
        config.pop(key, None)


def _upsampling(name: str, config: Config, upgrade: Upgrade) -> None:
    """Keras resized by tf.image.resize_bilinear of TF1 until tf.keras of 1.14, and Keras itself until 2.4."""
    release = tuple(map(int, re.findall(r"\d+", upgrade.keras_version)[:3]))
    is_old = bool(release) and release < ((2, 2, 4) if upgrade.keras_version.endswith("-tf") else (2, 4))
    if is_old and config.get("interpolation") == "bilinear":
        upgrade.problem(
            name,
            f"bilinear UpSampling2D of Keras {upgrade.keras_version} interpolates between other places than Keras 3. "
            "Give a layer that calls tf.compat.v1.image.resize_bilinear: --custom-objects UpSampling2D=MODULE:CLASS.",
        )


def _multi_head(name: str, config: Config, upgrade: Upgrade) -> None:
    for key in ("query_shape", "key_shape", "value_shape"):
        config.pop(key, None)


def _attention(name: str, config: Config, upgrade: Upgrade) -> None:
    if config.pop("causal", False):
        upgrade.change(name, "causal", "became use_causal_mask=True of its calls")


# ---- activations


def _leaky(name: str, config: Config, upgrade: Upgrade) -> None:
    if "alpha" in config:
        config["negative_slope"] = config.pop("alpha")
        upgrade.change(name, "alpha", "became negative_slope")


def _thresholded(name: str, config: Config, upgrade: Upgrade) -> str:
    config["threshold"] = config.pop("theta", 1.0)
    upgrade.change(name, "ThresholdedReLU", "became ReLU with a threshold")
    return "ReLU"


# ---- recurrent layers


def _recurrent(name: str, config: Config, upgrade: Upgrade) -> None:
    if config.pop("time_major", False):
        upgrade.problem(name, "time_major=True has no equivalent in Keras 3. Put Permute((2, 1)) around it.")
    if not config.get("zero_output_for_mask"):
        config.pop("zero_output_for_mask", None)
    config.pop("ragged", None)
    if config.pop("implementation", None) is not None:
        upgrade.change(name, "implementation", "dropped: Keras 3 has one")


def _gru(name: str, config: Config, upgrade: Upgrade) -> None:
    _recurrent(name, config, upgrade)
    if not config.setdefault("reset_after", False):
        upgrade.change(name, "reset_after", "False, which is not the default of Keras 3")


def _cells(name: str, config: Config, upgrade: Upgrade) -> None:
    _recurrent(name, config, upgrade)
    if "cell" in config:
        config["cell"] = upgrade_inner(config["cell"], upgrade, name)


def _stacked(name: str, config: Config, upgrade: Upgrade) -> None:
    config["cells"] = [upgrade_inner(cell, upgrade, name) for cell in config["cells"]]
    if config.pop("reverse_state_order", False):
        upgrade.problem(name, "reverse_state_order=True has no equivalent in Keras 3.")


def _cudnn(kind: str) -> Callable[[str, Config, Upgrade], str]:
    def change(name: str, config: Config, upgrade: Upgrade) -> str:
        _recurrent(name, config, upgrade)
        config |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
        if kind == "GRU":
            config["reset_after"] = True
        upgrade.change(name, f"CuDNN{kind}", f"became {kind}: kernels transposed, biases joined")
        return kind

    return change


# ---- wrappers


def _wrapper(name: str, config: Config, upgrade: Upgrade) -> None:
    for key in ("layer", "backward_layer", "forward_layer"):
        if isinstance(config.get(key), Mapping):
            config[key] = upgrade_inner(config[key], upgrade, name)


def _local(name: str, config: Config, upgrade: Upgrade) -> None:
    upgrade.problem(name, "LocallyConnected layers are not in Keras 3. Supply one with --custom-objects.")


def _gone(kind: str) -> Callable[[str, Config, Upgrade], None]:
    def refuse(name: str, config: Config, upgrade: Upgrade) -> None:
        upgrade.problem(
            name, f"{kind} is a layer of Keras 1 that no later Keras has. Supply one: --custom-objects MODULE:{kind}."
        )

    return refuse


def _of_training(name: str, config: Config, upgrade: Upgrade) -> str:
    upgrade.change(name, "add_loss", "dropped: predictions are the same. Add it to the loss before training")
    return become_identity(config)


_UPGRADES: dict[str, Callable[[str, Config, Upgrade], str | None]] = {
    "InputLayer": _input,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "Conv1DTranspose": _transposed,
    "Conv2DTranspose": _transposed,
    "Conv3DTranspose": _transposed,
    "BatchNormalization": _batch_norm,
    "MultiHeadAttention": _multi_head,
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "UpSampling2D": _upsampling,
    "LeakyReLU": _leaky,
    "ThresholdedReLU": _thresholded,
    "LSTM": _recurrent,
    "SimpleRNN": _recurrent,
    "LSTMCell": _recurrent,
    "ConvLSTM1D": _recurrent,
    "ConvLSTM2D": _recurrent,
    "ConvLSTM3D": _recurrent,
    "GRU": _gru,
    "GRUCell": _gru,
    "RNN": _cells,
    "StackedRNNCells": _stacked,
    "CuDNNLSTM": _cudnn("LSTM"),
    "CuDNNGRU": _cudnn("GRU"),
    "Bidirectional": _wrapper,
    "TimeDistributed": _wrapper,
    "LocallyConnected1D": _local,
    "LocallyConnected2D": _local,
    "AddLoss": _of_training,
    "AddMetric": _of_training,
    **PREPROCESSING,
    **{kind: _gone(kind) for kind in ("Highway", "MaxoutDense", "ParametricSoftplus", "SReLU")},
}

_NOWHERE = {
    "Embedding": ("input_length", "sparse"),
    **{f"SpatialDropout{rank}D": ("noise_shape", "trainable") for rank in (1, 2, 3)},
}
"""Options that nothing in Keras 3 depends on."""
