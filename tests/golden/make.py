"""Makes the golden data again: every case on every TensorFlow release it is pinned to.

    python tests/golden/make.py
    python tests/golden/make.py --python 2.7=PATH --release 1.15 --case cond --case training/dropout

It needs the old Pythons that the requirements files name, on PATH or under pyenv, and, for
2.7, the package `virtualenv<20.22` in the Python that runs this script.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
SKIPPED = 77  # what _case.requires() exits with
QUIET = {
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of sets shows in the checkpoint and the graph
    "PYTHONPATH": str(CASES),  # cases in folders share _case.py with the others
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


@dataclass(frozen=True)
class Release:
    """One pinned TensorFlow; its requirements file says which, and on which Python."""

    requirements: Path

    @property
    def short(self) -> str:
        """`1.15`, as the file is named."""
        return self.requirements.stem.removeprefix("tf-")

    @property
    def version(self) -> str:
        """`1.15.5`, as TensorFlow calls itself and as the output directory is named."""
        lines = self.requirements.read_text().splitlines()
        (pin,) = (line for line in lines if line.startswith("tensorflow=="))
        return pin.partition("==")[2]

    @property
    def python(self) -> str:
        """`3.7`, from the comment in the first line."""
        full = self.requirements.read_text().splitlines()[0].removeprefix("# Python ")
        return full.rpartition(".")[0]


def releases() -> list[Release]:
    """All of them, oldest first."""
    found = [Release(path) for path in (HERE / "requirements").glob("tf-*.txt")]
    return sorted(found, key=lambda release: [int(part) for part in release.short.split(".")])


def find_python(version: str) -> str:
    """An interpreter of that version; a pyenv shim that is switched off does not count."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [on_path] if on_path else []
    candidates += map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))
    for candidate in candidates:
        answer = subprocess.run([candidate, "-c", "pass"], capture_output=True)
        if answer.returncode == 0:
            return candidate
    sys.exit(f"No Python {version} found; name one with --python {version}=PATH")


def environment(release: Release, python: str, envs: Path) -> str:
    """The Python of a virtual environment that holds exactly the pinned packages."""
    folder = envs / f"tf-{release.short}"
    inside = str(folder / "bin" / "python")
    stamp = folder / "requirements.txt"
    if stamp.is_file() and stamp.read_bytes() == release.requirements.read_bytes():
        return inside
    print(f"Creating {folder}", file=sys.stderr)
    if release.python == "2.7":
        create = [sys.executable, "-m", "virtualenv", "--quiet", "--python", python]
    else:
        create = [python, "-m", "venv", "--clear"]
    subprocess.run([*create, str(folder)], check=True)
    install = [inside, "-m", "pip", "install", "--quiet"]
    # The last pip for Python 2.7; the ones bundled with 3.6 are too old for some of the wheels.
    subprocess.run([*install, "pip==20.3.4"], check=True)
    subprocess.run([*install, "-r", str(release.requirements)], check=True)
    shutil.copyfile(release.requirements, stamp)
    return inside


def case_names() -> list[str]:
    """All of them: `cond`, or `training/dropout` where a folder holds cases of one kind."""
    found = [*CASES.glob("[a-z]*.py"), *CASES.glob("*/[a-z]*.py")]
    return sorted(path.relative_to(CASES).with_suffix("").as_posix() for path in found)


def make_case(python: str, case: str, out: Path) -> tuple[str, str]:
    """Runs one case; returns what became of it and, if it failed, its output."""
    command = [python, str(CASES / f"{case}.py"), str(out / Path(case).parent)]
    done = subprocess.run(command, env=os.environ | QUIET, capture_output=True, text=True)
    status = {0: "made", SKIPPED: "skipped"}.get(done.returncode, "FAILED")
    return status, done.stdout + done.stderr if status == "FAILED" else ""


def make_release(release: Release, python: str, cases: list[str], out: Path, jobs: int) -> bool:
    """Runs the cases on one release; returns whether none failed."""
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda case: make_case(python, case, out), cases))
    for case, (status, output) in zip(cases, results, strict=True):
        print(f"{release.version:8} {case:36} {status}")
        print(output, end="", file=sys.stderr)
    return all(status != "FAILED" for status, _ in results)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [release.short for release in releases()]
    cases = case_names()
    parser.add_argument("--python", action="append", default=[], metavar="VERSION=PATH")
    parser.add_argument("--release", action="append", choices=known, help="default: all")
    parser.add_argument("--case", action="append", choices=cases, help="default: all")
    parser.add_argument("--envs", type=Path, default=HERE.parents[1] / "build" / "golden-envs")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    options.release = options.release or known
    options.case = options.case or cases
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    named = dict(item.split("=", 1) for item in options.python)
    succeeded = True
    for release in releases():
        if release.short not in options.release:
            continue
        base = named.get(release.python) or find_python(release.python)
        python = environment(release, base, options.envs)
        out = options.out.resolve() / release.version
        succeeded &= make_release(release, python, options.case, out, options.jobs)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
