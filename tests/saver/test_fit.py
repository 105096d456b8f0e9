"""Which tensor fills which variable."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_saver.analysis.values.weights import Part
from compat_saver.bundle import BundleWriter, open_bundle, parse_shape_and_slice
from compat_saver.saver.matching.conflicts import fit_without_conflicts
from compat_saver.saver.matching.fit import Wanted, fit
from compat_saver.saver.matching.naming import Matching, stored_names
from tests.small_models import write_checkpoint

W = np.arange(12, dtype=np.float32).reshape(4, 3)
FLOAT, DOUBLE = 1, 2


def want(name, shape, *keys, dtype=FLOAT, **facts):
    return Wanted(name, dtype, shape, keys or (name,), **facts)


def opened(tmp_path, **tensors):
    named = {name.replace("__", "/"): np.asarray(value) for name, value in tensors.items()}
    return open_bundle(write_checkpoint(tmp_path / "model.ckpt", named))


def fitted(checkpoint, *wanted, **naming):
    return fit(wanted, checkpoint, stored_names(checkpoint, Matching(**naming)))


def values(checkpoint, found):
    return {match.wanted.name: np.asarray(match.read(checkpoint)) for match in found.matches}


def test_by_name(tmp_path):
    checkpoint = opened(tmp_path, w=W, w__Adam=W, step=np.int64(3))
    found = fitted(checkpoint, want("w", (4, 3)))
    np.testing.assert_array_equal(values(checkpoint, found)["w"], W)
    assert [(row.name, row.keys, row.dtype, row.shape) for row in found.report.restored] == [
        ("w", ("w",), "float32", (4, 3))
    ]
    assert found.report.unexpected == ("step", "w/Adam")
    assert found.report.is_complete
    assert found.matches[0].is_plain


def test_the_likeliest_name_that_fits(tmp_path):
    checkpoint = opened(tmp_path, a=np.float32([1]), b=W, c=2 * W)
    found = fitted(checkpoint, want("w", (4, 3), "nowhere", "a", "b", "c"))
    assert found.matches[0].name == "b"
    np.testing.assert_array_equal(values(checkpoint, found)["w"], W)


def test_a_name_that_does_not_fit_is_told_of_when_none_does(tmp_path):
    found = fitted(opened(tmp_path, a=np.float32([1])), want("w", (4, 3), "nowhere", "a"))
    (row,) = found.report.mismatched
    assert (row.name, row.key, row.expected, row.found) == ("w", "a", "float32 [4, 3]", "float32 [1]")
    assert not found.matches
    assert not found.report.unexpected


@pytest.mark.parametrize(
    ("shape", "dtype", "expected", "found"),
    [
        ((3, 4), FLOAT, "float32 [3, 4]", "float32 [4, 3]"),
        ((4, 3), DOUBLE, "float64 [4, 3]", "float32 [4, 3]"),
        ((12,), FLOAT, "float32 [12]", "float32 [4, 3]"),
        ((), FLOAT, "float32 []", "float32 [4, 3]"),
        ((None, 4), FLOAT, "float32 [?, 4]", "float32 [4, 3]"),
    ],
)
def test_dtypes_and_shapes(tmp_path, shape, dtype, expected, found):
    report = fitted(opened(tmp_path, w=W), want("w", shape, dtype=dtype)).report
    assert [(row.expected, row.found) for row in report.mismatched] == [(expected, found)]
    assert not report.restored
    assert not report.missing


@pytest.mark.parametrize("shape", [None, (None, 3), (4, None), (None, None), (4, 3)])
def test_shapes_that_are_not_all_known(tmp_path, shape):
    checkpoint = opened(tmp_path, w=W)
    found = fitted(checkpoint, want("w", shape))
    np.testing.assert_array_equal(values(checkpoint, found)["w"], W)
    assert found.report.restored[0].shape == (4, 3)


def test_reshaped(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    found = fitted(checkpoint, want("w", (2, 6), is_reshaped=True))
    np.testing.assert_array_equal(values(checkpoint, found)["w"], W.reshape(2, 6))
    assert fitted(checkpoint, want("w", (2, 5), is_reshaped=True)).report.mismatched


def test_a_slice(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    part = Part(*parse_shape_and_slice("4 3 1,2:0,3"))
    found = fitted(checkpoint, want("w/part_1", (2, 3), "w", part=part))
    np.testing.assert_array_equal(values(checkpoint, found)["w/part_1"], W[1:3])
    assert found.matches[0].is_plain


def test_a_slice_of_another_whole(tmp_path):
    part = Part(*parse_shape_and_slice("5 3 1,2:0,3"))
    (row,) = fitted(opened(tmp_path, w=W), want("w/part_1", (2, 3), "w", part=part)).report.mismatched
    assert (row.expected, row.found) == ("float32 [5, 3]", "float32 [4, 3]")


def test_parts_that_were_saved_one_by_one_are_joined(tmp_path):
    checkpoint = opened(tmp_path, w__part_0=W[:1], w__part_1=W[1:], v__part_0=W[:, :2], v__part_1=W[:, 2:])
    found = fitted(checkpoint, want("w", (4, 3)), want("v", (4, 3)))
    for value in values(checkpoint, found).values():
        np.testing.assert_array_equal(value, W)
    assert found.report.restored[0].keys == ("w/part_0", "w/part_1")
    assert not found.report.unexpected
    assert not found.matches[0].is_plain


def test_parts_in_the_order_of_their_numbers(tmp_path):
    rows = np.arange(11, dtype=np.float32).reshape(11, 1)
    with BundleWriter(tmp_path / "model.ckpt") as writer:
        for number in range(11):
            writer.add(f"w/part_{number}", rows[number : number + 1])
    checkpoint = open_bundle(tmp_path / "model.ckpt")
    np.testing.assert_array_equal(values(checkpoint, fitted(checkpoint, want("w", (11, 1))))["w"], rows)


def test_parts_with_a_gap_are_not_joined(tmp_path):
    report = fitted(opened(tmp_path, w__part_0=W[:1], w__part_2=W[1:]), want("w", (4, 3))).report
    assert [row.name for row in report.missing] == ["w"]


def test_parts_of_another_dtype_are_not_joined(tmp_path):
    report = fitted(opened(tmp_path, w__part_0=W[:1], w__part_1=W[1:].astype(np.float64)), want("w", (4, 3))).report
    assert [row.name for row in report.missing] == ["w"]


def test_a_whole_is_cut_into_the_parts_that_are_asked_for(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    wanted = [want("w/part_1", (3, 3)), want("w/part_0", (1, 3))]
    found = values(checkpoint, fitted(checkpoint, *wanted))
    np.testing.assert_array_equal(found["w/part_0"], W[:1])
    np.testing.assert_array_equal(found["w/part_1"], W[1:])


def test_a_whole_is_not_cut_while_a_part_is_not_asked_for(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    assert fitted(checkpoint, want("w/part_0", (1, 3))).report.missing
    assert fitted(checkpoint, want("w/part_0", (1, 3)), want("w/part_2", (3, 3))).report.missing


def test_parts_by_their_second_name(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    wanted = [want(f"m/w/part_{n}", (2, 3), f"m/w/part_{n}", f"w/part_{n}") for n in range(2)]
    np.testing.assert_array_equal(values(checkpoint, fitted(checkpoint, *wanted))["m/w/part_1"], W[2:])


def test_values_are_views_of_the_file(tmp_path):
    checkpoint = opened(tmp_path, w=W)
    value = fitted(checkpoint, want("w", (4, 3))).matches[0].read(checkpoint)
    assert not value.flags.owndata
    assert not value.flags.writeable


class TestConflicts:
    def found(self, checkpoint, *wanted):
        numbered = [Wanted(item.name, item.dtype, item.shape, item.keys, number=n) for n, item in enumerate(wanted)]
        return fit_without_conflicts(numbered, checkpoint, stored_names(checkpoint))

    def test_the_likelier_keeps_it(self, tmp_path):
        checkpoint = opened(tmp_path, w=W, v=2 * W)
        found = self.found(checkpoint, want("a", (4, 3), "a", "w", "v"), want("w", (4, 3), "w"))
        assert {match.wanted.name: match.keys for match in found.matches} == {"a": ("v",), "w": ("w",)}

    def test_without_another_name_it_is_missing(self, tmp_path):
        found = self.found(opened(tmp_path, w=W), want("a", (4, 3), "a", "w"), want("w", (4, 3), "w"))
        assert [row.name for row in found.report.restored] == ["w"]
        assert [row.name for row in found.report.missing] == ["a"]

    def test_neither_gets_what_is_as_likely_the_others(self, tmp_path):
        found = self.found(opened(tmp_path, w=W, v=W), want("x", (4, 3), "w"), want("y", (4, 3), "w", "v"))
        assert {match.wanted.name: match.keys for match in found.matches} == {"y": ("v",)}
        (row,) = found.report.mismatched
        assert (row.name, row.key) == ("x", "w")
        assert row.found == "one tensor for 2 variables of that name"
        assert not found.report.missing
        assert not found.report.unexpected

    def test_parts_of_one_tensor_do_not_quarrel(self, tmp_path):
        wanted = [want(f"w/part_{number}", (2, 3)) for number in range(2)]
        assert self.found(opened(tmp_path, w=W), *wanted).report.is_complete


NAMES = st.lists(st.text("ab/_", min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


@settings(deadline=None)
@given(stored=NAMES, asked=NAMES, data=st.data())
def test_every_variable_has_one_outcome(tmp_path_factory, stored, asked, data):
    tmp_path = tmp_path_factory.mktemp("names")
    shapes = st.sampled_from([(), (2,), (2, 3)])
    kinds = st.sampled_from([np.float32, np.int32])
    tensors = {name: np.zeros(data.draw(shapes), data.draw(kinds)) for name in stored}
    checkpoint = open_bundle(write_checkpoint(tmp_path / "model.ckpt", tensors))
    wanted = [
        want(name, data.draw(shapes), name, *data.draw(st.lists(st.sampled_from(stored), max_size=2)), number=number)
        for number, name in enumerate(asked)
    ]
    for method in (fit, fit_without_conflicts):
        report = method(wanted, checkpoint, stored_names(checkpoint)).report
        outcomes = [*report.restored, *report.missing, *report.mismatched]
        assert sorted(row.name for row in outcomes) == sorted(asked)
        used = {key for row in report.restored for key in row.keys} | {row.key for row in report.mismatched}
        assert used.isdisjoint(report.unexpected)
        assert used | set(report.unexpected) == set(stored)
    keys = [row.keys for row in report.restored]
    assert len(keys) == len(set(keys))


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=12), other=st.integers(1, 3), axis=st.integers(0, 1))
def test_split_and_joined_again(tmp_path_factory, sizes, other, axis):
    tmp_path = tmp_path_factory.mktemp("parts")
    shape = (sum(sizes), other) if axis == 0 else (other, sum(sizes))
    whole = np.arange(sum(sizes) * other, dtype=np.float32).reshape(shape)
    parts = {f"w/part_{n}": part for n, part in enumerate(np.split(whole, np.cumsum(sizes)[:-1], axis))}
    joined = open_bundle(write_checkpoint(tmp_path / "parts.ckpt", parts))
    np.testing.assert_array_equal(values(joined, fitted(joined, want("w", shape)))["w"], whole)
    cut = open_bundle(write_checkpoint(tmp_path / "whole.ckpt", {"w": whole}))
    found = values(cut, fitted(cut, *[want(name, part.shape) for name, part in parts.items()]))
    assert found.keys() == parts.keys()
    for name, part in parts.items():
        np.testing.assert_array_equal(found[name], part)


def test_20000_variables_are_fitted_at_once(tmp_path):
    checkpoint = open_bundle(write_checkpoint(tmp_path / "model.ckpt", many()))
    wanted = [want(name, (1,), f"model/{name}", name) for name in checkpoint]
    names = stored_names(checkpoint)
    start = time.perf_counter()
    assert fit(wanted, checkpoint, names).report.is_complete
    assert time.perf_counter() - start < 2  # 0.2 s where nothing else runs


def many(count=20_000):
    return {f"block_{n // 100}/layer_{n % 100}/kernel": np.float32([n]) for n in range(count)}
