"""`--report FILE.html`."""

import re
import shutil

import pytest
from click.testing import CliRunner

from compat_saver.cli import main
from tests.cli.test_bad_input import OBSTRUCTED_GRAPH
from tests.golden_cases import case
from tests.small_models import write_model
from tests.test_verification_fails import alter_a_weight

MODEL = case("1.15.5", "dense_adam").directory


def run(*arguments: object):
    return CliRunner().invoke(main, [str(item) for item in arguments])


def headline(page) -> str:
    return re.search(r"<h1>(.*?)</h1>", page.read_text(encoding="utf-8"))[1]


def test_an_inspection(tmp_path):
    page = tmp_path / "page.html"
    done = run("inspect", MODEL, "--report", page)
    assert done.exit_code == 0, done.output
    assert f"Report: {page}" in done.stderr
    assert headline(page) == "Nothing in the graph prevents a migration"


def test_a_dry_run(tmp_path):
    page = tmp_path / "page.html"
    assert run("migrate", MODEL, tmp_path / "out", "--dry-run", "--report", page).exit_code == 0
    assert headline(page) == "Can be migrated; nothing was written yet"
    assert "<td><code>hidden/kernel</code></td>" in page.read_text(encoding="utf-8")


def test_another_file_is_refused_before_any_work(tmp_path):
    other = tmp_path / "mine.html"
    other.write_text("<p>mine</p>")
    done = run("migrate", MODEL, tmp_path / "out", "--no-verify", "--report", other)
    assert done.exit_code == 2
    assert "is already there and is no report, so it is left alone. Name another file." in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]


def test_what_cannot_be_migrated(tmp_path):
    page, source = tmp_path / "page.html", write_model(tmp_path, OBSTRUCTED_GRAPH)
    assert run("migrate", source, tmp_path / "out", "--report", page).exit_code == 3
    assert headline(page) == "Cannot be migrated as asked"
    text = page.read_text(encoding="utf-8")
    assert "calls a Python function that is not stored in the file" in text
    assert 'id="graph-data"' in text


@pytest.mark.tensorflow
def test_a_migration_and_a_verification_that_fails(tmp_path):
    page, out = tmp_path / "page.html", tmp_path / "out"
    assert run("migrate", MODEL, out, "--report", page).exit_code == 0
    assert headline(page) == "The migrated model computes what the original does"
    assert "every bit equal" in page.read_text(encoding="utf-8")
    alter_a_weight(out)
    assert run("verify", MODEL, out, "--report", page).exit_code == 1
    assert headline(page) == "The migrated model differs from the original"
    assert "elements differ, by up to" in page.read_text(encoding="utf-8")


@pytest.mark.tensorflow
def test_a_batch(tmp_path):
    for name in ("dense_adam", "dropout"):
        shutil.copytree(case("1.15.5", name).directory, tmp_path / "models" / name)
    page = tmp_path / "pages" / "all.html"
    done = run("batch", tmp_path / "models", tmp_path / "out", "--jobs", "1", "--no-verify", "--report", page)
    assert done.exit_code == 0, done.output
    assert headline(page) == "All of 2 models done"
    assert headline(page.parent / "all_models" / "dropout.html") == "Written, but not compared with the original"
