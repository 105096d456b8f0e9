import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat_saver.bundle import boxes
from compat_saver.errors import UsageError

SHAPES = st.lists(st.integers(0, 6), max_size=4).map(tuple)


@st.composite
def boxes_in(draw, shape, smallest=0):
    lengths = [draw(st.integers(smallest, size)) for size in shape]
    starts = [draw(st.integers(0, size - length)) for size, length in zip(shape, lengths, strict=True)]
    return tuple(slice(start, start + length) for start, length in zip(starts, lengths, strict=True))


@st.composite
def tilings(draw):
    """A shape and boxes that cover it exactly once, made by cutting boxes in two."""
    shape = tuple(draw(st.lists(st.integers(1, 8), min_size=1, max_size=3)))
    parts = [boxes.whole(shape)]
    for _ in range(draw(st.integers(0, 12))):
        box = parts.pop(draw(st.integers(0, len(parts) - 1)))
        axis = draw(st.integers(0, len(shape) - 1))
        at = draw(st.integers(box[axis].start, box[axis].stop))
        for part in (slice(box[axis].start, at), slice(at, box[axis].stop)):
            if part.start < part.stop:
                parts.append((*box[:axis], part, *box[axis + 1 :]))
    return shape, draw(st.permutations(parts))


@given(SHAPES.flatmap(boxes_in), st.integers(1, 40))
def test_runs_cover_a_box_in_order(box, limit):
    found = list(boxes.runs(box, limit))
    array = np.arange(7**4).reshape((7,) * 4)[(0,) * (4 - len(box))]
    pieces = [array[(*run, ...)].reshape(-1) for run in found]
    assert np.concatenate([*pieces, []]).tolist() == array[(*box, ...)].reshape(-1).tolist()
    assert all(len(piece) <= limit for piece in pieces)


@given(tilings())
def test_tilings_have_no_problem(tiling):
    shape, parts = tiling
    assert boxes.tiling_problem(parts, shape) is None


@given(tilings(), st.data())
def test_a_box_less_is_a_hole_and_a_box_more_an_overlap(tiling, data):
    shape, parts = tiling
    one = data.draw(st.sampled_from(parts))
    others = [part for part in parts if part != one]
    assert boxes.tiling_problem(others, shape) == f"{math.prod(boxes.box_shape(one))} elements in no slice"
    assert "overlap" in boxes.tiling_problem([*parts, one], shape)


@given(st.lists(boxes_in((4, 4, 4), smallest=1), max_size=6))
def test_overlapping_agrees_with_counting(parts):
    counts = np.zeros((4, 4, 4), int)
    for part in parts:
        counts[part] += 1
    pair = boxes.overlapping(parts)
    assert (pair is not None) == (counts > 1).any()
    if pair is not None:
        assert boxes.intersect(parts[pair[0]], parts[pair[1]]) is not None


def test_many_slices_take_no_time():
    parts = [(slice(i, i + 1), slice(j, j + 1)) for i in range(200) for j in range(100)]
    assert boxes.tiling_problem(parts, (200, 100)) is None


@given(st.data())
def test_normalize_is_what_numpy_does(data):
    array = np.arange(24).reshape(2, 3, 4)
    bound = st.one_of(st.none(), st.integers(-6, 6))
    slices = tuple(data.draw(st.lists(st.builds(slice, bound, bound), max_size=3)))
    box = boxes.normalize(slices, array.shape)
    assert array[box].shape == boxes.box_shape(box) == array[slices].shape
    assert (array[box] == array[slices]).all()


@pytest.mark.parametrize("slices", [(slice(None),) * 2, (slice(0, 4, 2),), (3,)])
def test_normalize_refuses(slices):
    with pytest.raises(UsageError):
        boxes.normalize(slices, (5,))
