"""Names that were counted on are told by the order of their numbers, and only where that is certain."""

import pytest

from compat_saver.saver.matching.numbering import renumbered


def layers(*names, shapes=((4, 4), (4,))):
    return {
        f"{name}/{weight}": shape for name in names for weight, shape in zip(("kernel", "bias"), shapes, strict=True)
    }


def parts(wanted, stored):
    found = renumbered(wanted, stored)
    return None if found is None else (found.parts, found.is_clear)


@pytest.mark.parametrize(
    ("wanted", "stored", "expected"),
    [
        (("dense_2", "dense_3"), ("dense", "dense_1"), {"dense": "dense_2", "dense_1": "dense_3"}),
        (("dense_9", "dense_10"), ("dense_1", "dense"), {"dense": "dense_9", "dense_1": "dense_10"}),
        (("dense_2", "conv_1", "out"), ("dense", "conv", "out"), {"conv": "conv_1", "dense": "dense_2"}),
        (("net_1/dense_2", "net_1/dense_3"), ("net/dense", "net/dense_1"), {"net": "net_1"}),
    ],
)
def test_the_order_tells(wanted, stored, expected):
    found, is_clear = parts(layers(*wanted), layers(*stored))
    assert expected.items() <= found.items()
    assert is_clear


def test_names_are_whole():
    found = renumbered(layers("dense_2", "out"), layers("dense", "out"))
    assert found.names == {
        "dense/kernel": "dense_2/kernel",
        "dense/bias": "dense_2/bias",
        "out/kernel": "out/kernel",
        "out/bias": "out/bias",
    }
    assert found.changed == {"dense/kernel": "dense_2/kernel", "dense/bias": "dense_2/bias"}


def test_numbers_on_both_sides_are_not_clear():
    wanted, stored = ("dense_1", "dense_2"), ("dense", "dense_1")
    assert parts(layers(*wanted), layers(*stored)) == ({"dense": "dense_1", "dense_1": "dense_2"}, False)


def test_what_was_counted_and_is_left_over_is_not_clear():
    wanted = layers("dense_1")
    assert parts(wanted, {**layers("dense"), "dense/scale": (4,)})[1] is False
    assert parts({**wanted, "dense_1/scale": (4,)}, layers("dense"))[1] is False


def test_slots_may_be_left_over():
    stored = {**layers("dense"), "dense/kernel/Adam": (4, 4), "training/Adam/dense/bias/m": (4,), "global_step": ()}
    assert parts(layers("dense_1"), stored)[1] is True


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [
        (layers("dense_2", "dense_3"), layers("dense", "dense_1", "dense_2")),
        (layers("dense_2", "dense_3"), layers("dense")),
        (layers("dense_2"), layers("conv")),
        (layers("dense_2", shapes=((5, 4), (4,))), layers("dense")),
        ({"dense_2/kernel": (4, 4), **layers("dense_3")}, {**layers("dense"), "dense_1/kernel": (4, 4)}),
        (layers("dense", "dense_1"), layers("dense", "dense_1")),
        ({}, {}),
    ],
    ids=["more stored", "fewer stored", "another kind", "shapes", "other weights", "the same", "nothing"],
)
def test_no_order_fits(wanted, stored):
    assert renumbered(wanted, stored) is None
