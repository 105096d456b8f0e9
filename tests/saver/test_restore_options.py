"""What Saver.restore can be told of a checkpoint that does not fit: in graphs and in eager mode."""

import re

import numpy as np
import pytest

import compat_saver as cs
from tests.small_models import write_checkpoint

pytestmark = pytest.mark.tensorflow

W, B = np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([1, 2, 3])


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


class InGraph:
    """A finalized graph of two variables, w of zeros and b of ones."""

    def __init__(self, tf, **options):
        v1 = tf.compat.v1
        with tf.Graph().as_default() as graph:
            self.variables = {
                "w": v1.get_variable("w", initializer=np.zeros_like(W)),
                "b": v1.get_variable("b", initializer=np.ones_like(B)),
            }
            self.saver = cs.Saver(**options)
            begin = v1.global_variables_initializer()
        graph.finalize()
        self.session = v1.Session(graph=graph)
        self.session.run(begin)

    def values(self):
        return self.session.run(self.variables)


class Eager:
    """The same of tf.Variables."""

    session = None

    def __init__(self, tf, **options):
        self.variables = {"w": tf.Variable(np.zeros_like(W)), "b": tf.Variable(np.ones_like(B))}
        self.saver = cs.Saver(self.variables, **options)

    def values(self):
        return {name: variable.numpy() for name, variable in self.variables.items()}


@pytest.fixture(params=[InGraph, Eager])
def program(request, tf):
    return request.param(tf)


def restore(program, prefix, **options):
    report = program.saver.restore(program.session, prefix, **options)
    return report, program.values()


def same(found, **expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_plain_restore_reports_as_well(program, tmp_path):
    report, found = restore(program, write_checkpoint(tmp_path / "m", {"w": W, "b": B, "step": np.int64(3)}))
    same(found, w=W, b=B)
    assert sorted(row.name for row in report.restored) == ["b", "w"]
    assert report.unexpected == ("step",)
    assert report.is_complete


def test_not_strict_leaves_the_others_as_they_were(program, tmp_path):
    report, found = restore(program, write_checkpoint(tmp_path / "m", {"w": W.T, "b": B}), strict=False)
    same(found, w=np.zeros_like(W), b=B)
    assert [(row.name, row.expected, row.found) for row in report.mismatched] == [
        ("w", "float32 [2, 3]", "float32 [3, 2]")
    ]
    report, found = restore(program, write_checkpoint(tmp_path / "n", {"w": W}), strict=False)
    same(found, w=W, b=B)
    assert [row.name for row in report.missing] == ["b"]


@pytest.mark.parametrize(
    "name_map",
    [
        {"weights": "w", "biases": "b"},
        {re.compile("^(.)[a-z]+$"): r"\1"},
        lambda name: name[0],
    ],
    ids=["exact", "pattern", "function"],
)
def test_names_are_mapped(program, tmp_path, name_map):
    prefix = write_checkpoint(tmp_path / "m", {"weights": W, "biases": B})
    same(restore(program, prefix, name_map=name_map)[1], w=W, b=B)


def test_swapped_names_are_swapped(tf, tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"w": W, "b": B, "v": 2 * W})
    found = restore(InGraph(tf), prefix, name_map={"v": "w", "w": "v"})[1]
    same(found, w=2 * W, b=B)


def test_a_scope_is_taken_off(program, tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"model/w": W, "model/b": B, "w": -W, "b": -B})
    report, found = restore(program, prefix, scope="model")
    same(found, w=W, b=B)
    assert report.unexpected == ("b", "w")


def test_averages_take_the_place_of_variables(program, tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"w": -W, "b": B, "w/ExponentialMovingAverage": W})
    same(restore(program, prefix, ema=True)[1], w=W, b=B)


def test_an_error_tells_the_argument_that_helps_and_changes_nothing(program, tf, tmp_path):
    prefix = write_checkpoint(tmp_path / "m", {"model/w": W, "model/b": B})
    with pytest.raises(tf.errors.NotFoundError, match="scope='model'") as caught:
        restore(program, prefix)
    assert isinstance(caught.value, cs.RestoreError)
    assert len(caught.value.report.missing) == 2
    same(program.values(), w=np.zeros_like(W), b=np.ones_like(B))


def test_a_table_is_filled_through_its_own_ops(tf, tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="words")
        put = table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
        asked = table.lookup(tf.constant(["a", "b", "c"]))
        saver = cs.Saver()
        with v1.Session() as session:
            session.run(put)
            saver.save(session, str(tmp_path / "m"))
        renamed = dict(cs.open_checkpoint(tmp_path / "m"))
        prefix = write_checkpoint(tmp_path / "n", {f"old/{name}": value for name, value in renamed.items()})
        with v1.Session() as session:
            saver.restore(session, prefix, scope="old")
            assert list(session.run(asked)) == [1, 2, -1]


def test_a_saveable_that_computes_is_restored_by_its_own_computation(tf, tmp_path):
    from tensorflow.python.training.saving.saveable_object import SaveableObject, SaveSpec

    v1 = tf.compat.v1
    with tf.Graph().as_default():
        doubled = v1.get_variable("doubled", initializer=np.zeros_like(B), use_resource=False)

        class Half(SaveableObject):
            def __init__(self):
                super().__init__(doubled, [SaveSpec(doubled / 2, "", "half")], "half")

            def restore(self, restored_tensors, restored_shapes):
                return v1.assign(doubled, restored_tensors[0] * 2)

        saver = cs.Saver({"half": Half()})
        prefix = write_checkpoint(tmp_path / "m", {"old/half": B})
        with v1.Session() as session:
            saver.restore(session, prefix, scope="old")
            np.testing.assert_array_equal(session.run(doubled), 2 * B)


def test_restoring_in_turn_still_works_for_a_part(tf, tmp_path):
    program = InGraph(tf, restore_sequentially=True)
    report, found = restore(program, write_checkpoint(tmp_path / "m", {"w": W}), strict=False)
    same(found, w=W, b=np.ones_like(B))
    assert [row.name for row in report.missing] == ["b"]


def test_options_need_a_checkpoint_at_hand(program):
    with pytest.raises(cs.UsageError, match="this machine"):
        restore(program, "gs://bucket/model.ckpt", strict=False)
