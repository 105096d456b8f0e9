"""Outcomes as JSON."""

from __future__ import annotations

import json
from typing import Any


def to_json(outcome: dict[str, Any]) -> str:
    """Returns strict JSON, indented; what JSON has no number for (NaN, infinities) becomes null."""
    return json.dumps(_strict(outcome), indent=2, allow_nan=False)


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
