"""A process that imports TensorFlow once and, for each line it is told, forks one that saves until it is killed.

A line is JSON: the directory, how to save, how often, and the step with files at which to die, or null for never, or in
which of TensorFlow's saves. The child goes on from the latest checkpoint of the directory, as a SessionManager does,
and appends to `done` in it the number of every save that returned.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import tensorflow as tf

from compat_saver.proto.checkpoint_state import checkpoint_exists, read_checkpoint_state
from compat_saver.saver.saver import Saver
from tests.saver.dying import Death

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)
SAVERS = {"compat_saver": Saver, "tensorflow": v1.train.Saver}
LENGTH = 1 << 15


def save_until_killed(
    directory: Path,
    *,
    saver: str,
    numbered: bool,
    die_at: int | None,
    die_in: int | None = None,
    saves: int = 1,
    max_to_keep: int = 1,
    **options,
) -> None:
    graph = tf.Graph()
    with graph.as_default():
        variables = []
        for index in range(4):
            with v1.device(f"/cpu:{index % 2}"):
                variables.append(v1.get_variable(f"v{index}", [LENGTH], initializer=v1.zeros_initializer()))
        step = v1.train.get_or_create_global_step()
        following = v1.group(*(v1.assign_add(item, tf.ones_like(item)) for item in variables), v1.assign_add(step, 1))
        made = SAVERS[saver](max_to_keep=max_to_keep, **options)
        initialize = v1.global_variables_initializer()
    with v1.Session(graph=graph, config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        if (directory / "checkpoint").exists():
            state = read_checkpoint_state(directory)
            assert checkpoint_exists(state.model_checkpoint_path)
            made.restore(session, state.model_checkpoint_path)
            made.recover_last_checkpoints(state.all_model_checkpoint_paths)
        else:
            session.run(initialize)
        if die_at is not None:
            die_at_step(die_at)
        if die_in is not None:
            die_in_save(die_in)
        done = os.open(directory.with_suffix(".done"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for _ in range(saves if die_at is not None else 10_000):
            session.run(following)
            made.save(session, str(directory / "model.ckpt"), global_step=step if numbered else None)
            os.write(done, b"%d\n" % session.run(step))


def die_at_step(number: int) -> None:
    death = Death(number)
    death.count_files()
    Saver.export_meta_graph = death.counted(Saver.export_meta_graph)
    v1.train.Saver.save = death.counted(v1.train.Saver.save)


def die_in_save(number: int) -> None:
    save, death = v1.train.Saver.save, Death(number)

    def saved(*arguments, **keywords):
        death.step()
        return save(*arguments, **keywords)

    v1.train.Saver.save = saved


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if not child:
            try:
                save_until_killed(Path(told.pop("directory")), **told)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
