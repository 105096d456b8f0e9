"""The command line: thin commands over the API.

Progress and summaries go to stderr, results to stdout. Exit codes: 0 done, 1 verification found a difference, 2 bad
usage or unreadable input, 3 the graph cannot be migrated, 70 a bug of ours, 130 interrupted.
"""

from __future__ import annotations

import atexit
import gc
import os

import click

from compat_saver.cli.examples import epilog
from compat_saver.cli.lazy_group import LazyGroup
from compat_saver.cli.log import log_options


@click.group(
    cls=LazyGroup,
    modules={
        f"compat_saver.cli.{name}": (name,)
        for name in ("inspect", "migrate", "verify", "batch", "run", "doctor", "checkpoint")
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="compat-saver", prog_name="compat-saver")
def main() -> None:
    """Reads TensorFlow 1 checkpoints and graphs, and migrates them into verified TensorFlow 2 SavedModels.

    SOURCE is a checkpoint prefix (model.ckpt-100), any file of it (.meta, .index, .data-..., a V1 file), or its
    directory; or a TF1 SavedModel, a TF1 Hub module, a frozen graph or a file of Keras.

    Exit codes: 0 done (and verified); 1 verification found a difference or nothing to compare, nothing was published; 2
    bad usage or unreadable input; 3 the graph cannot be migrated, with every obstacle listed; 70 a bug of
    compat-saver; 130 interrupted.

    Every command takes -q, -v, --debug and --log-file as well. Completion of commands, options and files by the shell
    (here bash; zsh and fish alike): eval "$(_COMPAT_SAVER_COMPLETE=bash_source compat-saver)"
    """
    _start_quickly()


main.params += log_options()
main.epilog = epilog("compat-saver")


_OBJECTS_BETWEEN_COLLECTIONS = 100_000


def _start_quickly() -> None:
    """Saves a short command a quarter of its time.

    Modules and graphs are many objects that stay: a search for garbage among them, after every 700 new ones and once
    more at exit, finds none. And no command multiplies matrices with numpy, whose BLAS starts a thread per processor.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
