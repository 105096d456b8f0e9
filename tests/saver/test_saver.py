"""The Saver does what TensorFlow's does: same files, same state, same answers, errors of the same kind."""

from __future__ import annotations

import inspect
import os
import time
from pathlib import Path

import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from tests.saver.differential import World, assert_alike, v1  # noqa: E402

pytestmark = pytest.mark.tensorflow

V1, V2 = v1.train.SaverDef.V1, v1.train.SaverDef.V2


def bulk_builder():
    from tensorflow.python.training.saver import BulkSaverBuilder

    return BulkSaverBuilder(V2)


def saver_def_of_all() -> object:
    return v1.train.Saver(name="first").as_saver_def()


CONSTRUCTOR = {
    "nothing": lambda world: {},
    "a list": lambda world: {"var_list": [world.a, world.step]},
    "a tuple": lambda world: {"var_list": (world.b,)},
    "a set": lambda world: {"var_list": {world.a, world.b}},
    "names": lambda world: {"var_list": {"other/a": world.a, "b": world.b}},
    "a partitioned variable": lambda world: {"var_list": [world.parts]},
    "a partitioned variable by name": lambda world: {"var_list": {"p": world.parts, "a": world.a}},
    "its parts": lambda world: {"var_list": {"p": list(world.parts)}},
    "reshape": lambda world: {"reshape": True},
    "sharded": lambda world: {"sharded": True},
    "max_to_keep": lambda world: {"max_to_keep": 2},
    "max_to_keep 0": lambda world: {"max_to_keep": 0},
    "max_to_keep None": lambda world: {"max_to_keep": None},
    "hours": lambda world: {"max_to_keep": 1, "keep_checkpoint_every_n_hours": 2.0},
    "name": lambda world: {"name": "mine"},
    "restore_sequentially": lambda world: {"restore_sequentially": True},
    "saver_def": lambda world: {"saver_def": saver_def_of_all()},
    "builder": lambda world: {"builder": bulk_builder()},
    "allow_empty": lambda world: {"allow_empty": True},
    "allow_empty and nothing": lambda world: {"var_list": [], "allow_empty": True},
    "V1": lambda world: {"write_version": V1},
    "V1, sharded": lambda world: {"write_version": V1, "sharded": True, "max_to_keep": 2},
    "pad_step_number": lambda world: {"pad_step_number": True},
    "save_relative_paths": lambda world: {"save_relative_paths": True},
    "filename": lambda world: {"filename": "there"},
    "by position": lambda world: (None, False, True, 3, 1.0, "n", True, None, None, False, True, V1, True, True, "f"),
}
WAYS_TO_SAVE = {
    "nothing": {},
    "a number": {"global_step": 12},
    "a variable": {"global_step": lambda world: world.step},
    "a tensor": {"global_step": lambda world: world.step.value()},
    "a name": {"global_step": "global_step:0"},
    "latest_filename": {"latest_filename": "newest", "global_step": 3},
    "meta_graph_suffix": {"meta_graph_suffix": "graph", "global_step": 3},
    "no graph": {"write_meta_graph": False},
    "no state": {"write_state": False},
    "strip_default_attrs": {"strip_default_attrs": True},
    "save_debug_info": {"save_debug_info": True},
    "bytes": {"save_path": b"m"},
    "dots": {"save_path": "./m.ckpt.v2"},
    "a directory": {"save_path": "sub/m"},
}


def train_and_save(world: World, saver, steps=4, after_each=lambda: None, **options):
    """Saves after each of some steps, then goes back to the oldest checkpoint that is kept."""
    world.start()
    answers = []
    for _ in range(steps):
        world.session.run(world.next)
        after_each()
        answers.append(saver.save(world.session, "model", global_step=world.step, **options))
    answers.append(saver.last_checkpoints)
    if saver.last_checkpoints:
        saver.restore(world.session, saver.last_checkpoints[0])
    return [*answers, str(saver.as_saver_def()), world.values()]


@pytest.fixture
def hours_pass(monkeypatch):
    """What makes an hour and forty minutes pass."""
    now = [1e9]
    monkeypatch.setattr(time, "time", lambda: now[0])

    def later() -> None:
        now[0] += 6000

    return later


def test_signatures():
    """Ours have all parameters of theirs in their order; additional ones are keyword-only."""
    from compat_saver.saver import meta_graph, saver

    functions = [name for name in dir(v1.train.Saver) if not name.startswith("_")]
    pairs = [(getattr(v1.train.Saver, name), getattr(saver.Saver, name)) for name in functions]
    pairs += [(v1.train.Saver.__init__, saver.Saver.__init__)]
    pairs += [
        (getattr(v1.train, name), getattr(meta_graph, name)) for name in ("import_meta_graph", "export_meta_graph")
    ]
    for theirs, ours in pairs:
        if callable(theirs):
            expected = _parameters(theirs)
            additional = [item for item in _parameters(ours) if item not in expected]
            assert [item for item in _parameters(ours) if item in expected] == expected, theirs
            assert all(kind == inspect.Parameter.KEYWORD_ONLY for _, kind, _ in additional)


def _parameters(function) -> list[tuple]:
    return [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("made", CONSTRUCTOR.values(), ids=CONSTRUCTOR)
def test_arguments_of_the_constructor(tmp_path, made, hours_pass):
    def program(world):
        arguments = made(world)
        positional = arguments if isinstance(arguments, tuple) else ()
        named = {} if positional else arguments
        return train_and_save(world, world.train.Saver(*positional, **named), after_each=hours_pass)

    assert_alike(program, tmp_path)


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("options", WAYS_TO_SAVE.values(), ids=WAYS_TO_SAVE)
@pytest.mark.parametrize("form", [{}, {"sharded": True}, {"write_version": V1}, {"write_version": V1, "sharded": True}])
def test_arguments_of_save(tmp_path, options, again, form):
    def program(world):
        saver = world.train.Saver(**form)
        given = {key: value(world) if callable(value) else value for key, value in options.items()}
        path = given.pop("save_path", "m")
        os.makedirs("sub")
        world.start()
        answers = [saver.save(world.session, path, **given)]
        if again:
            world.session.run(world.next)
            answers.append(saver.save(world.session, path, **given))
        return answers, saver.last_checkpoints

    assert_alike(program, tmp_path)


def test_absolute_paths(tmp_path):
    def program(world):
        saver = world.train.Saver()
        world.start()
        for path in ("model", os.path.abspath("model"), os.path.abspath("model")):
            saver.save(world.session, path)
        text = Path("checkpoint").read_text().replace(os.getcwd(), "HERE")
        os.unlink("checkpoint")
        return text

    assert_alike(program, tmp_path)


def test_defer_build(tmp_path):
    def program(world):
        saver = world.train.Saver(defer_build=True)
        assert saver.saver_def is None
        saver.build()
        saver.build()
        return train_and_save(world, saver, steps=1)

    assert_alike(program, tmp_path)


def test_reshape_takes_another_shape(tmp_path):
    def program(world):
        world.start()
        other = v1.get_variable("flat", [6], initializer=v1.zeros_initializer())
        world.train.Saver({"a": world.a}).save(world.session, "m")
        world.train.Saver({"a": other}, reshape=True).restore(world.session, "m")
        return world.session.run(other).tolist()

    assert_alike(program, tmp_path)


def test_methods_on_the_list_of_checkpoints(tmp_path):
    def program(world):
        world.start()
        first = world.train.Saver(max_to_keep=3)
        paths = [first.save(world.session, "m", global_step=step) for step in range(3)]
        os.unlink("m-1.index")
        recovered = world.train.Saver(max_to_keep=2)
        recovered.recover_last_checkpoints([*paths, "gone"])
        answers = [recovered.last_checkpoints]
        recovered.save(world.session, "m", global_step=9)
        answers.append(recovered.last_checkpoints)
        told = world.train.Saver(max_to_keep=2, keep_checkpoint_every_n_hours=1)
        told.set_last_checkpoints(["m-0", "m-2"])
        told.save(world.session, "m", global_step=10)
        told.set_last_checkpoints_with_time([("m-9", 5.0)])
        answers.append(told.last_checkpoints)
        for step in (11, 12):
            told.save(world.session, "m", global_step=step)
        return [*answers, told.last_checkpoints]

    assert_alike(program, tmp_path)


def test_protos(tmp_path):
    def program(world):
        with tf.name_scope("scope"):
            saver = world.train.Saver(name="inner")
        found = [str(saver.to_proto()), str(saver.to_proto(export_scope="scope")), str(saver.to_proto("other"))]
        inner = v1.train.SaverDef.FromString(saver.to_proto(export_scope="scope").SerializeToString())
        again = world.train.Saver.from_proto(inner, import_scope="scope")
        return [*found, *train_and_save(world, again, steps=2)]

    assert_alike(program, tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"as_text": True, "filename": "g.pbtxt"},
        {"filename": "g.graph", "clear_devices": True},
        {"collection_list": ["trainable_variables"]},
        {"export_scope": "scope"},
        {"clear_extraneous_savers": True},
        {"strip_default_attrs": True},
        {"filename": "g.meta", "save_debug_info": True},
    ],
)
def test_export_meta_graph(tmp_path, options):
    def program(world):
        world.train.Saver(name="extraneous")
        return world.train.Saver(name="own").export_meta_graph(**options)

    assert_alike(program, tmp_path)


def saved(world: World):
    saver = world.train.Saver()
    saver.save(world.start().session, "m")
    return saver


def other_session():
    graph = tf.Graph()
    with graph.as_default():
        tf.constant(1)
    return v1.Session(graph=graph)


def in_a_file(world: World):
    Path("file").write_text("")
    return world.train.Saver().save(world.start().session, "file/m")


def another(world: World, saved_as, wanted):
    world.train.Saver(saved_as).save(world.start().session, "m")
    world.train.Saver(wanted).restore(world.session, "m")


def damaged(world: World, name: str, change):
    saver = saved(world)
    data = Path(name).read_bytes()
    Path(name).unlink()
    if change is not None:
        Path(name).write_bytes(change(data))
    saver.restore(world.session, "m")


ERRORS = {
    "no variables": lambda world: world.train.Saver([]),
    "a number": lambda world: world.train.Saver(3),
    "numbers": lambda world: world.train.Saver([3]),
    "twice": lambda world: world.train.Saver([world.a, world.a]),
    "deferred with variables": lambda world: world.train.Saver([world.a], defer_build=True),
    "a wrong saver_def": lambda world: world.train.Saver(saver_def=3),
    "an empty saver_def": lambda world: world.train.Saver(saver_def=v1.train.SaverDef()),
    "not built": lambda world: world.train.Saver(defer_build=True).save(world.start().session, "m"),
    "not built, restored": lambda world: world.train.Saver(defer_build=True).restore(world.start().session, "m"),
    "no session": lambda world: world.train.Saver().save(None, "m"),
    "no session to restore": lambda world: saved(world).restore(None, "m"),
    "no session, but a step": lambda world: world.train.Saver().save(None, "m", global_step=world.step),
    "another graph": lambda world: world.train.Saver().save(other_session(), "m"),
    "another graph to restore": lambda world: saved(world).restore(other_session(), "m"),
    "a path in latest_filename": lambda world: world.train.Saver().save(
        world.start().session, "m", latest_filename="a/b"
    ),
    "collision": lambda world: world.train.Saver().save(world.start().session, "checkpoint"),
    "collision with another name": lambda world: world.train.Saver().save(
        world.start().session, "m", latest_filename="m"
    ),
    "no directory": lambda world: world.train.Saver().save(world.start().session, "a/b/m"),
    "a file for a directory": in_a_file,
    "uninitialized": lambda world: world.train.Saver([world.a]).save(world.session, "m"),
    "uninitialized reference": lambda world: world.train.Saver([world.b]).save(world.session, "m"),
    "a wrong step": lambda world: world.train.Saver().save(world.start().session, "m", global_step="nowhere:0"),
    "None": lambda world: saved(world).restore(world.session, None),
    "nothing there": lambda world: saved(world).restore(world.session, "other"),
    "a graph alone": lambda world: damaged(world, "m.index", None),
    "no data": lambda world: damaged(world, "m.data-00000-of-00001", None),
    "altered data": lambda world: damaged(world, "m.data-00000-of-00001", lambda data: b"\xff" + data[1:]),
    "data cut short": lambda world: damaged(world, "m.data-00000-of-00001", lambda data: data[:-1]),
    "index cut short": lambda world: damaged(world, "m.index", lambda data: data[:-1]),
    "an empty index": lambda world: damaged(world, "m.index", lambda data: b""),
    "missing variables": lambda world: another(world, {"a": world.a}, {"a": world.a, "c": world.b}),
    "another shape": lambda world: another(world, {"a": world.a}, {"a": v1.get_variable("c", [3], use_resource=False)}),
    "another dtype": lambda world: another(world, {"a": world.a}, {"a": v1.get_variable("c", [2, 3], tf.float64)}),
    "last_checkpoints no list": lambda world: world.train.Saver().set_last_checkpoints(("m",)),
}


@pytest.mark.parametrize("program", ERRORS.values(), ids=ERRORS)
def test_errors(tmp_path, program):
    error = assert_alike(program, tmp_path)
    assert isinstance(error, Exception)
