"""What a model was compiled with, as Keras 3 takes it: the optimizer, the losses, the metrics, and the slots' order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compat_saver.keras_files.class_names import plain_class
from compat_saver.keras_models.changes import Config, Upgrade
from compat_saver.keras_models.fields import legal_name

_OPTIONS = {
    "SGD": ("momentum", "nesterov"),
    "Adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "AdamW": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "Adamax": ("beta_1", "beta_2", "epsilon"),
    "Nadam": ("beta_1", "beta_2", "epsilon"),
    "RMSprop": ("rho", "momentum", "epsilon", "centered"),
    "Adagrad": ("initial_accumulator_value", "epsilon"),
    "Adadelta": ("rho", "epsilon"),
    "Ftrl": (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    ),
}
_SHARED = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum")
_BELOW_ROOT = ("RMSprop", "Adagrad")
_NAMES = ("accuracy", "acc", "crossentropy", "ce")


def slots_of(class_name: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the names of an optimizer's slots in Keras 3, in the order in which Keras 2 stored its own."""
    slots: dict[str, tuple[str, ...]] = {
        "SGD": ("momentum",) if config.get("momentum") else (),
        "Adam": ("momentum", "velocity") + (("velocity_hat",) if config.get("amsgrad") else ()),
        "AdamW": ("momentum", "velocity") + (("velocity_hat",) if config.get("amsgrad") else ()),
        "Adamax": ("momentum", "norm"),
        "Nadam": ("momentum", "velocity"),
        "RMSprop": ("velocity",)
        + (("momentum",) if config.get("momentum") else ())
        + (("average_gradient",) if config.get("centered") else ()),
        "Adagrad": ("accumulator",),
        "Adadelta": ("accumulated_grad", "accumulated_delta_var"),
        "Ftrl": ("accumulator", "linear"),
    }
    return slots[class_name]


@dataclass(frozen=True)
class CompilePlan:
    """What to compile with.

    Attributes:
        optimizer: its class.
        options: its configuration in Keras 3.
        is_new: whether it is one of the optimizers that Keras has since 2.11, which store slots variable by variable.
        losses: a loss, or losses by output or in order.
        metrics: in the same way.
        weighted_metrics: in the same way.
        loss_weights: in the same way.
    """

    optimizer: str
    options: Config
    is_new: bool = False
    losses: Any = None
    metrics: Any = None
    weighted_metrics: Any = None
    loss_weights: Any = None

    @property
    def has_other_epsilon(self) -> bool:
        """Whether a small gradient makes another step than in Keras 2, for epsilon is added to something else."""
        return self.optimizer == "RMSprop" and not self.is_new

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots."""
        return slots_of(self.optimizer, self.options)


def upgrade_compilation(training: Mapping[str, Any] | None, upgrade: Upgrade) -> CompilePlan | None:
    """Upgrades what a model was compiled with.

    Args:
        training: the training configuration of the file; None if it was not compiled.
        upgrade: receives the changes, and what is not kept.

    Returns:
        What to compile with; None if there is nothing, or nothing that Keras 3 has.
    """
    if not training:
        return None
    optimizer = _optimizer(training.get("optimizer_config") or training.get("optimizer"), upgrade)
    loss = _nested(training.get("loss"), _loss, upgrade)
    if optimizer is None or loss is None:
        upgrade.change("", "compile", "dropped: call model.compile again before training")
        return None
    class_name, options, is_new = optimizer
    return CompilePlan(
        class_name,
        options,
        is_new,
        losses=loss,
        metrics=_nested(training.get("metrics"), _metric, upgrade),
        weighted_metrics=_nested(training.get("weighted_metrics"), _metric, upgrade),
        loss_weights=_nested(training.get("loss_weights"), lambda weight, _: weight, upgrade),
    )


def _optimizer(found: Any, upgrade: Upgrade) -> tuple[str, Config, bool] | None:
    is_new = isinstance(found, str)  # only .keras files name one, which no older Keras wrote
    if isinstance(found, str):
        found = {"class_name": {"sgd": "SGD", "rmsprop": "RMSprop"}.get(found, found.capitalize()), "config": {}}
    if not isinstance(found, Mapping):
        return None
    name, config = plain_class(found.get("class_name")), dict(found.get("config") or {})
    if name.startswith("LossScaleOptimizer"):
        upgrade.change("", "optimizer", "its loss scaling was dropped")
        return _optimizer(config.get("optimizer") or config.get("inner_optimizer"), upgrade)
    if name not in _OPTIONS:
        upgrade.change("", "optimizer", f"{name} is not in Keras 3")
        return None
    is_new = is_new or "jit_compile" in config or config.get("is_legacy_optimizer") is False
    if name == "Nadam" and not is_new:
        upgrade.change("", "optimizer", "Nadam of Keras before 2.11 decays its momentum as Keras 3 cannot")
        return None
    kept = {key: config[key] for key in (*_OPTIONS[name], *_SHARED) if config.get(key) is not None}
    kept["learning_rate"] = _rate(config, upgrade)
    if name == "RMSprop" and "rho" not in kept and "decay" in config:
        kept.setdefault("rho", 0.9)
    if not is_new:
        _epsilon(name, kept, upgrade)
    return name, kept, is_new


def _rate(config: Mapping[str, Any], upgrade: Upgrade) -> Any:
    """Returns the learning rate; one that decays is a schedule in Keras 3."""
    rate = config.get("learning_rate", config.get("lr", 0.01))
    if "lr" in config:
        upgrade.change("", "lr", "became learning_rate")
    if not config.get("decay") or isinstance(rate, Mapping):
        return rate
    upgrade.change("", "decay", "became the schedule InverseTimeDecay")
    schedule = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": config["decay"], "staircase": False}
    return {
        "module": "keras.optimizers.schedules",
        "class_name": "InverseTimeDecay",
        "config": schedule,
        "registered_name": None,
    }


def _epsilon(name: str, kept: Config, upgrade: Upgrade) -> None:
    """Squares an epsilon that was added to a root: Keras 3 adds it below the root."""
    if name not in _BELOW_ROOT or kept.get("momentum"):
        return
    epsilon = kept.get("epsilon", 1e-7)
    kept["epsilon"] = epsilon**2
    upgrade.change("", "epsilon", f"{epsilon:g} of {name} became {epsilon**2:g}: Keras 3 adds it below the root")


def _nested(found: Any, convert: Any, upgrade: Upgrade) -> Any:
    """Returns losses or metrics in the structure that the file has; those that are not kept are None."""
    if isinstance(found, Mapping) and "class_name" not in found:
        return {legal_name(key): _nested(value, convert, upgrade) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_nested(_without_none(value), convert, upgrade) for value in found]
    return None if found is None else convert(found, upgrade)


def _without_none(found: Any) -> Any:
    """Returns the metrics of an output without the None that Keras 2 wrote where an output has none."""
    return [item for item in found if item is not None] if isinstance(found, list) else found


def _loss(found: Any, upgrade: Upgrade) -> Any:
    if isinstance(found, str):
        return found
    if found.get("class_name") == "function":
        return found.get("config")
    config = {key: value for key, value in (found.get("config") or {}).items() if key not in ("fn", "axis")}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return {"class_name": plain_class(found.get("class_name")), "config": config}


def _metric(found: Any, upgrade: Upgrade) -> Any:
    """Returns a metric; one around a function goes by the function, and accuracy by what was written for it."""
    if isinstance(found, str):
        return found
    if found.get("class_name") == "function":
        return found.get("config")
    name, config = plain_class(found.get("class_name")), dict(found.get("config") or {})
    if name == "MeanMetricWrapper":
        function = config.get("fn")
        function = function.get("config") if isinstance(function, Mapping) else function
        return config["name"] if config.get("name") in _NAMES else plain_class(function)
    config.pop("dtype", None)
    return {"class_name": name, "config": config}
