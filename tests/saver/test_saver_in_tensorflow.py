"""What of TensorFlow takes a Saver takes ours: the training loops of TensorFlow 1 and its writer of SavedModels."""

from __future__ import annotations

import os

import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import compat_saver as cs  # noqa: E402
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


def test_a_saver_is_one_of_tensorflow_too():
    with tf.Graph().as_default():
        v1.get_variable("w", [2])
        for made in (cs.Saver(), cs.Saver.around(v1.train.Saver(), v1.get_default_graph())):
            assert isinstance(made, v1.train.Saver)
            assert isinstance(made, cs.Saver)
        assert issubclass(type(cs.Saver()), cs.Saver)
    assert cs.Saver.__mro__ == (cs.Saver, object)


def _saying(words, function, *arguments):
    with pytest.raises((ValueError, tf.errors.OpError, cs.CompatSaverError)) as caught:
        function(*arguments)
    assert words in str(caught.value), str(caught.value)


def test_errors_have_the_words_of_tensorflow(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        weights = v1.get_variable("w", [2])
        session.run(v1.global_variables_initializer())
        saver, prefix = cs.Saver([weights]), os.fspath(tmp_path / "model")
        _saying("is not a valid checkpoint", saver.restore, session, prefix)
        _saying("Unsuccessful TensorSliceReader", cs.load_checkpoint, prefix)
        _saying("collides with", saver.save, session, prefix, None, "model")
        saver.save(session, prefix)
        _saying("not found in checkpoint", cs.Saver({"v": weights}).restore, session, prefix)
        _saying("Key v not found in checkpoint", cs.load_variable, prefix, "v")
