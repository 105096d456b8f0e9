"""What the user is told of what is served."""

import pytest

from compat_saver.model.signature import Signature, Tensor
from compat_saver.model.warnings import batch_notes


@pytest.mark.parametrize(
    ("inputs", "outputs", "rows"),
    [
        ([(8, 5), (8,)], [(8, 2)], ["8"]),
        ([(8, 5), ()], [(8, 2), (8,)], ["8"]),
        ([(None, 5)], [(8, 2)], []),
        ([(8, 5)], [(None, 2)], []),
        ([(8, 5)], [(8, 2), ()], []),
        ([(8, 5)], [None], []),
        ([(8, 5), (4, 5)], [(8, 2)], []),
        ([(8,)], [(8,)], []),
        ([], [(8, 2)], []),
    ],
)
def test_a_batch_whose_size_the_graph_fixes_is_noted(inputs, outputs, rows):
    taken, given = (
        {f"{kind}{i}": Tensor(f"{kind}{i}:0", 1, shape) for i, shape in enumerate(shapes)}
        for kind, shapes in (("x", inputs), ("y", outputs))
    )
    found = batch_notes([Signature("serve", taken, given)])
    assert list(found) == [f"'serve' takes batches of {size} only: the graph fixes their size." for size in rows]
