"""The whole text of an inspection."""

import shutil

import pytest

import compat_saver
from compat_saver.report.inspection_table import render_inspection
from compat_saver.report.terminal import as_text
from tests.cli.test_bad_input import OBSTRUCTED_GRAPH
from tests.golden_cases import case
from tests.small_models import write_model


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    """Relative paths keep the text the same everywhere."""
    monkeypatch.chdir(tmp_path)


def text(path: str, width: int = 96) -> str:
    rendered = as_text(render_inspection(compat_saver.inspect(path)), width)
    return "\n".join(line.rstrip() for line in rendered.splitlines()).strip("\n")


def test_a_checkpoint_with_its_graph(tmp_path):
    shutil.copytree(case("1.15.5", "dense_adam").directory, tmp_path / "run")
    assert text("run/model.ckpt") == WITH_GRAPH.strip("\n")


def test_a_checkpoint_alone(tmp_path):
    shutil.copytree(case("1.15.5", "dense_adam").directory, tmp_path / "run")
    (tmp_path / "run" / "model.ckpt.meta").unlink()
    assert text("run/model.ckpt") == ALONE.strip("\n")


def test_what_no_longer_runs(tmp_path):
    (tmp_path / "run").mkdir()
    write_model(tmp_path / "run", OBSTRUCTED_GRAPH)
    (tmp_path / "run" / "model.ckpt.index").unlink()
    assert text("run/model.ckpt.meta") == OBSTRUCTED.strip("\n")


def test_long_lists_are_cut(tmp_path):
    names = [f"w{number}" for number in range(45)]
    text_of_graph = "\n".join(f"{name} = VariableV2[dtype=float32, shape=[1]]" for name in names)
    write_model(tmp_path, text_of_graph, {}, trainable=())
    found = text("model.ckpt")
    assert "w39" in found
    assert "w40" not in found
    assert found.endswith("... and 5 more; --json lists all.")


WITH_GRAPH = """
Checkpoint   run/model.ckpt
             V2, name-based, 2 files, 15 tensors, 1.6 kB
Graph        run/model.ckpt.meta
             174 nodes, 0 functions
Written by   TensorFlow 1.15.5, GraphDef version 134
Signatures   none
Collections  summaries (3), train_op (1), trainable_variables (4), variables (15)
Placeholders

  tensor       dtype     shape
 ────────────────────────────────
  features:0   float32   [?, 12]
  labels:0     int64     [?]

Likely outputs

  tensor             score   because it
 ──────────────────────────────────────────────────────────────────────────────────────────────
  prediction:0       12      has a conventional name, is a softmax, sigmoid or argmax, depends
                             on trained variables, nothing of the forward graph reads it
  logits/BiasAdd:0   6.5     is in a scope with a conventional name, depends on trained
                             variables
  logits/MatMul:0    5.25    is in a scope with a conventional name, depends on trained
                             variables
  hidden/BiasAdd:0   2.5     depends on trained variables
  Relu:0             2.5     depends on trained variables

Variables: 4 trainable (524 B), 10 optimizer slots (1.1 kB), 1 other (4 B)

  name            dtype     shape     bytes   role        in the checkpoint
 ───────────────────────────────────────────────────────────────────────────
  hidden/kernel   float32   [12, 8]   384 B   trainable   yes
  hidden/bias     float32   [8]       32 B    trainable   yes
  logits/kernel   float32   [8, 3]    96 B    trainable   yes
  logits/bias     float32   [3]       12 B    trainable   yes
  global_step     int32     []        4 B     other       yes
"""
ALONE = """
Checkpoint  run/model.ckpt
            V2, name-based, 2 files, 15 tensors, 1.6 kB
Variables: 10 optimizer slots (1.1 kB), 5 other (528 B)

  name            dtype     shape     bytes   role    in the checkpoint
 ───────────────────────────────────────────────────────────────────────
  global_step     int32     []        4 B     other   yes
  hidden/bias     float32   [8]       32 B    other   yes
  hidden/kernel   float32   [12, 8]   384 B   other   yes
  logits/bias     float32   [3]       12 B    other   yes
  logits/kernel   float32   [8, 3]    96 B    other   yes

Note: run/model.ckpt.meta: the checkpoint run/model.ckpt has no graph beside it. Copy the .meta
from where the checkpoint was written, or pass it with --meta-graph.
"""
OBSTRUCTED = """
Graph           run/model.ckpt.meta
                15 nodes, 0 functions
Written by      TensorFlow 1.15.5, GraphDef version 26
Signatures      none
Collections     trainable_variables (2)
Input pipeline  queue
Lookup tables   table
Placeholders

  tensor   dtype     shape
 ───────────────────────────
  x:0      float32   [?, 2]

Likely outputs

  tensor     score   because it
 ────────────────────────────────────────────────────────────────────────────────────────
  y:0        3.5     depends on trained variables, nothing of the forward graph reads it
  gone:0     1       nothing of the forward graph reads it
  batch:0    0
  python:0   0
  sum:0      0

Variables: 1 trainable (24 B), 1 other (28 B)

  name   dtype     shape    bytes   role        in the checkpoint
 ─────────────────────────────────────────────────────────────────
  w      float32   [2, 3]   24 B    trainable   -
  lost   float32   [7]      28 B    other       -

Ops that no longer run

  op               nodes   needed by the likeliest output   why
 ──────────────────────────────────────────────────────────────────────────────────────────────
  BipartiteMatch   1       yes                              Today's TensorFlow no longer has
                                                            the op BipartiteMatch of
                                                            tf.contrib.image, last seen in
                                                            TensorFlow 1.15
  PyFunc           1       yes                              PyFunc calls a Python function
                                                            that no file holds
  TheirOwnOp       1       yes                              No TensorFlow release known here
                                                            has the op TheirOwnOp; it is a
                                                            third party's
"""
