"""The same graphs, initialized by TensorFlow's own functions and by ours, hold the same values; errors come in time."""

import collections
import logging
import shutil
import sys

import numpy as np
import pytest

from compat_saver import _tensorflow
from compat_saver.bundle import open_bundle
from compat_saver.errors import ArtifactError, RestoreError, UsageError
from compat_saver.saver.init_from_checkpoint import init_from_checkpoint as initialization
from tests.golden_cases import all_cases
from tests.small_models import write_checkpoint

pytestmark = pytest.mark.tensorflow

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
v1 = tf.compat.v1
theirs = v1.train

W = np.arange(8, dtype=np.float32).reshape(4, 2)
TENSORS = {
    "old/w": W,
    "old/b": np.float32([1, 2]),
    "old/deep/w": -W,
    "top": np.float32(3),
    "a": np.float32(4),
    "row": np.float32([[8, 9]]),
    "step": np.int64(7),
    "words": np.array([b"a", b"b"], object),
}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    return str(write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "m", TENSORS))


@pytest.fixture(scope="module")
def written_by_tensorflow(tmp_path_factory):
    """Checkpoints with a partitioned variable: name of the kind -> prefix."""
    directory = tmp_path_factory.mktemp("partitioned")
    found = {}
    for kind, options in {
        "V2": {},
        "V1": {"write_version": 1},
        "V2 sharded": {"sharded": True},
        "V1 sharded": {"sharded": True, "write_version": 1},
    }.items():
        with tf.Graph().as_default(), v1.Session() as session:
            variable = get("w", parts=4)
            whole = v1.get_variable("whole", initializer=2 * W)
            session.run(v1.global_variables_initializer())
            session.run([v1.assign(part, W[row : row + 1]) for row, part in enumerate(variable)])
            found[kind] = theirs.Saver([variable, whole], **options).save(
                session, str(directory / kind.replace(" ", "-"))
            )
    return found


def get(name, shape=(4, 2), dtype=tf.float32, parts=None, axis=0, **options):
    partitioner = v1.fixed_size_partitioner(parts, axis) if parts else None
    return v1.get_variable(name, shape, dtype, v1.zeros_initializer(), partitioner=partitioner, **options)


def build(use_resource):
    """Makes the variables of a model, name -> variable."""
    with v1.variable_scope("new", use_resource=use_resource):
        made = {
            "w": get("w"),
            "b": get("b", (2,)),
            "parts": get("parts", parts=4),
            "columns": get("columns", parts=2, axis=1),
        }
        with v1.variable_scope("deep"):
            made["deep"] = get("w")
    with v1.variable_scope("", use_resource=use_resource):
        made["step"] = get("step", (), tf.int64)
        for name in ("old/deep/w", "old/w"):
            get(f"over/{name}")
        get("over/top", ())
        made["made"] = v1.Variable(W * 0, name="made")
        made["words"] = v1.get_variable("words", initializer=tf.constant([b"", b""]))
    return made


def values_after(call, prefix, use_resource=False):
    """The values of all variables of the model after a call and their initialization."""
    with tf.Graph().as_default(), v1.Session() as session:
        made = build(use_resource)
        call(prefix, made)
        session.run(v1.global_variables_initializer())
        return {variable.name: session.run(variable) for variable in v1.global_variables()}


def assert_same_values(ours, original):
    assert ours.keys() == original.keys()
    for name, value in original.items():
        assert np.array_equal(ours[name], value), name


MAPS = {
    "scope to scope": lambda made: {"old/deep/": "new/deep/"},
    "name to name": lambda made: {"old/w": "new/deep/w", "step": "step"},
    "name to variable": lambda made: {"old/w": made["w"], "old/b": made["b"], "old/deep/w": made["made"]},
    "text": lambda made: {"words": "words"},
    "name to parts": lambda made: {"old/w": made["parts"]._get_variable_list()},
    "name to columns": lambda made: {"old/w": list(made["columns"])},
    "name to name of parts": lambda made: {"old/w": "new/parts", "old/deep/w": "new/columns"},
    "some of the parts": lambda made: {"old/w": list(made["parts"])[1:3]},
    "pairs": lambda made: [("old/w", "new/w"), ("old/w", "new/parts"), ("old/w", made["made"])],
    "items": lambda made: iter([("old/w", "new/w")]),
    "another mapping": lambda made: collections.ChainMap({"old/w": "new/w"}, {"step": "step"}),
    "several": lambda made: {"old/deep/": "new/deep/", "old/w": made["w"], "old/b": "new/b", "step": made["step"]},
    "a scope but for one name": lambda made: {"/": "over/", "old/w": "over/old/deep/w", "a": "over/top"},
    "a variable in two scopes": lambda made: {"old/deep/": "new/deep/", "old/w": "new/deep/w", "old/": "new/deep/"},
    "a part of its own": lambda made: {"old/w": "new/parts", "row": "new/parts/part_1"},
    "nothing": lambda made: {},
}


@pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("which", MAPS)
def test_assignment_maps_as_tensorflow(prefix, which, use_resource):
    def values(module):
        return values_after(
            lambda path, made: module.init_from_checkpoint(path, MAPS[which](made)), prefix, use_resource
        )

    ours, original = values(initialization), values(theirs)
    assert_same_values(ours, original)
    assert any(value.any() for value in ours.values() if value.dtype != object) or which in ("nothing", "text")


@pytest.mark.parametrize(
    ("stored", "variables", "mapping"),
    [
        (["a", "s/b"], ["n/a", "n/s/b"], {"/": "n/"}),
        (["a", "s/b"], ["a", "s/b"], {"/": "/"}),
        (["m/a", "m/s/b"], ["a", "s/b"], {"m/": "/"}),
        (["m/a", "m/s/b", "c"], ["n/a", "n/s/b", "c"], {"m/": "n/", "c": "c"}),
        (["m/a"], ["n/a", "nn/a"], {"m/": "n/"}),
        (["m/parts"], ["n/parts:2"], {"m/": "n/"}),
    ],
    ids=str,
)
def test_scopes_as_tensorflow(tmp_path, stored, variables, mapping):
    path = write_checkpoint(tmp_path / "m", {name: W + number for number, name in enumerate(stored, 1)})

    def values(module):
        with tf.Graph().as_default(), v1.Session() as session:
            for variable in variables:
                name, _, parts = variable.partition(":")
                get(name, parts=int(parts) if parts else None)
            module.init_from_checkpoint(str(path), mapping)
            session.run(v1.global_variables_initializer())
            return {variable.name: session.run(variable) for variable in v1.global_variables()}

    assert_same_values(values(initialization), values(theirs))


@pytest.mark.parametrize("kind", ["V2", "V1", "V2 sharded", "V1 sharded"])
def test_partitioned_and_whole(written_by_tensorflow, kind):
    def call(module):
        return lambda path, made: module.init_from_checkpoint(
            path, [("w", made["w"]), ("w", "new/columns"), ("whole", "new/parts"), ("whole", made["deep"])]
        )

    ours, original = (values_after(call(module), written_by_tensorflow[kind]) for module in (initialization, theirs))
    assert_same_values(ours, original)
    assert np.array_equal(ours["new/w:0"], W)
    assert np.array_equal(ours["new/columns/part_1:0"], W[:, 1:])
    assert np.array_equal(ours["new/parts/part_3:0"], 2 * W[3:])


NAMED = ("partitioned", "v1_format", "sharded", "dense_adam", "resource_variables")
GOLDEN = [golden for name in NAMED for golden in all_cases(name)]


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_golden_checkpoints_fill_a_graph_of_the_same_names(golden):
    with open_bundle(golden.prefix) as checkpoint, tf.Graph().as_default(), v1.Session() as session:
        for key in checkpoint:
            info = checkpoint.info(key)
            dtype = tf.dtypes.as_dtype(info.dtype.number)
            v1.get_variable(key, info.shape, dtype, v1.zeros_initializer(), use_resource=True)
        initialization.init_from_checkpoint(golden.directory, {"/": "/"})
        session.run(v1.global_variables_initializer())
        for variable in v1.global_variables():
            assert np.array_equal(session.run(variable), checkpoint[variable.op.name])


def test_in_eager_execution_a_variable_is_filled_at_once(prefix):
    found = []
    for module in (initialization, theirs):
        variable = tf.Variable(W * 0)
        module.init_from_checkpoint(prefix, {"old/w": variable})
        found.append(variable.numpy())
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], W)


def test_any_source_is_taken(prefix, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("m.index", "m.data-00000-of-00001"):
        shutil.copy(prefix.removesuffix("m") + name, copy)
    (copy / "checkpoint").write_text('model_checkpoint_path: "/gone/m"\n')
    for source in (copy, copy / "m.index", str(copy).encode()):
        values = values_after(
            lambda path, made, source=source: initialization.init_from_checkpoint(source, {"old/w": "new/w"}), prefix
        )
        assert np.array_equal(values["new/w:0"], W)


def test_paths_that_only_tensorflow_knows(prefix):
    def call(path, made):
        initialization.init_from_checkpoint(f"file://{path}", {"old/w": made["w"]})
        initialization.warm_start(f"file://{path}", [made["step"]])

    values = values_after(call, prefix)
    assert np.array_equal(values["new/w:0"], W)
    assert values["step:0"] == 7


def test_where_tensorflow_keeps_no_store_of_variables(monkeypatch):
    monkeypatch.delattr(sys.modules["tensorflow.python.ops.variable_scope"], "_get_default_variable_store")
    with tf.Graph().as_default():
        variable = v1.Variable(W, name="scope/w")
        found = _tensorflow.variables_by_name()
        assert list(found) == ["scope/w"]
        assert found["scope/w"] is variable


def test_partitioned_variables_tuples_and_lists_of_one_are_taken(prefix):
    def call(path, made):
        initialization.init_from_checkpoint(path, [("old/w", made["parts"]), ("old/w", tuple(made["columns"]))])
        initialization.init_from_checkpoint(path, {"old/w": [made["w"]]})

    values = values_after(call, prefix)
    assert np.array_equal(values["new/parts/part_2:0"], W[2:3])
    assert np.array_equal(values["new/columns/part_0:0"], W[:, :1])
    assert np.array_equal(values["new/w:0"], W)


# What does not fit


def broken(mapping, kind=ValueError, *, says, theirs_raises=True):
    return pytest.param(mapping, kind, says, theirs_raises, id=says)


BROKEN = [
    broken({"old/kernel": "new/w"}, says="the tensor is not found in checkpoint"),
    broken({"old/ww": "new/w"}, says="did you mean 'old/w'"),
    broken({"w": "new/w"}, says="did you mean 'old/w' or 'old/deep/w'"),
    broken({"model/old/w": "new/w"}, says="did you mean 'old/w'"),
    broken({"old/w:0": "new/w"}, says=r"did you mean 'old/w'\?"),
    broken({3: "new/w"}, says="'3': the tensor is not found in checkpoint"),
    broken({"old/w": "new/ww"}, says="the graph has no variable 'new/ww'; did you mean 'new/w'"),
    broken({"old/w": "new/w:0"}, says="the graph has no variable 'new/w:0'; did you mean 'new/w'"),
    broken({"old/w": "made"}, says="Only variables made by get_variable are found by name"),
    broken(
        {"old/b": "new/w"},
        says=r"'new/w': .* doesn't match with shape of tensor: expected float32 \[4, 2\], found float32 \[2\]",
    ),
    broken({"step": "new/w"}, says=r"expected float32 \[4, 2\], found int64 \[\]"),
    broken({"old/b": "new/parts"}, says=r"variable 'new/parts': .* expected float32 \[4, 2\]", theirs_raises=False),
    broken({"old/w": "new/parts/part_0"}, says=r"variable 'new/parts/part_0': .* expected float32 \[1, 2\]"),
    broken({"top": "step"}, says=r"expected int64 \[\], found float32 \[\]", theirs_raises=False),
    broken({"old/": "new"}, says="end both names with a slash: 'old/': 'new/'"),
    broken({"old": "new/"}, says="end both names with a slash: 'old/': 'new/'"),
    broken(
        {"old/": "nwe/"},
        says="no variable of the graph is in the scope 'nwe/'; did you mean 'new/'",
        theirs_raises=False,
    ),
    broken({"odl/": "new/deep/"}, says="with 'old/deep/': 'new/deep/' all are found|with 'old/': 'new/deep/'"),
    broken({"odd/": "new/"}, says="no tensor of the checkpoint is in this scope"),
    broken({"old/": "new/"}, says="for 'new/columns', 'old/columns': the tensor is not found in checkpoint"),
    broken({"old/w": 3}, TypeError, says="expected a tf.Variable, the parts of one"),
    broken({"old/w": None}, TypeError, says="found None"),
    broken({"old/w": {"a": 1}}, TypeError, says="expected a tf.Variable, the parts of one"),
    broken({"old/w": []}, TypeError, says=r"found \[\]", theirs_raises=False),
]


@pytest.mark.parametrize(("mapping", "kind", "says", "theirs_raises"), BROKEN)
def test_misfits_raise_what_tensorflow_raises_and_change_nothing(prefix, mapping, kind, says, theirs_raises):
    with tf.Graph().as_default() as graph:
        made = build(use_resource=False)
        before = [variable.initializer for variable in v1.global_variables()]
        count = len(graph.get_operations())
        with pytest.raises(kind, match=says) as caught:
            initialization.init_from_checkpoint(prefix, [("old/w", made["w"]), *mapping.items()])
        assert isinstance(caught.value, RestoreError if kind is ValueError else UsageError)
        assert [variable.initializer for variable in v1.global_variables()] == before
        assert len(graph.get_operations()) == count
        if theirs_raises:
            with pytest.raises(kind):
                theirs.init_from_checkpoint(prefix, mapping)


def test_parts_of_different_variables(prefix):
    with tf.Graph().as_default():
        made = build(use_resource=True)
        parts, others = list(made["parts"]), list(made["columns"])
        for mixed in ([parts[0], others[0]], [parts[0], made["w"]]):
            with pytest.raises(ValueError, match="are not parts of one variable"):
                initialization.init_from_checkpoint(prefix, {"old/w": mixed})


def test_every_misfit_is_told_at_once(prefix):
    with tf.Graph().as_default():
        for number in range(30):
            get(f"many/v{number}")
        with pytest.raises(RestoreError) as caught:
            initialization.init_from_checkpoint(prefix, {"old/": "many/", "old/b": "many/v3"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  - and 11 more."
    assert lines[0] == f"{prefix} does not fit; no initializer was changed:"


def test_names_in_eager_execution_have_advice(prefix):
    for mapping in ({"old/w": "w"}, {"/": "model/"}):
        with pytest.raises(RestoreError, match=r"compat_saver\.load_into"):
            initialization.init_from_checkpoint(prefix, mapping)


@pytest.mark.parametrize("call", ["init_from_checkpoint", "warm_start"])
def test_no_checkpoint_as_tensorflow(tmp_path, call):
    with tf.Graph().as_default():
        get("w")
        arguments = ({"w": "w"},) if call == "init_from_checkpoint" else ()
        for module in (initialization, theirs):
            with pytest.raises(tf.errors.NotFoundError):
                getattr(module, call)(str(tmp_path / "none"), *arguments)
        with pytest.raises(ArtifactError, match="no checkpoint"):
            getattr(initialization, call)(tmp_path, *arguments)
        if call == "init_from_checkpoint":
            for module in (initialization, theirs):
                with pytest.raises(ValueError):  # noqa: PT011
                    module.init_from_checkpoint(str(tmp_path), *arguments)


# Warm start


def warm_model():
    """Makes a model of which part is trainable and part is not."""
    get("old/w")
    get("old/b", (2,))
    get("old/deep/w", parts=2, use_resource=True)
    get("step", (), tf.int64, trainable=False)
    get("other/w")


WARM = {
    "a regular expression": (("old/",), {}),
    "another": ((".*deep.*",), {}),
    "global variables": ((["step", "old/w"],), {}),
    "none of them": ((["nope"],), {}),
    "an earlier name": (("other.*",), {"var_name_to_prev_var_name": {"other/w": "old/w"}}),
    "one tensor for two": (("o.*/w",), {"var_name_to_prev_var_name": {"other/w": "old/w", "old/deep/w": "old/w"}}),
    "nothing": ((None,), {}),
    "an empty list": (([],), {}),
}


def warmed(module, path, *arguments, **options):
    with tf.Graph().as_default(), v1.Session() as session:
        warm_model()
        module.warm_start(path, *arguments, **options)
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        return {variable.name: session.run(variable) for variable in v1.global_variables()}


@pytest.mark.parametrize("which", WARM)
def test_warm_starts_as_tensorflow(prefix, which):
    arguments, options = WARM[which]
    ours = warmed(initialization, prefix, *arguments, **options)
    assert_same_values(ours, warmed(theirs, prefix, *arguments, **options))
    is_filled = any(value.any() for value in ours.values())
    assert is_filled == (which not in ("nothing", "none of them", "an empty list"))


def test_a_warm_start_by_variables(prefix):
    found = []
    for module in (initialization, theirs):
        with tf.Graph().as_default(), v1.Session() as session:
            warm_model()
            module.warm_start(prefix, [v for v in v1.global_variables() if v.op.name.startswith(("old/deep", "step"))])
            session.run(v1.global_variables_initializer())
            found.append({variable.name: session.run(variable) for variable in v1.global_variables()})
    assert_same_values(*found)
    assert found[0]["step:0"] == 7


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("chosen", [None, "old/w"])
def test_vocabularies_as_tensorflow(prefix, tmp_path, axis, chosen):
    old = ["a", "b", "c", "d"] if axis == 0 else ["a", "b"]
    (tmp_path / "old").write_text("\n".join(old) + "\n")
    (tmp_path / "new").write_text("\n".join(reversed(old)) + "\n")
    info = v1.train.VocabInfo(str(tmp_path / "new"), len(old), 0, str(tmp_path / "old"), axis=axis)
    options = {"var_name_to_vocab_info": {"old/w": info}}
    ours = warmed(initialization, prefix, chosen, **options)
    assert_same_values(ours, warmed(theirs, prefix, chosen, **options))
    assert np.array_equal(ours["old/w:0"], W[::-1] if axis == 0 else W[:, ::-1])


def test_object_based_checkpoints_are_known_by_the_names_of_variables(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("old/w", initializer=W, use_resource=True)
        session.run(variable.initializer)
        saver = theirs.Checkpoint(kernel=variable)
        path = saver.save(str(tmp_path / "objects"), session=session)
    ours, original = (warmed(module, path, "old/w") for module in (initialization, theirs))
    assert_same_values(ours, original)
    assert np.array_equal(ours["old/w:0"], W)
    with tf.Graph().as_default():
        warm_model()
        for module in (initialization, theirs):
            with pytest.raises(ValueError, match="other/w"):
                module.warm_start(path, "o.*/w")


WARM_ERRORS = [
    ((3,), {}, "expected a regular expression"),
    (([3],), {}, "expected a regular expression"),
    ((("old/w",),), {}, "expected a regular expression"),
    (("other",), {}, "'other/w' is not found in checkpoint; did you mean 'old/w'"),
    (("old/w",), {"var_name_to_prev_var_name": {"old/w": "old/b"}}, r"expected float32 \[4, 2\], found float32 \[2\]"),
    (("old/w",), {"var_name_to_prev_var_name": {"old/w": "gone"}}, "'old/w' is not found in checkpoint as 'gone'"),
    (("old/w",), {"var_name_to_prev_var_name": {"old/ww": "old/w"}}, "no variable 'old/ww' is warm-started; did you"),
    (("old/w",), {"var_name_to_vocab_info": {"nope": 1}}, "var_name_to_vocab_info: no variable 'nope'"),
]


@pytest.mark.parametrize(("arguments", "options", "says"), WARM_ERRORS, ids=str)
def test_warm_starts_that_do_not_fit(prefix, arguments, options, says):
    with tf.Graph().as_default() as graph:
        warm_model()
        count = len(graph.get_operations())
        with pytest.raises(ValueError, match=says) as caught:
            initialization.warm_start(prefix, *arguments, **options)
        assert isinstance(caught.value, (RestoreError, UsageError))
        assert len(graph.get_operations()) == count
        with pytest.raises(ValueError):  # noqa: PT011
            theirs.warm_start(prefix, *arguments, **options)


def test_a_warm_start_of_nothing_is_told_of(prefix, caplog):
    with caplog.at_level(logging.WARNING, "compat_saver"):
        initialization.warm_start(prefix, "nope")
    assert "no variable of the graph is of vars_to_warm_start='nope'" in caplog.text
