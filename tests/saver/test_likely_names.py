"""Of the names that a variable goes by, the likeliest come first."""

import numpy as np
import pytest

from compat_saver.bundle import open_bundle
from compat_saver.saver.load_into.names import wanted_of
from compat_saver.saver.load_into.targets import INNER, OBJECTS, OWN, TargetVariable
from compat_saver.saver.matching.conflicts import fit_without_conflicts
from compat_saver.saver.matching.naming import Matching
from tests.saver.test_naming import of_objects
from tests.small_models import write_checkpoint

pytestmark = pytest.mark.tensorflow  # names of objects are asked of tf.Variable and tf.Module
FLOAT = 1


def variables(*names, shape=()):
    return [TargetVariable(item[OWN], object(), FLOAT, shape, item) for item in names]


def found(targets, checkpoint, **naming):
    wanted, names, _ = wanted_of(targets, checkpoint, Matching(**naming))
    return {match.wanted.number: match.keys for match in fit_without_conflicts(wanted, checkpoint, names).matches}


def stored(directory, *keys):
    return open_bundle(write_checkpoint(directory / "model.ckpt", {key: np.float32(0) for key in keys}))


def test_the_way_that_finds_most_is_first(tmp_path):
    checkpoint = stored(tmp_path, "a", "b", "c", "net/a")
    targets = variables(*({OWN: f"net/{name}", INNER: name} for name in "abc"))
    assert found(targets, checkpoint) == {0: ("a",), 1: ("b",), 2: ("c",)}


def test_its_own_name_is_first_where_as_many_are_found(tmp_path):
    targets = variables({OWN: "a", OBJECTS: "b"}, {OWN: "b", OBJECTS: "a"})
    assert found(targets, stored(tmp_path, "a", "b")) == {0: ("a",), 1: ("b",)}


def test_the_way_of_objects_is_first_in_what_was_saved_by_object(tmp_path):
    checkpoint = of_objects(tmp_path, ("first", "dense_1/w"), ("second", "dense/w"))
    targets = variables({OWN: "dense/w", OBJECTS: "first"}, {OWN: "dense_1/w", OBJECTS: "second"})
    ending = "/.ATTRIBUTES/VARIABLE_VALUE"
    assert found(targets, checkpoint) == {0: (f"first{ending}",), 1: (f"second{ending}",)}


def test_a_name_of_two_counts_once(tmp_path):
    checkpoint = stored(tmp_path, "w", "net/x", "net/y")
    targets = variables({OWN: "w", OBJECTS: "net/x"}, {OWN: "w", OBJECTS: "net/y"})
    assert found(targets, checkpoint) == {0: ("net/x",), 1: ("net/y",)}


def test_a_name_of_two_is_not_left_to_the_second(tmp_path):
    targets = variables({OWN: "w", OBJECTS: "net/x"}, {OWN: "w", OBJECTS: "net/y"})
    assert found(targets, stored(tmp_path, "w", "net/x")) == {0: ("net/x",)}


def test_only_shapes_that_fit_count(tmp_path):
    checkpoint = open_bundle(
        write_checkpoint(tmp_path / "model.ckpt", {"net/a": np.zeros(3, "f"), "a": np.zeros(2, "f")})
    )
    assert found(variables({OWN: "net/a", INNER: "a"}, shape=(2,)), checkpoint) == {0: ("a",)}


def test_what_the_map_gives_away_is_nobody_elses(tmp_path):
    import tensorflow as tf

    checkpoint = stored(tmp_path, "w")
    first, second = tf.Variable(0.0, name="w"), tf.Variable(0.0, name="other")
    targets = [
        TargetVariable(name, variable, FLOAT, (), {OWN: name}) for name, variable in (("w", first), ("other", second))
    ]
    assert found(targets, checkpoint, name_map={"w": second}) == {1: ("w",)}


@pytest.mark.tensorflow
def test_parts_that_the_map_gives_come_before_a_likely_whole(tmp_path):
    checkpoint = open_bundle(
        write_checkpoint(
            tmp_path / "model.ckpt",
            {"net/v": np.zeros(2, "f"), "w/part_0": np.zeros(1, "f"), "w/part_1": np.zeros(1, "f")},
        )
    )
    targets = variables({OWN: "net/v", INNER: "v"}, shape=(2,))
    name_map = {f"w/part_{number}": f"v/part_{number}" for number in range(2)}
    wanted, _, _ = wanted_of(targets, checkpoint, Matching(name_map=name_map))
    assert wanted[0].keys == ("v", "net/v")
