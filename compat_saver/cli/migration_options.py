"""The options that say what a migration makes: those of `migrate` and `batch`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from compat_saver.cli.arguments import Binding, Names, Renaming, SignatureArgument, once_each
from compat_saver.cli.source_options import source_options
from compat_saver.cli.verification_options import verification_options
from compat_saver.errors import UsageError

_OPTIONS = (
    click.option(
        "--inputs",
        type=Names(),
        metavar="a:0,b:0",
        help="Input tensors [default: required placeholders and the outputs of input pipelines].",
    ),
    click.option(
        "--outputs", type=Names(), metavar="c:0", help="Output tensors [default: the file's signatures, or inferred]."
    ),
    click.option(
        "--signature",
        "signatures",
        type=SignatureArgument(),
        multiple=True,
        callback=once_each,
        metavar="NAME:in1,in2->out1",
        help="A named signature; may be given several times, all share the weights.",
    ),
    click.option(
        "--bind",
        type=Binding(),
        multiple=True,
        callback=once_each,
        metavar="keep_prob:0=1.0",
        help="Fix a tensor, or all placeholders and constants that a pattern matches, to a constant; repeatable.",
    ),
    click.option(
        "--rename",
        type=Renaming(),
        multiple=True,
        callback=once_each,
        metavar="OLD=NEW",
        help="Give a signature key, or a tensor, a new key; repeatable. SIGNATURE/OLD is one signature's.",
    ),
    click.option(
        "--signatures",
        "signatures_file",
        type=click.Path(path_type=Path),
        metavar="FILE.yaml",
        help="Read signatures, and more of --bind and --rename, from a file.",
    ),
    click.option(
        "--training-behavior",
        type=click.Choice(["remove", "keep"]),
        default="remove",
        show_default=True,
        help="Turn dropout, batch statistics, random augmentation and updates to inference, or leave the graph as is.",
    ),
    click.option("--train", is_flag=True, help="Add the training steps of the graph as signatures, to go on training."),
    click.option(
        "--train-op",
        "train_ops",
        multiple=True,
        metavar="NAME",
        help="The op that the program ran to train, a signature as well; repeatable [default with --train: all found].",
    ),
    click.option(
        "--train-outputs",
        type=Names(),
        default=(),
        metavar="a:0,b:0",
        help="Further tensors that training steps return.",
    ),
    click.option(
        "--train-steps",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        metavar="K",
        help="How many training steps are compared with the original.",
    ),
    click.option("--ema", is_flag=True, help="Use the moving averages x/ExponentialMovingAverage as the weights x."),
    click.option(
        "--init-missing",
        is_flag=True,
        help="Initialize variables missing from the checkpoint with the graph's own initializers.",
    ),
    click.option(
        "--variables",
        type=click.Choice(["all", "large", "none"]),
        help="Make variables of constants that act as weights [default: large, if the graph has no variables].",
    ),
    click.option(
        "--output-tags",
        type=Names(),
        default="serve",
        show_default=True,
        help="The tags of the written model.",
    ),
    click.option(
        "--to",
        type=click.Choice(["tflite", "onnx"]),
        multiple=True,
        help="Write this format too, beside the SavedModel in OUT, compared with the original as well; repeatable.",
    ),
    click.option("--signature-def", metavar="NAME", help="The only signature of the file to serve [default: all]."),
)
_LAST = (
    click.option("--no-verify", is_flag=True, help="Publish without comparing with the original."),
    click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing, start no TensorFlow."),
    click.option("--overwrite", is_flag=True, help="Replace OUT if it is there."),
)


def migration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as the arguments of `compat_saver.migrate`."""

    @functools.wraps(command)
    def with_arguments(
        *,
        signatures: tuple[tuple[str, tuple[list[str] | None, list[str]]], ...],
        signatures_file: Path | None,
        bind: tuple[tuple[str, str], ...],
        rename: tuple[tuple[str, str], ...],
        no_verify: bool,
        **others: Any,
    ) -> Any:
        if signatures and signatures_file is not None:
            raise UsageError("Give signatures with --signature or in a file (--signatures), not both.")
        return command(
            signatures=dict(signatures) or signatures_file,
            bind=dict(bind),
            rename=dict(rename),
            verify=not no_verify,
            **others,
        )

    found: Callable[..., Any] = with_arguments
    for option in reversed(_LAST):
        found = option(found)
    found = source_options(verification_options(found))
    for option in reversed(_OPTIONS):
        found = option(found)
    return found
