"""The layers hold, and TensorFlow stays out until it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden_cases import case

ROOT = Path(__file__).parent.parent
MODEL = case("1.15.5", "dense_adam").prefix

ASK = """
import sys
from click.testing import CliRunner
from compat_saver.cli import main
result = CliRunner().invoke(main, sys.argv[1:], catch_exceptions=False)
assert result.exit_code == 0, result.output
"""
CHECK = "\nloaded = {'tensorflow', 'keras'} & sys.modules.keys()\nassert not loaded, loaded\n"


def test_imports_keep_the_contracts():
    """They stand in setup.cfg."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import compat_saver",
        f"import compat_saver; compat_saver.inspect({str(MODEL)!r})",
        f"import compat_saver; dict(compat_saver.open_checkpoint({str(MODEL)!r}))",
        f"import compat_saver; compat_saver.read_meta_graph({str(MODEL) + '.meta'!r})",
        f"import compat_saver; compat_saver.migrate({str(MODEL)!r}, 'out', dry_run=True)",
        f"from compat_saver import checkpoints; checkpoints.convert({str(MODEL)!r}, 'out')",
        "from compat_saver import Saver, import_meta_graph, load_into, restore",
        f"import compat_saver as cs; cs.load_variable(cs.latest_checkpoint({str(MODEL.parent)!r}), 'global_step')",
        f"import compat_saver as cs; cs.list_variables({str(MODEL)!r}); cs.NewCheckpointReader({str(MODEL)!r})",
        "import compat_saver as cs; cs.update_checkpoint_state('.', 'm-1'); cs.get_checkpoint_state('.')",
    ],
)
def test_the_library_does_without_tensorflow(code, tmp_path):
    _run("-c", f"import sys\n{code}{CHECK}", cwd=tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["migrate", "--help"],
        ["inspect", str(MODEL)],
        ["inspect", str(MODEL.parent), "--json"],
        ["inspect", f"{MODEL}.meta"],
        ["migrate", str(MODEL), "out", "--outputs", "prediction", "--dry-run"],
        ["checkpoint", "ls", str(MODEL)],
        ["checkpoint", "get", str(MODEL), "global_step"],
        ["checkpoint", "stats", str(MODEL)],
        ["checkpoint", "diff", str(MODEL), str(MODEL.parent)],
        ["checkpoint", "verify", str(MODEL)],
        ["checkpoint", "convert", str(MODEL), "out"],
        ["checkpoint", "rename", str(MODEL), "out", "global_step=step"],
        ["checkpoint", "drop", str(MODEL), "out", "--slots"],
        ["checkpoint", "keep", str(MODEL), "out", "*"],
        ["checkpoint", "ema", str(case("1.15.5", "moving_average").prefix), "out"],
        ["checkpoint", "cast", str(MODEL), "out", "float32=bfloat16"],
        ["checkpoint", "merge", str(MODEL), str(MODEL), "out", "--prefer", "last"],
        ["checkpoint", "average", str(MODEL), str(MODEL), "out"],
        ["checkpoint", "export", str(MODEL), "out.npz"],
        ["checkpoint", "export", str(MODEL), "out.safetensors"],
    ],
    ids=" ".join,
)
def test_the_commands_do_without_tensorflow(arguments, tmp_path):
    _run("-c", ASK + CHECK, *arguments, cwd=tmp_path)


BLOCKED = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None  # importing them raises ImportError, as if not installed
"""


def test_a_model_is_migrated_where_tensorflow_is_not_installed(tmp_path):
    """What cannot be done without it is to verify the model, and that is said."""
    command = ["migrate", str(MODEL), "out", "--outputs", "prediction"]
    _run("-c", BLOCKED + ASK, *command, "--no-verify", cwd=tmp_path)
    assert (tmp_path / "out" / "saved_model.pb").stat().st_size
    (tmp_path / "out").rename(tmp_path / "written")
    result = subprocess.run(
        [sys.executable, "-c", BLOCKED + ASK.replace("catch_exceptions=False", ""), *command],
        *(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "--no-verify" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_module_is_the_command(tmp_path):
    assert _run("-m", "compat_saver", "--help", cwd=tmp_path).startswith("Usage: ")
    assert "tensorflow" not in _modules_of("-m", "compat_saver", "--help", cwd=tmp_path)


def test_the_installed_command_has_its_data(tmp_path):
    """Run elsewhere, so that what is installed is imported and not this checkout."""
    command = Path(sys.executable).with_name("compat-saver")
    result = subprocess.run([command, "inspect", MODEL], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "prediction:0" in result.stdout


def _run(*arguments: str, cwd: Path) -> str:
    result = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def _modules_of(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a run imports, as Python itself tells."""
    command = [sys.executable, "-X", "importtime", *arguments]
    told = subprocess.run(command, cwd=cwd, capture_output=True, text=True).stderr
    return {line.rpartition("|")[2].strip() for line in told.splitlines()}
