"""The legacy examples run as their READMEs say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "legacy_examples" / "house_prices"
RESUMED = ROOT / "legacy_examples" / "resume_without_code"


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


@pytest.mark.tensorflow
@pytest.mark.slow
def test_training_goes_on_without_the_program(tmp_path):
    migrate, resume = shell_lines(RESUMED / "README.md")
    assert "Verification: passed" in run(migrate, tmp_path)
    printed = run(resume.replace(" out", f" {tmp_path}"), tmp_path)
    at_first, at_last = map(float, re.search(r"loss ([\d.]+) at first, ([\d.]+) at last", printed).groups())
    assert at_last < 0.9 * at_first
    assert "TensorFlow 1.15.5 had the same losses" in printed
    assert (tmp_path / "trained" / "saved_model.pb").exists()
    assert (tmp_path / "model.ckpt-200.index").exists()


@pytest.mark.parametrize(
    ("folder", "name"), [(EXAMPLE, "use_in_tf2.py"), (RESUMED, "resume_in_tf2.py")], ids=["fine_tuning", "resuming"]
)
def test_its_readme_shows_the_training_that_is_run(folder, name):
    (code,) = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    program = (folder / name).read_text(encoding="utf-8")
    assert all(line.strip() in program for line in code.splitlines())
