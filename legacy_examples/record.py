"""Runs every then.py again in the TensorFlow of its time, and keeps what it printed and wrote.

    python record.py PYTHON [FOLDER]...

PYTHON is the interpreter of an environment with TensorFlow 1.15.5 (tests/golden/requirements/tf-1.15.txt). Each folder
has a session.txt: the commands, after `$ `, and what they printed. Those commands are run in the folder, `run/` is
written anew, and so is session.txt. What is there already is replaced.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUIET = {
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def commands_of(session):
    """Returns the lines after `$ ` of a session.txt."""
    return [line[2:] for line in session.read_text().splitlines() if line.startswith("$ ")]


def record(folder, python):
    """Runs the commands of one folder and writes down what they print."""
    session = folder / "session.txt"
    commands = commands_of(session)  # before anything is replaced
    shutil.rmtree(folder / "run", ignore_errors=True)
    parts = []
    for command in commands:
        program, *arguments = command.split()
        assert program == "python", command
        result = subprocess.run(
            [python, *arguments], cwd=folder, env={**os.environ, **QUIET}, capture_output=True, text=True
        )
        if result.returncode:
            sys.exit(result.stderr)
        parts.append(f"$ {command}\n{result.stdout}")
    session.write_text("".join(parts))


def main(python, *names):
    """Records the folders named, or all that have a session."""
    for session in sorted(HERE.glob("*/session.txt")):
        if not names or session.parent.name in names:
            print(session.parent.name)
            record(session.parent, python)


if __name__ == "__main__":
    main(*sys.argv[1:])
