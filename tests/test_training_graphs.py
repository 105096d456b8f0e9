"""Training graphs migrate without flags, and answer what the inference graph of the same program answered."""

from collections.abc import Callable
from pathlib import Path

import pytest

import compat_saver
from compat_saver.proto.meta_graph import read_meta_graph
from tests.golden_cases import Case, by_release, case, training_graphs
from tests.test_golden import assert_agrees, assert_answers

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.slow,
]


@pytest.mark.parametrize("golden", by_release(training_graphs()))
def test_a_training_graph_answers_as_its_inference_graph_did(golden: Case, tmp_path):
    # Of a sampler what it draws from is served, unless the user asks for what is drawn.
    outputs = golden.facts["outputs"] if golden.directory.name.startswith("sampler") else None
    report = compat_saver.migrate(golden.prefix, tmp_path / "out", outputs=outputs)
    assert report.status == "passed"
    assert_answers(golden, report, tmp_path / "out")

    import tensorflow as tf

    model = tf.saved_model.load(str(tmp_path / "out"))
    (signature,) = report.signatures
    inputs, _ = next(golden.runs())
    fed = {key: tf.constant(inputs[tensor.name], tensor.dtype) for key, tensor in signature.inputs.items()}
    assert rows_agree(model.signatures[signature.name], fed) == golden.facts["row_independent"]


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


def test_the_dropout_between_the_layers_of_a_cudnn_network_is_off(tmp_path):
    source = case("1.15.5", "cudnn_rnn")
    meta = read_meta_graph(Path(f"{source.prefix}.meta"))
    networks = [
        node for node in meta.message.graph_def.node if node.op.startswith("CudnnRNN") and "dropout" in node.attr
    ]
    for node in networks:
        node.attr["dropout"].f, node.attr["is_training"].b = 0.5, True
    (tmp_path / "trains.meta").write_bytes(meta.message.SerializeToString())
    report = compat_saver.migrate(
        source.prefix, tmp_path / "out", meta_graph=tmp_path / "trains.meta", outputs=source.facts["outputs"]
    )
    assert report.to_dict()["training_behavior"]
    assert_answers(source, report, tmp_path / "out")
