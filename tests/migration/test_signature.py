"""Signature keys are readable, valid and unique."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.model.signature import full_name, make_keys


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["features:0"], ["features"]),
        (["a/b:0", "a_b:0"], ["a_b", "a_b_2"]),
        (["split:0", "split:1", "split_1:0"], ["split", "split_1", "split_1_2"]),
        (["1/x:0", "for:0", "a/class:0"], ["t_1_x", "t_for", "a_class"]),
        (["self:0"], ["t_self"]),
        (["...:0"], ["tensor"]),
        (["a-b.c>d:0"], ["a_b_c_d"]),
    ],
)
def test_keys(names, keys):
    assert list(make_keys(names).values()) == keys


@given(st.lists(st.from_regex(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]{0,5}:[0-3]", fullmatch=True), unique=True))
def test_any_names_get_unique_identifiers(names):
    keys = list(make_keys(names).values())
    assert len(set(keys)) == len(names)
    assert all(key.isidentifier() and not keyword.iskeyword(key) for key in keys)


def test_full_names():
    assert full_name(" x ") == "x:0"
    assert full_name("x:1") == "x:1"
