"""Makes the Keras models again: every case on the releases that cover it.

    python tests/golden/keras/make.py --release tf-2.8.4

It needs the old Pythons that the requirements files name, on PATH or under pyenv.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from make import QUIET, find_python  # noqa: E402

KERAS_1 = "keras-1.2"


class Made(NamedTuple):
    """What is made with one release.

    Attributes:
        requirements: the file of that name.
        flavor: `keras` for the standalone package, `tf` for tf.keras, `tf-v2` for that with v2 behavior; the backend
            of Keras 1, `tensorflow` or `theano`.
        cases: the functions of models.py, or of models_1.py for Keras 1.
    """

    requirements: str
    flavor: str
    cases: str


RELEASES = {
    "keras-1.2.2": Made(
        KERAS_1, "tensorflow", "dense conv channels_first conv_1d recurrent conv_lstm merged functional cosine"
    ),
    "keras-1.2.2-theano": Made(KERAS_1, "theano", "channels_first"),
    "keras-2.2.4": Made("keras-2.2", "keras", "dense embedding_lstm recurrent conv"),
    "keras-2.3.1": Made("keras-2.3", "keras", "bidirectional shared mobile conv_lstm"),
    "tf-1.15.5": Made("tf-keras-1.15", "tf", "op_layers recurrent nested shared embedding_lstm bidirectional frames"),
    "tf-1.15.5-v2": Made("tf-keras-1.15", "tf-v2", "attention embedding_lstm conv_lstm subclassed"),
    "tf-2.4.4": Made("tf-keras-2.4", "tf", "conv attention op_layers bidirectional"),
    "tf-2.8.4": Made(
        "tf-keras-2.8", "tf", "dense recurrent subclassed mobile nested adamax ftrl adadelta centered nadam"
    ),
    "tf-2.11.1": Made("tf-keras-2.11", "tf", "residual attention shared"),
    "tf-2.13.1": Made("tf-keras-2.13", "tf", "op_layers dropout conv_lstm conv_1d_3d centered legacy_adam"),
    "tf-2.15.1": Made(
        "tf-keras-2.15",
        "tf",
        "dense bidirectional nested residual frames nadam adamax adamw ftrl adadelta centered legacy_adam "
        "legacy_rmsprop legacy_momentum",
    ),
}
"""Directory -> what makes it: each case on an old and a new release, not on every one."""


def environment(name: str, envs: Path) -> str:
    """The Python of a virtual environment with the packages that a requirements file pins."""
    requirements = HERE / "requirements" / f"{name}.txt"
    folder = envs / f"env-{name}"
    inside = str(folder / "bin" / "python")
    if not Path(inside).exists():
        version = requirements.read_text().splitlines()[0].removeprefix("# Python ").rpartition(".")[0]
        subprocess.run([find_python(version), "-m", "venv", str(folder)], check=True)
        install = [inside, "-m", "pip", "install", "--quiet"]
        if version == "3.6":  # the pip that comes with it builds no package here
            subprocess.run([*install, "pip==21.3.1", "wheel==0.37.1", "setuptools==57.5.0"], check=True)
            install.append("--no-build-isolation")
        subprocess.run([*install, "-r", str(requirements)], check=True)
    return inside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", action="append", choices=RELEASES, help="default: all")
    parser.add_argument("--envs", type=Path, default=HERE.parents[2] / "build" / "keras-envs")
    options = parser.parse_args()
    for release in options.release or RELEASES:
        made = RELEASES[release]
        python = environment(made.requirements, options.envs)
        out, cases = str(HERE / release), made.cases.split()
        command = [python, str(HERE / "models.py"), out, made.flavor, *cases]
        if made.requirements == KERAS_1:
            command = [python, str(HERE / "models_1.py"), out, *cases]
        subprocess.run(command, env={**os.environ, **QUIET, "KERAS_BACKEND": made.flavor}, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
