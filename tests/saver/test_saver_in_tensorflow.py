"""What of TensorFlow takes a Saver takes ours: the training loops of TensorFlow 1 and its writer of SavedModels."""

from __future__ import annotations

import os

import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from tests.saver.differential import World, assert_alike, v1  # noqa: E402

pytestmark = pytest.mark.tensorflow


def monitored(world: World):
    saver = world.train.Saver(max_to_keep=2)
    hook = v1.train.CheckpointSaverHook("run", save_steps=2, saver=saver)
    with v1.train.SingularMonitoredSession(hooks=[hook], scaffold=v1.train.Scaffold(saver=saver)) as session:
        for _ in range(6):
            session.run(world.step.assign_add(1))
    return saver.last_checkpoints


def resumed(world: World):
    saver = world.train.Saver(defer_build=True)
    found = []
    for _ in range(2):
        scaffold = v1.train.Scaffold(saver=saver)
        with v1.train.MonitoredTrainingSession(
            checkpoint_dir="run",
            scaffold=scaffold,
            save_checkpoint_steps=2,
            save_summaries_steps=0,
            save_summaries_secs=None,
        ) as session:
            for _ in range(3):
                found.append(int(session.run(world.step.assign_add(1))))
        world.graph._unsafe_unfinalize()
    return [*found, saver.last_checkpoints]


def supervised(world: World):
    saver = world.train.Saver()
    supervisor = v1.train.Supervisor(
        logdir="run", saver=saver, save_model_secs=0, summary_op=None, global_step=world.step
    )
    with supervisor.managed_session() as session:
        session.run(world.next)
        supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
    return saver.last_checkpoints


def session_manager(world: World):
    saver = world.train.Saver()
    saver.save(world.start().session, "m")
    manager = v1.train.SessionManager()
    session, found = manager.recover_session("", saver=saver, checkpoint_dir=".")
    return found, session.run(world.b).tolist(), saver.last_checkpoints


def saved_model(world: World):
    world.start()
    builder = v1.saved_model.Builder("model")
    builder.add_meta_graph_and_variables(world.session, ["serve"], saver=world.train.Saver(name="mine"))
    builder.save()
    with tf.Graph().as_default(), v1.Session() as session:
        v1.saved_model.load(session, ["serve"], "model")
        found = session.run("a:0").tolist()
    os.unlink("model/saved_model.pb")
    return found


@pytest.mark.parametrize("program", [monitored, resumed, supervised, session_manager, saved_model])
def test_the_same_comes_of_it(tmp_path, program):
    assert_alike(program, tmp_path)
