"""Tells how inputs were guessed, a phrase for each that was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compat_saver import dtypes
from compat_saver.analysis.feeding import text_formats as formats
from compat_saver.analysis.feeding.input_facts import Domain, InputFacts, Meaning
from compat_saver.migration.verification.samples import Feeds, SampleMaker
from compat_saver.model.signature import Signature, Tensor


def tell_guesses(signature: Signature, maker: SampleMaker, feeds: Sequence[Feeds]) -> dict[str, str]:
    """Returns input key -> how it was guessed. Floats of known shape, but for the batch, are no guess."""
    sparse = maker.sparse_keys(signature)
    told = {}
    for key, tensor in signature.inputs.items():
        arrays = [batch[key] for batch in feeds]
        what = "part of a sparse tensor" if key in sparse else _elements(maker.facts(tensor), tensor, arrays)
        parts = [*filter(None, (what, _shapes(tensor, arrays)))]
        if parts:
            told[key] = ", ".join(parts)
    return told


def _shapes(tensor: Tensor, arrays: Sequence[np.ndarray]) -> str:
    if tensor.shape is not None and None not in tensor.shape[1:]:
        return ""
    return "of shape " + " and ".join(str(list(shape)) for shape in dict.fromkeys(array.shape for array in arrays))


def _elements(facts: InputFacts, tensor: Tensor, arrays: Sequence[np.ndarray]) -> str:
    row = dtypes.by_number(tensor.dtype)
    if row.name == "string":
        return _text(facts.text)
    if row.is_integer or facts.high is not None:
        return _integers(facts, np.concatenate([array.reshape(-1) for array in arrays]))
    return "" if facts.domain is Domain.ANY else f"numbers {facts.domain.value}"


def _integers(facts: InputFacts, found: np.ndarray) -> str:
    if facts.meaning is Meaning.SIZE and facts.high is None:
        return "the size of the batch"
    if not found.size:
        return "none"
    span = f"from {int(found.min())} to {int(found.max())}"
    if facts.choices:
        return f"keys of a table, {span}"
    if facts.high is not None:
        return f"integers {span}, for what they index ends at {facts.high - 1}"
    if facts.meaning is Meaning.LENGTH:
        return f"lengths {span}"
    return f"integers {span}; nothing tells how large they may be"


def _text(text: formats.Text | None) -> str:
    match text:
        case formats.Image():
            return f"{text.format} images"
        case formats.Sound():
            return "WAV sounds"
        case formats.Example():
            keys = ", ".join(field.key for field in text.fields)
            return f"tf.train.Example records{' in JSON' * text.as_json} of {keys}"
        case formats.Csv():
            return f"lines of {len(text.fields)} values"
        case formats.Number():
            return "numbers as text"
        case formats.RawBytes():
            return f"bytes of {dtypes.name_of(text.field.dtype)}"
        case formats.SerializedTensor():
            return "serialized tensors"
        case formats.Base64():
            return f"base64 of {_text(text.inner)}"
        case formats.Words():
            return "words of a table" if text.vocabulary else "any words"
    return "any words"
