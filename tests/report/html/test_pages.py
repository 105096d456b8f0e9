"""The text of pages: what they say, that nothing in them runs, and that they stay small."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import compat_saver
from compat_saver.checkpoints.histograms import Histogram
from compat_saver.errors import OutputExistsError
from compat_saver.inspection import Inspection
from compat_saver.migration.verification.comparison import compare
from compat_saver.migration.verification.verify_model import Verification
from compat_saver.model.signature import Signature, Tensor
from compat_saver.report.html.files import refuse_other_file, write_page
from compat_saver.report.html.pages import inspection_page, migration_page
from compat_saver.report.html.values import variable_histograms, weight_histograms
from tests.golden_cases import case
from tests.report.html.changes import KEPT, SMALL_CHANGE, graph, large
from tests.report.outcomes import FLOAT, make_difference, make_report, make_row

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7 * 7 }}"


class Elements(HTMLParser):
    """Collects the elements of a page, with what stands in its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        inside = self.found[-1] if self.found else ("", {})
        (self.scripts if inside[0] == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_a_page_says_what_the_tables_say():
    weights = {"w": Histogram(-1.5, 2.5, (1, 2, 3), 0)}
    text = Elements(migration_page(make_report(change=SMALL_CHANGE), weights)).text
    for words in (
        "The migrated model computes what the original does",
        "run/model.ckpt",
        "Something to know.",
        "serving_default",
        "float32 [?, 12]",
        "its moving average 'm' was never updated",
        "ref_to_resource",
        "TopKV2",
        "any words, of shape [3, 4]",
        'model = tf.saved_model.load("out")',
        "The original graph has 7 nodes",
        "-1.5 \u2026 2.5",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({"verification": make_difference()}, "The migrated model differs from the original"),
        ({"verification": None}, "Written, but not compared with the original"),
        ({"verification": None, "output": None}, "Can be migrated; nothing was written yet"),
    ],
)
def test_the_verdict_comes_first(changes, headline):
    page = migration_page(make_report(**changes), {})
    assert re.search(r"<h1>(.*?)</h1>", page)[1] == headline
    assert page.index("<h1>") < page.index("<h2")


def test_a_difference_is_plotted():
    import numpy as np

    result = compare(np.float32([1, 2, 3]), np.float32([1, 2.5, 3]), None, None)
    page = migration_page(make_report(verification=Verification("seed 0", {"serve": {"y": result}})), {})
    assert "1 of 3 elements differ, by up to 0.5" in page
    assert page.count('r="3"/>') == 3
    assert 'aria-label="Differences by size: equal 2, 1e-1 1"' in page


def hostile_report():
    """A report in which every string of the file is an attack."""
    signature = Signature(HOSTILE, {HOSTILE: Tensor(HOSTILE, FLOAT, None)}, {HOSTILE: Tensor(HOSTILE, FLOAT, None)})
    report = make_report()
    return replace(
        report,
        source=replace(report.source, path=HOSTILE, meta_graph=HOSTILE, tensorflow_version=HOSTILE),
        signatures=(signature,),
        output=HOSTILE,
        weights=(replace(report.weights[0], name=HOSTILE),),
        warnings=(HOSTILE,),
        ops=(make_row(HOSTILE, 1, "unsupported", reason=HOSTILE, advice=HOSTILE, becomes=HOSTILE),),
        behavior=replace(
            report.behavior,
            findings=tuple(replace(item, node=HOSTILE, variables=(HOSTILE,)) for item in report.behavior.findings),
        ),
        change=replace(SMALL_CHANGE, before=graph({HOSTILE: (HOSTILE, [], KEPT)})),
    )


def test_strings_of_a_file_are_text():
    page = migration_page(hostile_report(), {})
    found = Elements(page)
    clean = Elements(migration_page(make_report(change=SMALL_CHANGE), {}))
    assert "alert(1)</script>" not in page
    assert found.scripts[1:] == clean.scripts[1:]  # all but the packed graph
    assert {tag for tag, _ in found.found} <= {tag for tag, _ in clean.found}
    assert not [attributes for _, attributes in found.found if any(name.startswith("on") for name in attributes)]
    assert "{{ 7 * 7 }}" in found.text


def test_a_page_loads_nothing():
    page = Elements(migration_page(make_report(change=SMALL_CHANGE), {}))
    policy = next(item["content"] for _, item in page.found if "http-equiv" in item)
    assert policy.startswith("default-src 'none';")
    assert "unsafe-inline'; script" not in policy.replace("style-src 'unsafe-inline'; ", "")
    for tag, attributes in page.found:
        assert tag not in ("link", "img", "iframe", "object")
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert not any("sourceMappingURL" in script for script in page.scripts)
    assert any("@dagrejs/dagre" in script and "MIT License" in script for script in page.scripts)


def test_a_page_of_50000_nodes_stays_small():
    drawn = large(50_000)
    page = migration_page(make_report(change=replace(SMALL_CHANGE, before=drawn, after=drawn)), {})
    assert len(page) < 5_000_000


def test_long_strings_and_lists_are_cut():
    rows = tuple(make_row(f"Op{number}", 1, "rewritten", becomes="B" * 10_000) for number in range(1_000))
    assert len(migration_page(make_report(ops=rows, warnings=("w" * 10**6,)), {})) < 2_000_000


def test_an_inspection_of_a_graph_and_of_a_checkpoint_alone(tmp_path):
    directory = case("1.15.5", "dense_adam").directory
    found = compat_saver.inspect(directory)
    histograms = variable_histograms(found)
    assert len(histograms) == len(found.variables)
    text = Elements(inspection_page(found, histograms)).text
    assert "Nothing in the graph prevents a migration" in text
    assert "prediction:0" in text
    assert "hidden/kernel" in text
    alone = Inspection(found.checkpoint, variables=found.variables)
    assert "A checkpoint without a graph" in inspection_page(alone, {})


def test_what_cannot_be_migrated_is_said_first():
    found = Inspection(graph=compat_saver.inspect(case("1.15.5", "dense_adam").directory).graph)
    blocked = replace(found, ops=(make_row("PyFunc", 2, "unsupported", reason="calls Python"),))
    assert "<h1>Cannot be migrated as it is</h1>" in inspection_page(blocked, {})
    assert "<h1>No output is known</h1>" in inspection_page(found, {})


def test_values_that_cannot_be_read_are_left_out():
    assert weight_histograms(make_report()) == {}


def test_a_page_replaces_only_pages(tmp_path):
    page, other = tmp_path / "new" / "page.html", tmp_path / "other.html"
    write_page(page, migration_page(make_report(), {}))
    write_page(page, migration_page(make_report(warnings=("Another.",)), {}))
    assert "Another." in page.read_text(encoding="utf-8")
    other.write_text("<!DOCTYPE html>")
    for path in (other, tmp_path):
        with pytest.raises(OutputExistsError, match="is no report"):
            write_page(path, "")
        with pytest.raises(OutputExistsError, match="Name another file"):
            refuse_other_file(path)
    assert other.read_text() == "<!DOCTYPE html>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "other.html"]
