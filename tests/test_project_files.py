"""The files of the project around its code say the same: metadata, workflows, license, links."""

import configparser
import re
from pathlib import Path

import pytest
import yaml

import compat_saver

ROOT = Path(__file__).parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
WORKFLOW = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def supported_pythons() -> list[str]:
    return re.findall(r"Python :: (3\.\d+)", SETUP["metadata"]["classifiers"])


def supported_tensorflow() -> tuple[str, str]:
    """The oldest and the newest minor release that the `tf` extra allows."""
    ((oldest, beyond),) = re.findall(r"^tensorflow>=([\d.]+),<2\.(\d+)$", SETUP["options.extras_require"]["tf"], re.M)
    return oldest, f"2.{int(beyond) - 1}"


def test_the_version_is_the_packages():
    assert SETUP["metadata"]["version"] == compat_saver.__version__


def test_the_license_is_in_the_package():
    assert SETUP["metadata"]["license"] == "Apache-2.0"
    text = (ROOT / SETUP["metadata"]["license_files"]).read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert len(text.splitlines()) > 200


def test_the_workflow_covers_what_is_supported():
    matrix = yaml.safe_load(WORKFLOW)["jobs"]["all"]["strategy"]["matrix"]
    assert matrix["python"] == supported_pythons()
    assert tuple(matrix["tensorflow"]) == supported_tensorflow()


def test_the_workflow_runs_what_ci_runs():
    assert yaml.safe_load(WORKFLOW)["jobs"]["all"]["steps"][-1]["run"] == "bash .ci/run $ONLY"


def test_the_readers_are_tested_on_every_system():
    matrix = yaml.safe_load(WORKFLOW)["jobs"]["readers"]["strategy"]["matrix"]
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == [supported_pythons()[0], supported_pythons()[-1]]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_the_issue_forms_ask_for_versions_where_something_failed(form):
    fields = [item.get("id") for item in yaml.safe_load(form.read_text(encoding="utf-8"))["body"]]
    assert ("versions" in fields) == (form.name != "feature.yml")


def test_coverage_has_a_threshold():
    assert SETUP["coverage:report"].getint("fail_under") >= 90
    assert SETUP["coverage:run"].getboolean("branch")
    assert 'command+=" --nightly --cov"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
