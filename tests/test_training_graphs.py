"""Training graphs migrate without flags, and answer what the inference graph of the same program answered."""

from collections.abc import Callable

import pytest

import compat_saver
from tests.golden_cases import Case, training_graphs
from tests.test_golden import assert_agrees, assert_answers

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.slow,
]


@pytest.mark.parametrize("case", training_graphs(), ids=str)
def test_a_training_graph_answers_as_its_inference_graph_did(case: Case, tmp_path):
    report = compat_saver.migrate(case.prefix, tmp_path / "out")
    assert report.status == "passed"
    assert_answers(case, report, tmp_path / "out")

    import tensorflow as tf

    model = tf.saved_model.load(str(tmp_path / "out"))
    (signature,) = report.signatures
    inputs, _ = next(case.runs())
    fed = {key: tf.constant(inputs[tensor.name], tensor.dtype) for key, tensor in signature.inputs.items()}
    assert rows_agree(model.signatures[signature.name], fed) == case.facts["row_independent"]


def rows_agree(serve: Callable, fed: dict) -> bool:
    """Whether each row alone is answered as it is in its batch."""
    together = serve(**fed)
    try:
        for row in range(len(next(iter(fed.values())))):
            alone = serve(**{key: value[row : row + 1] for key, value in fed.items()})
            for key, output in alone.items():
                assert_agrees(output.numpy(), together[key][row : row + 1].numpy())
    except AssertionError:
        return False
    return True
