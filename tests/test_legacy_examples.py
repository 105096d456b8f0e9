"""The legacy examples run as their READMEs say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "legacy_examples" / "house_prices"


def shell_lines(readme: Path) -> list[str]:
    """The commands of a README, one per line of its `sh` blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(line: str, output: Path) -> str:
    """Runs a README's line here and now: with this Python, writing below `output` instead of `out`."""
    program, *arguments = shlex.split(line)
    command = {"compat-saver": [sys.executable, "-m", "compat_saver"], "python": [sys.executable]}[program]
    arguments = [re.sub(r"^out/", f"{output}/", argument) for argument in arguments]
    result = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.tensorflow
@pytest.mark.slow
def test_house_prices_goes_from_tf1_to_a_fine_tuned_tf2_model(tmp_path):
    inspect, migrate, use, train_in_tf1 = shell_lines(EXAMPLE / "README.md")
    assert "price:0" in run(inspect, tmp_path)
    assert "Verification: passed" in run(migrate, tmp_path)
    assert "answers the same" in run(use, tmp_path)
    assert (tmp_path / "house_prices_tuned" / "saved_model.pb").exists()
    assert train_in_tf1 == "python train_tf1.py && python predict_tf1.py"


def test_its_readme_shows_the_fine_tuning_that_is_run():
    (code,) = re.findall(r"^```python\n(.*?)^```", (EXAMPLE / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    program = (EXAMPLE / "use_in_tf2.py").read_text(encoding="utf-8")
    assert all(line.strip() in program for line in code.splitlines())
