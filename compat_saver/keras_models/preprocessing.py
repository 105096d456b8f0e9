"""Changes of the configurations of layers that prepare data: words, numbers, pictures, feature columns.

As in `layers`: a function edits a configuration in place, and returns its class in Keras 3 where that is another one.
"""

from __future__ import annotations

from collections.abc import Callable

from compat_saver.keras_models.changes import Config, Upgrade, become_identity

_NO_SALT = 0xDECAFCAFFE


def _lookup(name: str, config: Config, upgrade: Upgrade) -> None:
    """Keeps a layer whose words are in its configuration; those of a table are in no file of its form."""
    if isinstance(config.get("vocabulary"), str) or not config.get("vocabulary"):
        upgrade.problem(
            name,
            "its vocabulary is not in its configuration. Save the model as a .keras file with Keras 2.12 to 2.15, or "
            "name a directory as OUT: the graph of a SavedModel has the words.",
        )
    if config.get("output_mode") in ("tf_idf", "tf-idf") and not config.get("idf_weights"):
        upgrade.problem(name, "its inverse document frequencies are not in its configuration.")
    if config.get("output_mode", "int") != "int" and str(config.get("dtype")).startswith("int"):
        config["dtype"] = "float32"  # Keras 2 encoded in it, whatever the type of the layer


def _encoding(name: str, config: Config, upgrade: Upgrade) -> None:
    if "max_tokens" in config:
        config["num_tokens"] = config.pop("max_tokens")
        upgrade.change(name, "max_tokens", "became num_tokens")
    if config.get("output_mode") == "binary":
        config["output_mode"] = "multi_hot"


def _hashing(name: str, config: Config, upgrade: Upgrade) -> None:
    if config.get("salt") == [_NO_SALT] * 2:
        upgrade.problem(
            name, 'Keras 2.4 wrote a salt that it had not used. Give the model with --architecture, "salt": null.'
        )
    if config.get("output_mode", "int") == "int":
        config["dtype"] = "int64"  # whatever its type was said to be, it gave these


def _discretization(name: str, config: Config, upgrade: Upgrade) -> None:
    config.pop("trainable", None)
    if not config.get("bin_boundaries"):
        upgrade.problem(
            name, "it learned its boundaries. Give the model with them: --architecture FILE.json, with bin_boundaries."
        )


def _features(name: str, config: Config, upgrade: Upgrade) -> None:
    upgrade.problem(
        name,
        "feature columns are not in Keras 3. Name a directory as OUT: the graph of a SavedModel computes them; or "
        "supply a layer that does: --custom-objects MODULE:DenseFeatures.",
    )


def _size_at_random(name: str, config: Config, upgrade: Upgrade) -> str:
    upgrade.change(name, "augmentation", "dropped: predictions are the same, training sees pictures of one size")
    return become_identity(config)


PREPROCESSING: dict[str, Callable[[str, Config, Upgrade], str | None]] = {
    "StringLookup": _lookup,
    "IntegerLookup": _lookup,
    "TextVectorization": _lookup,
    "Discretization": _discretization,
    "CategoryEncoding": _encoding,
    "Hashing": _hashing,
    "DenseFeatures": _features,
    "RandomHeight": _size_at_random,
    "RandomWidth": _size_at_random,
}
