"""What TensorFlow 1.15.5 saves is restored here, and what is saved here it restores: see tests/golden/savers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAVERS = Path(__file__).parent.parent / "golden" / "savers"
RECORD = json.loads((SAVERS / "read_by_1.15.5.json").read_text())["cases"]
# TensorFlow 2 makes resource variables unless told otherwise, and marks them in a way that 1.15.5 does not know.
GRAPHS_READ = {"reference"}

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def program(*arguments: str) -> None:
    command = [sys.executable, SAVERS / "program.py", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_checkpoints_of_1_15_5_are_restored_by_code_and_by_graph(tmp_path):
    program("read", str(SAVERS / "1.15.5"), str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())["cases"]
    assert found.keys() == RECORD.keys()
    for case, told in found.items():
        for way in ("by_code", "by_meta"):
            assert told[way]["other"] == [], (case, way)
            assert told[way]["equal"] > 0, (case, way)


def test_1_15_5_restored_the_very_files_that_are_saved_today(tmp_path):
    program("write", str(tmp_path / "today"))
    program("read", str(tmp_path / "today"), str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())["cases"]
    assert {case: told["files"] for case, told in found.items()} == {
        case: told["files"] for case, told in RECORD.items()
    }


@pytest.mark.parametrize("case", RECORD)
def test_1_15_5_restored_every_variable(case):
    told = RECORD[case]
    assert told["by_code"]["other"] == []
    assert told["by_code"]["equal"] > 0
    if case in GRAPHS_READ:
        assert told["by_meta"] == told["by_code"]
    else:
        assert told["by_meta"] == {"refused": "NodeDef mentions attr 'debug_name'"}
