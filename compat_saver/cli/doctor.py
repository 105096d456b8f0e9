"""`compat-saver doctor`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import click

from compat_saver.cli.log import put
from compat_saver.cli.output import reports_failures

_CORE = ("click", "crc32c", "jinja2", "ml_dtypes", "numpy", "protobuf", "PyYAML", "rich")
_EXTRAS: dict[str, tuple[tuple[tuple[str, ...], ...], str]] = {
    "tf-cpu": ((("tensorflow-cpu", "tensorflow"),), "verification, the Saver workflows, run, batches that verify"),
    "tf": ((("tensorflow", "tensorflow-cpu"),), "the same, with the GPU build of TensorFlow"),
    "onnx": ((("tf2onnx",), ("onnxruntime",)), "migrate --to onnx, compared with the original in ONNX Runtime"),
    "keras": ((("tf-keras",), ("h5py",)), "proof of migrated Keras 1 and 2 models by Keras 2 itself"),
    "remote": ((("fsspec",),), "sources at gs://, s3://, https://, hf:// and the like"),
    "dask": ((("distributed",),), "migrate_many on a cluster: executor=dask.distributed.Client(...)"),
}
"""Extra -> the packages that it needs, each with those that do in its place, and what it enables."""


@click.command(short_help="Show versions, what is installed, and what each extra would enable.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@reports_failures
def doctor(as_json: bool) -> None:
    """Show versions, what is installed, and what each extra would enable.

    Imports none of it: what is listed is what the package index of this Python knows.
    """
    found = _found()
    if as_json:
        from compat_saver.report.json_text import to_json

        click.echo(to_json(found))
        return
    from compat_saver.report.text import columns

    versions = [(name, version or "not installed") for name, version in found["versions"].items()]
    extras = [
        (f"[{name}]", item["installed"] or "not installed", item["enables"]) for name, item in found["extras"].items()
    ]
    put(f"{columns(versions)}\n\n{columns(extras)}")
    for name, item in found["extras"].items():
        if item["problem"]:
            put(f"\n[{name}] {item['problem']}")


def _found() -> dict[str, Any]:
    versions = {"compat-saver": _version("compat-saver"), "Python": platform.python_version()}
    versions |= {"platform": f"{platform.system()} {platform.machine()}", "executable": sys.executable}
    return {
        "versions": versions | {name: _version(name) for name in _CORE},
        "extras": {name: _extra(name, *facts) for name, facts in _EXTRAS.items()},
    }


def _extra(name: str, needs: Sequence[Sequence[str]], enables: str) -> dict[str, Any]:
    found = [next((item for item in either if _version(item) is not None), None) for either in needs]
    installed = [f"{item} {_version(item)}" for item in found if item is not None]
    lacking = ", ".join(either[0] for either, item in zip(needs, found, strict=True) if item is None)
    problem = next(filter(None, map(_problem, installed)), "")
    if lacking:
        problem = f"is installed by: pip install 'compat-saver[{name}]'"
        problem = f"lacks {lacking}; it {problem}" if installed else problem
    return {"installed": ", ".join(installed) or None, "enables": enables, "problem": problem}


def _problem(installed: str) -> str:
    """Returns what is wrong with an installed release; "" if nothing is."""
    from compat_saver._tensorflow import OLDEST

    package, _, version = installed.partition(" ")
    if package.startswith("tensorflow") and tuple(map(int, version.split(".")[:2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return f"TensorFlow {version} is too old: {oldest} or later is needed. pip install --upgrade {package}"
    return ""


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
