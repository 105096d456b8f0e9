"""Training steps beside what is served: planned without TensorFlow."""

import numpy as np
import pytest

import compat_saver
from compat_saver.errors import CannotMigrateError, NameNotFoundError, UsageError
from compat_saver.migration import MigrationOptions
from tests.analysis.test_training_steps import LOSS, STEP
from tests.golden_cases import case
from tests.small_models import write_model

WEIGHTS = {"w": np.ones((2, 2), np.float32), "step": np.int64(7)}
OUTPUT = "prediction = Identity[T=float32](product)\n"


def _planned(prefix, **options):
    return compat_saver.migrate(prefix, "never written", dry_run=True, **{"train": True, **options}).to_dict()


def _small(directory, text=LOSS + STEP, tensors=WEIGHTS, **options):
    prefix = write_model(directory, text + OUTPUT, tensors, ["w"])
    return _planned(prefix, outputs=["prediction"], **options)


def test_a_step_is_a_signature_beside_what_is_served(tmp_path):
    found = _small(tmp_path)
    served, trained = found["signatures"]["serving_default"], found["signatures"]["train"]
    assert (served["kind"], [*served["inputs"]], [*served["outputs"]]) == ("serving", ["x"], ["prediction"])
    assert (trained["kind"], trained["train_op"], trained["updates"]) == ("training", "Descent", ["w", "step"])
    assert {key: item["tensor"] for key, item in trained["inputs"].items()} == {"x": "x:0"}
    outputs = {key: (item["tensor"], item["dtype"]) for key, item in trained["outputs"].items()}
    assert outputs == {"loss": ("loss:0", "float32"), "global_step": ("step:0", "int64")}
    assert (found["variables"]["kept"], found["variables"]["trainable"], found["variables"]["dropped"]) == (2, 1, 0)
    assert {row["op"]: row["verdict"] for row in found["ops"]}["ApplyGradientDescent"] == "rewritten"


def test_without_training_steps_nothing_changes(tmp_path):
    found = _small(tmp_path, train=False)
    assert ([*found["signatures"]], found["variables"]["kept"]) == (["serving_default"], 1)
    assert {row["op"]: row["verdict"] for row in found["ops"]}["ApplyGradientDescent"] == "dropped"


def test_a_step_without_loss_and_counter_says_when_it_is_done(tmp_path):
    found = _small(tmp_path, LOSS + "reset = Assign[T=float32](w, w/init)\n", train_ops=["reset"])
    assert found["signatures"]["train"]["outputs"] == {"done": {"tensor": "^reset", "dtype": "bool", "shape": []}}


def test_further_tensors_are_returned(tmp_path):
    found = _small(tmp_path, train_outputs=["rate", "gradients/product_grad/MatMul:0"])
    outputs = {key: item["tensor"] for key, item in found["signatures"]["train"]["outputs"].items()}
    assert outputs["rate"] == "rate:0"
    assert outputs["gradients_product_grad_MatMul"] == "gradients/product_grad/MatMul:0"


def test_steps_have_names_by_their_ops():
    found = _planned(case("1.15.5", "train_step").prefix, outputs=["sgd/loss"], train_ops=["sgd/loss", "adam/loss:0"])
    assert [*found["signatures"]] == ["serving_default", "train_sgd_loss", "train_adam_loss"]


def test_a_name_that_is_taken_is_avoided(tmp_path):
    prefix = write_model(tmp_path, LOSS + STEP + OUTPUT, WEIGHTS, ["w"])
    found = _planned(prefix, signatures={"train": (["x"], ["prediction"])})
    assert {name: item["kind"] for name, item in found["signatures"].items()} == {
        "train": "serving",
        "train_step": "training",
    }


@pytest.mark.parametrize("bind", [{}, {"is_training": False}])
def test_what_tells_training_from_inference_is_one_in_each(bind):
    chosen = case("1.15.5", "conv_batch_norm")
    found = _planned(chosen.prefix, outputs=chosen.facts["outputs"], bind=bind)["signatures"]
    assert found["serving_default"]["bound"] == {"is_training:0": False}
    assert found["train"]["bound"] == {"is_training:0": True}
    assert "norm/moving_mean" in found["train"]["updates"]


def test_a_probability_is_its_default_in_training_or_an_input():
    known = case("1.15.5", "modes_with_default")
    bound = _planned(known.prefix, outputs=known.facts["outputs"])["signatures"]["train"]["bound"]
    assert bound == {"is_training:0": True, "dropout:0": 0.5}
    asked = case("1.15.5", "dropout")
    found = _planned(asked.prefix, outputs=asked.facts["outputs"], bind={"keep_prob": 1.0})["signatures"]["train"]
    assert (sorted(found["inputs"]), found["bound"]) == (["keep_prob", "x", "y"], {})


def test_a_pipeline_is_cut_where_it_delivers():
    found = _planned(case("1.15.5", "pipeline_one_shot").prefix)["signatures"]["train"]
    assert [item["tensor"] for item in found["inputs"].values()] == ["age:0", "IteratorGetNext:1", "IteratorGetNext:2"]


PYTHON = 'PyFunc[Tin={{{given}}}, Tout={{float32}}, token="pyfunc_0"]({taken})\n'


def test_a_python_function_in_the_loss_is_an_obstacle(tmp_path):
    text = (LOSS + STEP).replace("Sum[T=float32, Tidx=int32](product,", "Sum[T=float32, Tidx=int32](weighted,")
    labels = "y = Placeholder[dtype=float32, shape=[?]]\nweighted = Mul[T=float32](product, python)\n"
    with pytest.raises(CannotMigrateError, match=r"PyFunc \('python'\): calls a Python function .* without --train"):
        _small(tmp_path, text + labels + "python = " + PYTHON.format(given="float32", taken="y"))


def test_a_python_function_of_weights_is_no_input_of_the_step(tmp_path):
    text = (LOSS + STEP).replace("rate = Const[dtype=float32, value=float32[](0.1)]\n", "")
    with pytest.raises(CannotMigrateError) as caught:
        _small(tmp_path, text + "rate = " + PYTHON.format(given="float32", taken="w/read"))
    assert "migrate without --train" in caught.value.obstacles[0]
    assert "--inputs" not in str(caught.value)


@pytest.mark.parametrize(("given", "taken"), [("float32", "w/init"), ("string", "raw")])
def test_a_python_function_that_makes_examples_is_an_input_of_both(given, taken, tmp_path):
    text = (LOSS + STEP).replace("x = Placeholder[dtype=float32, shape=[?, 2]]\n", "")
    raw = "raw = Placeholder[dtype=string, shape=[]]\n"
    found = _small(tmp_path, raw + "x = " + PYTHON.format(given=given, taken=taken) + text)
    inputs = [{item["tensor"] for item in signature["inputs"].values()} for signature in found["signatures"].values()]
    assert inputs == [{"x:0"}, {"x:0"}]


def test_a_step_of_many_workers_is_that_of_one(tmp_path):
    text = (LOSS + STEP).replace("rate, gradients/product_grad/MatMul)", "rate, sum)")
    found = _small(tmp_path, text + "sum = HorovodAllreduce[T=float32](gradients/product_grad/MatMul)\n")
    (row,) = (row for row in found["ops"] if row["op"] == "HorovodAllreduce")
    assert (row["verdict"], row["becomes"], row["agreement"]) == ("rewritten", "Identity", "as with one worker")
    assert any("between workers" in text and "1 HorovodAllreduce" in text for text in found["warnings"])


def test_slots_that_are_missing_are_obstacles(tmp_path):
    with pytest.raises(CannotMigrateError, match="'step' is not in") as caught:
        _small(tmp_path, tensors={"w": WEIGHTS["w"]})
    assert len(caught.value.obstacles) == 1


def test_obstacles_to_all_plans_are_raised_together(tmp_path):
    rate = "rate = Const[dtype=float32, value=float32[](0.1)]"
    text = (LOSS + STEP).replace(rate, "rate = CustomRate(x)")
    prefix = write_model(tmp_path, text + OUTPUT.replace("Identity", "Nothing"), WEIGHTS, ["w"])
    with pytest.raises(CannotMigrateError) as caught:
        _planned(prefix, outputs=["prediction"])
    assert ["Nothing" in caught.value.obstacles[0], "CustomRate" in caught.value.obstacles[1]] == [True, True]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"train_ops": ["descent"]}, NameNotFoundError, "Descent"),
        ({"train_ops": ["product"]}, UsageError, "'product' changes no variable"),
        ({"train_outputs": ["los"]}, NameNotFoundError, "loss"),
    ],
)
def test_what_is_no_step_is_refused(options, kind, message, tmp_path):
    with pytest.raises(kind, match=message):
        _small(tmp_path, **options)


def test_a_graph_without_steps_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no training step"):
        _small(tmp_path, LOSS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": True, "ema": True}, "--ema and --train"),
        ({"train_steps": 0}, "--train-steps"),
        ({"train_outputs": ["x"]}, "--train-outputs"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(UsageError, match=message):
        MigrationOptions(**options)
