"""The loss of a training step is the one that the program means, not what it scales for half precision."""

import pytest

from compat_saver.analysis.training_steps import TrainingSteps
from compat_saver.graph import OpCatalog, parse_graph
from tests.analysis.test_training_steps import LOSS, STEP

SCALED = """
scale = VariableV2[dtype=float32, shape=[]]
scale/read = Identity[T=float32](scale)
large = Const[dtype=float32, value=float32[](128.0)]
small = Const[dtype=float32, value=float32[](0.0078125)]
unit = Const[dtype=float32, value=float32[](1.0)]
"""
BACK = "gradients/product_grad/MatMul"


def _losses(scale, back, applied="back"):
    scaled = (
        f"scaled = Mul[T=float32](loss, {scale})\ngradients/scaled_grad/Mul = Mul[T=float32](gradients/Fill, {scale})\n"
    )
    text = LOSS.replace(
        "gradients/Fill, gradients/loss_grad/Shape", "gradients/scaled_grad/Mul, gradients/loss_grad/Shape"
    )
    graph = parse_graph(text + SCALED + scaled + back + STEP.replace(f"rate, {BACK}", f"rate, {applied}"), 26)
    (step,) = TrainingSteps(graph, OpCatalog.of(graph)).find()
    return step.losses


@pytest.mark.parametrize(
    ("scale", "back"),
    [
        ("scale/read", f"back = RealDiv[T=float32]({BACK}, scale/read)\n"),
        ("scale/read", f"inverse = Reciprocal[T=float32](scale/read)\nback = Mul[T=float32]({BACK}, inverse)\n"),
        ("scale/read", f"inverse = RealDiv[T=float32](unit, scale/read)\nback = Mul[T=float32](inverse, {BACK})\n"),
        ("large", f"back = RealDiv[T=float32]({BACK}, large)\n"),
        ("large", f"back = Mul[T=float32]({BACK}, small)\n"),
    ],
)
def test_a_scale_that_is_undone_is_not_part_of_the_loss(scale, back):
    assert _losses(scale, back) == ("loss:0",)


@pytest.mark.parametrize(
    ("scale", "back", "applied"),
    [
        pytest.param("large", "", BACK, id="nothing undoes it"),
        pytest.param("large", f"back = Mul[T=float32]({BACK}, scale/read)\n", "back", id="another factor"),
        pytest.param(
            "large", f"back = RealDiv[T=float32]({BACK}, large)\n", BACK, id="what is undone changes no variable"
        ),
        pytest.param(
            "large",
            f"gradients/drop_grad/div = RealDiv[T=float32]({BACK}, large)\n",
            "gradients/drop_grad/div",
            id="the gradient of a dropout",
        ),
    ],
)
def test_any_other_factor_is_part_of_the_loss(scale, back, applied):
    assert _losses(scale, back, applied) == ("scaled:0",)
