"""The lines that say what to do with a written model, as a user copies them."""

import ast
import dataclasses

from compat_saver.report.next_steps import render_next_steps
from tests.report.outcomes import make_keras_report, make_report

WHOLE = """
Next steps
  load       model = tf.saved_model.load("out"); serve = model.signatures["serving_default"]
  fine-tune  with tf.GradientTape() as tape: loss = loss_of(serve(features=features, words=words)["prediction"])
             optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
  to TFLite  tf.lite.TFLiteConverter.from_saved_model("out", signature_keys=["serving_default"]).convert()
  to ONNX    python -m tf2onnx.convert --saved-model out --signature_def serving_default --output out.onnx
"""


def test_the_whole_block():
    assert render_next_steps(make_report()) == WHOLE.strip("\n")


def test_the_lines_are_python():
    lines = [line[13:] for line in render_next_steps(make_report()).splitlines()[1:-1]]
    assert all(ast.parse(line) for line in lines)


def test_a_model_that_was_not_written_has_no_next_steps():
    assert render_next_steps(make_report(output=None, verification=None)) == ""


def test_nothing_to_train_other_tags_and_a_path_with_a_quote():
    report = make_report(weights=(), tag_set=("a", "b"), output="it's")
    signature = dataclasses.replace(report.signatures[0], name="other")
    lines = render_next_steps(dataclasses.replace(report, signatures=(signature,))).splitlines()
    assert [line.split()[0] for line in lines] == ["Next", "load", "to", "to"]
    assert lines[1].endswith("""tf.saved_model.load("it's", tags=['a', 'b']); serve = model.signatures["other"]""")
    assert "--signature_def other --tag a,b" in lines[3]


KERAS = """
Next steps
  load       model = keras.models.load_model("out.keras")
  fine-tune  model.fit(x, y)
  to TFLite  tf.lite.TFLiteConverter.from_keras_model(model).convert()
  to ONNX    model.export("out.onnx", format='onnx')
"""


def test_a_keras_file_is_loaded_by_keras():
    assert render_next_steps(make_keras_report()) == KERAS.strip("\n")
    directory = render_next_steps(make_keras_report(output="out"))
    assert directory.splitlines()[1] == (
        '  load       model = tf.saved_model.load("out"); serve = model.signatures["serving_default"]'
    )
    assert render_next_steps(make_keras_report(output=None)) == ""
