"""Names of the original that a SavedModel of TensorFlow 2 cannot have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compat_saver.model.signature import RESERVED_KEYS, Signature
from compat_saver.saved_model import is_storable


def unusable_names(signatures: Iterable[Signature], stored: Iterable[str]) -> Iterator[str]:
    """Yields a sentence for each name that must change before the model can be written.

    Args:
        signatures: what is served.
        stored: the names of the variables and tables with values in the checkpoint.
    """
    for signature in signatures:
        for key in signature.inputs:
            if key in RESERVED_KEYS:
                yield (
                    f"Signature {signature.name!r} has an input with the key {key!r}, with which TensorFlow 2 cannot "
                    f"call it. Give it another key: --rename {key}=KEY"
                )
    for name in stored:
        if not is_storable(name):
            yield (
                f"The name {name!r} ends as the keys of TensorFlow 2's checkpoints do, which it would not read back. "
                "Rename it in the program that wrote the graph."
            )
