"""The colors of pages: text can be read by those who see little contrast (WCAG 2.2, level AA)."""

import re
from pathlib import Path

import pytest

import compat_saver

STYLE = (Path(compat_saver.__file__).parent / "report" / "html" / "static" / "page.css").read_text(encoding="utf-8")
VERDICTS = ("fine", "rewritten", "dropped", "unsupported", "new")
TEXTS = [(text, back) for text in ("text", "soft", "accent", "unsure", "good", "bad") for back in ("card", "page")]
BADGES = [(verdict, f"{verdict}-back") for verdict in VERDICTS]
LABELS = [("text", f"{verdict}-back") for verdict in VERDICTS]


def themes() -> dict[str, dict[str, str]]:
    """The variables of the light theme, the dark one, and that of print."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    light, dark, print_ = (dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in blocks)
    return {"light": light, "dark": light | dark, "print": light | print_}


def luminance(color: str) -> float:
    digits = "".join(2 * digit for digit in color[1:]) if len(color) == 4 else color[1:]
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_stands_out(theme):
    colors = themes()[theme]
    ratios = {(text, back): contrast(colors[text], colors[back]) for text, back in (*TEXTS, *BADGES, *LABELS)}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_the_outlines_of_nodes_stand_out(theme):
    colors = themes()[theme]
    assert all(contrast(colors[verdict], colors["paper"]) >= 3 for verdict in VERDICTS)
