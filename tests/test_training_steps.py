"""A migrated training step goes on as the original would."""

import numpy as np
import pytest

import compat_saver
from compat_saver.errors import UsageError, VerificationError
from compat_saver.graph import from_graph_def
from compat_saver.migration import execution
from tests.golden_cases import GOLDEN, Case, case

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CASES = (
    *("1.4.1/cond", "1.4.1/gru_while", "1.4.1/training/dropout_wrapper", "1.15.5/conv_batch_norm", "1.15.5/embedding"),
    *("1.15.5/modes_rnn", "1.15.5/partitioned", "1.15.5/queue_input", "1.15.5/training/batch_norm_ema"),
    *("1.15.5/resume/racing", "1.15.5/training/kept_instance_norm", "1.15.5/training/transformer"),
)


@pytest.mark.parametrize("name", CASES)
def test_steps_of_both_sides_agree(name, tmp_path):
    chosen = Case(GOLDEN / name)
    report = compat_saver.migrate(chosen.prefix, tmp_path / "out", train=True, **chosen.arguments)
    for proof in report.verification.training.values():
        assert (proof.steps, proof.problems) == (3, ())
        assert max(proof.loss, proof.variables) < 1e-5


def _migrated(directory, name="dense_adam", **options):
    import tensorflow as tf

    chosen = case("1.15.5", name)
    compat_saver.migrate(chosen.prefix, directory / "out", train=True, **{**chosen.arguments, **options})
    return tf.saved_model.load(str(directory / "out"))


def _batch():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    features = rng.standard_normal((6, 12)).astype(np.float32)
    return {"features": tf.constant(features), "labels": tf.constant(rng.integers(0, 3, 6))}


def test_a_call_is_a_step_and_what_is_served_changes(tmp_path):
    model = _migrated(tmp_path)
    batch = _batch()
    served = {"features": batch["features"]}
    (key,) = model.signatures["serving_default"].structured_outputs
    before, step = model.signatures["serving_default"](**served)[key].numpy(), model.weights["global_step"].numpy()
    losses = [model.signatures["train"](**batch)["loss"].numpy() for _ in range(20)]
    assert losses[-1] < 0.9 * losses[0]
    assert model.weights["global_step"].numpy() == step + 20
    assert np.abs(model.signatures["serving_default"](**served)[key].numpy() - before).max() > 1e-3
    assert {variable.name.partition(":")[0] for variable in model.trainable_variables} == {
        *("hidden/kernel", "hidden/bias", "logits/kernel", "logits/bias")
    }


def test_training_goes_on_after_saving_again(tmp_path):
    import tensorflow as tf

    model = _migrated(tmp_path)
    batch = _batch()
    model.signatures["train"](**batch)
    tf.saved_model.save(model, str(tmp_path / "again"), signatures=model.signatures)
    kept = tf.train.Checkpoint(model).save(str(tmp_path / "kept"))
    expected = [model.signatures["train"](**batch) for _ in range(2)]
    again = tf.saved_model.load(str(tmp_path / "again"))
    restored = tf.saved_model.load(str(tmp_path / "out"))
    tf.train.Checkpoint(restored).restore(kept).assert_consumed()
    for other in (again, restored):
        for found in expected:
            np.testing.assert_array_equal(other.signatures["train"](**batch)["loss"], found["loss"])
        for name, variable in model.weights.items():
            np.testing.assert_array_equal(other.weights[name].numpy(), variable.numpy())


def test_what_is_drawn_differs_from_call_to_call(tmp_path):
    import tensorflow as tf

    model = _migrated(tmp_path, "dropout", bind={"keep_prob": 1.0})
    batch = {"x": tf.ones((4, 5)), "y": tf.ones((4, 2)), "keep_prob": tf.constant(0.5)}
    start = {name: variable.numpy() for name, variable in model.weights.items()}
    losses = set()
    for _ in range(4):
        for name, variable in model.weights.items():
            variable.assign(start[name])
        losses.add(float(model.signatures["train"](**batch)["loss"]))
    assert len(losses) > 1


def test_a_step_that_differs_is_not_published(tmp_path, monkeypatch):
    write = execution.write_saved_model

    def with_another_rate(plan, *arguments):
        constant = next(node for node in plan.training[0].plan.graph if node.name == "Adam/learning_rate")
        changed = from_graph_def(compat_saver.read_meta_graph(f"{case('1.15.5', 'dense_adam').prefix}.meta").graph_def)
        constant.attrs["value"] = changed["Adam/beta1"].attrs["value"]
        write(plan, *arguments)

    monkeypatch.setattr(execution, "write_saved_model", with_another_rate)
    with pytest.raises(VerificationError, match=r"train/variable hidden/kernel differs by .* of its largest magnitude"):
        _migrated(tmp_path)
    assert not (tmp_path / "out").exists()


def test_given_batches_are_used_for_every_step(tmp_path):
    chosen = case("1.15.5", "dense_adam")
    np.savez(tmp_path / "data.npz", **{name: array.numpy() for name, array in _batch().items()})
    options = {"verify_data": tmp_path / "data.npz", "train_steps": 5}
    report = compat_saver.migrate(chosen.prefix, tmp_path / "out", train=True, **options, **chosen.arguments)
    assert report.verification.training["train"].steps == 5
    with np.load(tmp_path / "data.npz") as data:
        np.savez(tmp_path / "less.npz", features=data["features"])
    with pytest.raises(UsageError, match="'labels'"):
        _migrated(tmp_path, verify_data=tmp_path / "less.npz", overwrite=True)


def test_a_model_is_verified_again(tmp_path):
    chosen = case("1.15.5", "conv_batch_norm")
    compat_saver.migrate(chosen.prefix, tmp_path / "out", train=True, train_outputs=["Mean:0"], **chosen.arguments)
    report = compat_saver.verify(chosen.prefix, tmp_path / "out")
    assert report.status == "passed"
    assert report.to_dict()["signatures"]["train"]["bound"] == {"is_training:0": True}
    assert [*report.verification.training] == ["train"]
