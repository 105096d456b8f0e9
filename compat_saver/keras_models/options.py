"""The options of the migration of a Keras model, and the objects that the user gives for custom ones."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from compat_saver import _tensorflow
from compat_saver.errors import UsageError
from compat_saver.migration.options import MigrationOptions


@dataclass(frozen=True)
class KerasOptions:
    """All options.

    Attributes:
        architecture: the JSON or YAML of a model, for a file of weights alone.
        custom_objects: name of a custom class or function, or of a Lambda layer -> the object, or MODULE:NAME.
        verify: whether to compare with the original before publishing.
        verify_data: an .npz file with an array per input.
        rtol: relative tolerance; None for the default.
        atol: absolute tolerance; None for the default.
        seed: for generated inputs.
        timeout: seconds that one run of a model may take.
        dry_run: plan only; nothing is written.
        overwrite: replace an existing output.
    """

    architecture: Path | None = None
    custom_objects: Mapping[str, Any] = field(default_factory=dict)
    verify: bool = True
    verify_data: Path | None = None
    rtol: float | None = None
    atol: float | None = None
    seed: int = 0
    timeout: float = 60.0
    dry_run: bool = False
    overwrite: bool = False

    @classmethod
    def of(
        cls,
        options: MigrationOptions,
        architecture: str | os.PathLike[str] | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> KerasOptions:
        """Returns those of the options of any migration that count for a Keras model, and those of its own."""
        shared = {item.name for item in fields(cls)} & {item.name for item in fields(options)}
        return cls(
            architecture=None if architecture is None else Path(architecture),
            custom_objects=custom_objects or {},
            **{name: getattr(options, name) for name in shared},
        )


def load_custom(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the objects, those given as MODULE:NAME imported; modules of the working directory are found too.

    Raises:
        UsageError: a module or a name in it is not there.
    """
    return {name: _imported(item) if isinstance(item, str) else item for name, item in given.items()}


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--custom-objects: {place} cannot be imported ({error}).") from None


def places_of(given: Mapping[str, Any]) -> dict[str, str] | None:
    """Returns name -> MODULE:NAME, for a process of its own; None if an object has no such place."""
    places: dict[str, str] = {}
    for name, item in given.items():
        if isinstance(item, str):
            places[name] = item
            continue
        module, attribute = getattr(item, "__module__", None), getattr(item, "__qualname__", None)
        if not module or not attribute or module == "__main__" or "<" in attribute or "." in attribute:
            return None
        places[name] = f"{module}:{attribute}"
    return places


def require_reference(path: Path, options: KerasOptions, purpose: str, otherwise: str = "") -> None:
    """Raises UsageError where tf-keras cannot run the original: it, or what it needs, cannot be imported.

    Args:
        path: of the original.
        options: the custom objects.
        purpose: what it is run for: "verify the new model".
        otherwise: how to do without.
    """
    instead = f", or migrate{otherwise}" if otherwise else ""
    if not _tensorflow.has_tf_keras():
        raise UsageError(
            f"{path}: to {purpose}, the original is run with Keras 2, the package tf-keras, which is not installed. "
            f"Install it with: pip install 'compat-saver[keras]'{instead}."
        )
    if places_of(options.custom_objects) is None:
        instead = f", or migrate with verify=False ({otherwise.strip().removeprefix('with ')})" if otherwise else ""
        raise UsageError(
            f"To {purpose}, custom objects are imported in another process: give functions and classes of a module, "
            f"not of the program itself or made inside a function{instead}."
        )
