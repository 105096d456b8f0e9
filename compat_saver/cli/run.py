"""`compat-saver run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from compat_saver._tensorflow import be_quiet
from compat_saver.cli.arguments import Binding, SourcePath
from compat_saver.cli.keras_options import keras_options
from compat_saver.cli.log import put
from compat_saver.cli.output import reports_failures
from compat_saver.cli.source_options import source_options


class InputValue(Binding):
    """`NAME=FILE.npy`, `NAME=FILE.npz`, or `NAME=[[1, 2]]` -> (NAME, array)."""

    name = "input"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the file, or the values as JSON; what is neither is a text."""
        name, text = super().convert(value, param, ctx)
        try:
            return name, _file(text, name) if text.endswith((".npy", ".npz")) else _values(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _values(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _file(path: str, name: str) -> Any:
    """Returns the array of a .npy file, or that of a name in a .npz file; ValueError says what is wrong."""
    from compat_saver.sources.npz_inputs import BAD_HEADER, read_inputs

    if path.endswith(".npz"):
        keys = (name, name.partition(":")[0])
        arrays, names = read_inputs(path, keys.__contains__)
        for key in keys:
            if key in arrays:
                return arrays[key]
        raise ValueError(f"{path}: there is no array {name!r} in it. It has: {', '.join(names)}.")
    from numpy.lib import format as npy_format

    try:
        with open(path, "rb") as file:
            return npy_format.read_array(file, allow_pickle=False)
    except (OSError, EOFError, *BAD_HEADER) as error:
        raise ValueError(f"{path}: expected an array of numpy: {error}") from None


def _outputs(
    source: Path,
    inputs: dict[str, Any],
    outputs: tuple[str, ...],
    *,
    architecture: Path | None,
    custom_objects: dict[str, str],
    **how: Any,
) -> Any:
    from compat_saver.keras_models import KerasOptions
    from compat_saver.keras_models.routing import is_keras_model
    from compat_saver.keras_models.running import run_keras
    from compat_saver.saver.run_model import run_model
    from compat_saver.sources.remote import local_path

    if not is_keras_model(source, "", architecture):
        return run_model(source, inputs, outputs, **how)
    options = KerasOptions(architecture=architecture, custom_objects=custom_objects)
    return run_keras(Path(local_path(source)), inputs, outputs, options)


@click.command(short_help="Run a legacy or a migrated model on some inputs.")
@click.argument("source", type=SourcePath())
@click.option(
    "--input",
    "inputs",
    type=InputValue(),
    multiple=True,
    metavar="NAME=VALUE",
    help="An input: a .npy file, a .npz file with an array of that name, or values as JSON; repeatable.",
)
@click.option(
    "--output", "outputs", multiple=True, metavar="NAME", help="An output to print; repeatable [default: all]."
)
@click.option("--signature", metavar="NAME", help="The signature to run [default: serving_default, or the first].")
@source_options
@keras_options
@click.option(
    "--allow", multiple=True, metavar="OP", help="Run this op though it reaches outside of the graph; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outputs as JSON.")
@reports_failures
def run(source: Path, inputs: tuple[tuple[str, Any], ...], outputs: tuple[str, ...], as_json: bool, **how: Any) -> None:
    """Run SOURCE on some inputs and print its outputs.

    A legacy model is run in inference; its inputs and outputs are keys of its signatures or tensors of its graph. A
    SavedModel that `migrate` wrote is run by its signature. A file of Keras 1 or 2 is run by tf-keras, one of Keras 3
    by Keras; its inputs and outputs are layers.
    """
    from compat_saver.report.json_text import tensor_dict, to_json

    be_quiet()
    found = _outputs(source, dict(inputs), outputs, **how)
    if as_json:
        click.echo(to_json({"outputs": [tensor_dict(name, array) for name, array in found.items()]}))
        return
    for name, array in found.items():
        put(f"{name}: {array.dtype.name} {list(array.shape)}\n{array}")
