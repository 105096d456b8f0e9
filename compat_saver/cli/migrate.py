"""`compat-saver migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from compat_saver._tensorflow import be_quiet
from compat_saver.cli.arguments import Binding, Names, Renaming, SignatureArgument, once_each
from compat_saver.cli.output import print_report, reports_failures, stages
from compat_saver.cli.source_options import source_options
from compat_saver.cli.verification_options import verification_options
from compat_saver.errors import UsageError, VerificationError


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("output", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--inputs",
    type=Names(),
    metavar="a:0,b:0",
    help="Input tensors [default: required placeholders and the outputs of input pipelines].",
)
@click.option(
    "--outputs", type=Names(), metavar="c:0", help="Output tensors [default: the file's signatures, or inferred]."
)
@click.option(
    "--signature",
    "signatures",
    type=SignatureArgument(),
    multiple=True,
    callback=once_each,
    metavar="NAME:in1,in2->out1",
    help="A named signature; may be given several times, all share the weights.",
)
@click.option(
    "--bind",
    type=Binding(),
    multiple=True,
    callback=once_each,
    metavar="keep_prob:0=1.0",
    help="Fix a tensor, or all placeholders and constants that a pattern matches, to a constant; repeatable.",
)
@click.option(
    "--rename",
    type=Renaming(),
    multiple=True,
    callback=once_each,
    metavar="OLD=NEW",
    help="Give a signature key, or a tensor, a new key; repeatable. SIGNATURE/OLD is one signature's.",
)
@click.option(
    "--signatures",
    "signatures_file",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    help="Read signatures, and more of --bind and --rename, from a file.",
)
@click.option(
    "--training-behavior",
    type=click.Choice(["remove", "keep"]),
    default="remove",
    show_default=True,
    help="Turn dropout, batch statistics, random augmentation and updates to inference, or leave the graph as it is.",
)
@click.option("--train", is_flag=True, help="Add the training steps of the graph as signatures, to go on training.")
@click.option(
    "--train-op",
    "train_ops",
    multiple=True,
    metavar="NAME",
    help="The op that the program ran to train, a signature as well; repeatable [default with --train: all found].",
)
@click.option(
    "--train-outputs", type=Names(), default=(), metavar="a:0,b:0", help="Further tensors that training steps return."
)
@click.option(
    "--train-steps",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    metavar="K",
    help="How many training steps are compared with the original.",
)
@click.option("--ema", is_flag=True, help="Use the moving averages x/ExponentialMovingAverage as the weights x.")
@click.option(
    "--init-missing",
    is_flag=True,
    help="Initialize variables missing from the checkpoint with the graph's own initializers.",
)
@click.option(
    "--variables",
    type=click.Choice(["all", "large", "none"]),
    help="Make variables of constants that act as weights [default: large, if the graph has no variables].",
)
@click.option(
    "--output-tags",
    type=Names(),
    default="serve",
    show_default=True,
    help="The tags of the written model.",
)
@click.option(
    "--architecture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keras: the model as to_json() or to_yaml() wrote it, for a file of weights alone.",
)
@click.option(
    "--custom-objects",
    multiple=True,
    metavar="[NAME=]MODULE:NAME",
    help="Keras: a custom class or function, or the function of the Lambda layer NAME; repeatable.",
)
@click.option("--signature-def", metavar="NAME", help="The only signature of the file to serve [default: all].")
@source_options
@verification_options
@click.option("--no-verify", is_flag=True, help="Publish without comparing with the original.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing, start no TensorFlow.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it is there.")
@reports_failures
def migrate(
    source: Path,
    output: Path,
    signatures: tuple[tuple[str, tuple[list[str], list[str]]], ...],
    bind: tuple[tuple[str, str], ...],
    rename: tuple[tuple[str, str], ...],
    signatures_file: Path | None,
    no_verify: bool,
    custom_objects: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Migrate SOURCE into a TensorFlow 2 SavedModel at OUT, or a Keras model into OUT.keras.

    The written model is loaded back and compared with the original graph on the same inputs; OUT appears only if they
    agree.
    """
    import compat_saver

    if signatures and signatures_file is not None:
        raise UsageError("Give signatures with --signature or in a file (--signatures), not both.")
    be_quiet()
    try:
        with stages() as progress:
            report = compat_saver.migrate(
                source,
                output,
                signatures=dict(signatures) or signatures_file,
                bind=dict(bind),
                rename=dict(rename),
                verify=not no_verify,
                custom_objects=_custom(custom_objects),
                progress=progress,
                **options,
            )
    except VerificationError as error:
        if not as_json and error.report is not None:  # else it is printed with the failure
            print_report(error.report, as_json)
        raise
    print_report(report, as_json)
    click.echo(_SUMMARIES[report.status].format(report.output), err=True)


def _custom(given: tuple[str, ...]) -> dict[str, str]:
    from compat_saver.keras_models.routing import parse_custom

    return dict(parse_custom(item) for item in given)


_SUMMARIES = {
    "passed": "Verified and written to {}.",
    "skipped": "Written to {}, not verified.",
    "planned": "Nothing was written (dry run).",
}
