"""The page of a batch, and those of its models."""

import re

from compat_saver.batch import BatchReport
from compat_saver.batch.outcome import ModelOutcome
from compat_saver.report.html.batch_pages import write_batch_page, write_model_page
from tests.report.html.test_pages import HOSTILE
from tests.report.outcomes import make_report


def batch(*outcomes: ModelOutcome) -> BatchReport:
    return BatchReport("out", "out/batch.jsonl", outcomes, 12.5)


def test_a_batch_leads_to_the_pages_of_its_models(tmp_path):
    page = tmp_path / "all models.html"
    write_model_page(str(page), "a/b c", make_report())
    done = ModelOutcome("a/b c", "src/a", "out/a", "verified", seconds=1.5)
    refused = ModelOutcome("c", "src/c", None, "refused", (HOSTILE, "another reason"))
    write_batch_page(page, batch(done, refused))
    text = page.read_text(encoding="utf-8")
    assert "<h1>1 of 2 models done</h1>" in text
    (link,) = re.findall(r'<a href="([^#"]*)">', text)
    assert link == "all%20models_models/a/b%20c.html"
    assert (tmp_path / "all models_models" / "a" / "b c.html").is_file()
    assert HOSTILE not in text
    assert "another reason" in text


def test_the_verdict_on_a_batch(tmp_path):
    good, bad = ModelOutcome("a", "a", "out/a", "verified"), ModelOutcome("b", "b", None, "failed", ("Broken.",))
    for outcomes, headline in (([good], "All of 1 model done"), ([bad], "0 of 1 model done")):
        write_batch_page(tmp_path / "page.html", batch(*outcomes))
        assert f"<h1>{headline}</h1>" in (tmp_path / "page.html").read_text(encoding="utf-8")
