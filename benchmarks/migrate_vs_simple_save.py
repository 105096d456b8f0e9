"""Side by side on the same model: the usual recipe and `compat-saver migrate`, whole processes, in turns."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _runs import Run, in_turns, median_megabytes, median_seconds

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "tests" / "golden" / "1.15.5" / "dense_adam" / "model.ckpt"
_LOOK = """
import sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
tf.saved_model.save(model, sys.argv[2], signatures=model.signatures)
names = [name for name, _ in tf.train.list_variables(sys.argv[2] + "/variables/variables")]
print(len(list(model.variables)), len([name for name in names if name.endswith("VARIABLE_VALUE")]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, metavar="MB", help="make a model with so many MB of weights, and take it")
    parser.add_argument("--variables", type=int, metavar="N", help="make a model of N small variables, and take it")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with tempfile.TemporaryDirectory() as work:
        prefix = GOLDEN
        if args.large or args.variables:
            size = ["--megabytes", args.large] if args.large else ["--small-variables", args.variables]
            prefix = _made(Path(work), *map(str, size))
        outputs = {"usual recipe": f"{work}/a", "migrate": f"{work}/b", "migrate --no-verify": f"{work}/c"}
        measured = in_turns(_commands(str(prefix), outputs), args.rounds)
        print("| | wall time | peak memory | on disk | variables seen | kept when saved again |")
        print("|---|---|---|---|---|---|")
        for name, output in outputs.items():
            print(_row(name, measured[name], output, f"{output}_again"))


def _made(work: Path, *size: str) -> Path:
    prefix = work / "large" / "model.ckpt"
    prefix.parent.mkdir()
    command = [sys.executable, str(HERE / "large_model.py"), str(prefix), *size]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return prefix


def _commands(prefix: str, outputs: dict[str, str]) -> dict[str, list[str]]:
    tensors = ["features:0", "prediction:0"]
    migrate = [sys.executable, "-m", "compat_saver", "migrate", prefix]
    chosen = ["--inputs", tensors[0], "--outputs", tensors[1], "--overwrite"]
    recipe = [sys.executable, str(HERE / "usual_recipe.py"), prefix, outputs["usual recipe"], *tensors]
    return {
        "usual recipe": recipe,
        "migrate": [*migrate, outputs["migrate"], *chosen],
        "migrate --no-verify": [*migrate, outputs["migrate --no-verify"], *chosen, "--no-verify"],
    }


def _row(name: str, runs: list[Run], output: str, again: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", _LOOK, output, again], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    seen, kept = told.stdout.split()[-2:]
    size = sum(path.stat().st_size for path in Path(output).rglob("*") if path.is_file()) / 1e6
    shutil.rmtree(again)
    return (
        f"| {name} | {median_seconds(runs):.2f} s | {median_megabytes(runs):.0f} MB | {size:.2f} MB "
        f"| {int(seen)} | {int(kept)} |"
    )


if __name__ == "__main__":
    main()
