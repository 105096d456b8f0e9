"""How inputs are found on which the original runs, with a replay that is made by hand."""

import numpy as np
import pytest

import compat_saver
from compat_saver.errors import UsageError
from compat_saver.graph import parse_graph
from compat_saver.migration.verification.reference_run import run_generated, run_given
from compat_saver.migration.verification.replay import ReplayError
from compat_saver.migration.verification.samples import SampleMaker
from compat_saver.model.signature import Signature, Tensor
from tests.small_models import DENSE, write_model

SIGNATURE = Signature("serve", {"x": Tensor("x:0", 1, (None, 2))}, {"y": Tensor("y:0", 1, None)})


class FakeReplay:
    """Answers with what a function makes of x; counts how often variables were restored."""

    def __init__(self, answer) -> None:
        self._answer = answer
        self.asked = 0
        self.restored = 0

    def run(self, signature, feeds):
        self.asked += 1
        answer = self._answer(feeds["x"])
        if answer is None:
            raise ReplayError("no")
        return {"y": np.asarray(answer)}

    def restore(self):
        self.restored += 1


def ask(answer, text="x = Placeholder[dtype=float32, shape=[?, 2]]"):
    replay = FakeReplay(answer)
    graph = parse_graph(text)
    return replay, run_generated(replay, SIGNATURE, SampleMaker(graph, {"x:0": "x"}, 0))


def test_two_batches_where_all_is_finite():
    replay, reference = ask(lambda x: x)
    assert [batch["x"].shape for batch in reference.feeds] == [(3, 2), (1, 2)]
    assert replay.asked == 2
    assert reference.notes == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: np.arctanh(x * 20),  # finite near 0 only
        np.arccosh,  # finite from 1 only
        lambda x: x[(x > 1).all(axis=1)],  # there from 1 only
    ],
)
def test_numbers_are_sought_elsewhere_until_one_batch_is_finite(answer):
    with np.errstate(invalid="ignore"):
        _, reference = ask(answer)
    assert len(reference.feeds) > 2
    assert reference.is_finite()


def test_an_output_that_never_is_finite_ends_the_search():
    _, reference = ask(lambda x: x * np.nan)
    assert not reference.is_finite()
    assert len(reference.feeds) == 4


def test_a_batch_that_fails_leaves_no_trace():
    replay, reference = ask(lambda x: x if len(x) == 1 else None)
    assert [batch["x"].shape for batch in reference.feeds] == [(1, 2)]
    assert replay.restored == 1
    assert reference.notes == ["The shapes of the inputs of 'serve' were guessed: x [1, 2]."]


def test_the_batch_of_a_constant_is_found():
    text = """
    x = Placeholder[dtype=float32, shape=[?, 2]]
    sizes = Const[dtype=int32, value=int32[2](7, 2)]
    r = Reshape(x, sizes)
    """
    _, reference = ask(lambda x: x if len(x) == 7 else None, text)
    assert {batch["x"].shape for batch in reference.feeds} == {(7, 2)}
    assert "'serve' ran on 7 rows, not on 3: the graph fixes the size of the batch" in reference.notes[-1]


def test_nothing_runs():
    with pytest.raises(UsageError, match=r"failed on every generated input \(no\)"):
        ask(lambda x: None)


def test_given_inputs_do_not_run():
    with pytest.raises(UsageError, match="does not run on the given inputs: no"):
        run_given(FakeReplay(lambda x: None), SIGNATURE, [{"x": np.zeros((1, 2))}])


@pytest.mark.tensorflow
def test_an_op_without_a_kernel_in_the_training_part_does_not_disturb_it(tmp_path):
    """A session finds a device for every node before it runs any."""
    training = '\nsum = NcclAllReduce[T=float32, num_devices=1, reduction="sum", shared_name=""](prediction)'
    prefix = write_model(tmp_path, DENSE + training)
    report = compat_saver.migrate(prefix, tmp_path / "out", inputs=["x:0"], outputs=["prediction:0"])
    assert report.status == "passed"
    assert not any("original graph" in text for text in report.warnings)
