"""The whole text of an inspection."""

import shutil

import pytest

import compat_saver
from compat_saver.report.inspection_table import render_inspection
from compat_saver.report.text import as_text
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
    assert "... and 5 more; --json lists all." in found


WITH_GRAPH = """
Checkpoint   run/model.ckpt
             V2, name-based, 2 files, 15 tensors, 1.6 kB
Graph        run/model.ckpt.meta
             174 nodes, 0 functions
Ops          174 of 37 kinds: 7 fine, 8 rewritten, 159 dropped, 0 unsupported (to serve
             prediction:0, logits/BiasAdd:0)
Written by   TensorFlow 1.15.5, GraphDef version 134
Signatures   none
Collections  summaries (3), train_op (1), trainable_variables (4), variables (15)
Placeholders

  tensor       dtype     shape
 ────────────────────────────────
  features:0   float32   [?, 12]
  labels:0     int64     [?]

Likely outputs

  tensor             inferred   score   because it
 ──────────────────────────────────────────────────────────────────────────────────────────────
  prediction:0       yes        19.5    has a conventional name, is a softmax or sigmoid at
                                        the end, depends on trained variables, lies behind the
                                        last layer, is computed last, leads to nothing else,
                                        is what the loss reads
  logits/BiasAdd:0   yes        12.5    is in a scope with a conventional name, depends on
                                        trained variables, lies behind the last layer, is
                                        computed last, is what the loss reads
  logits/MatMul:0               4.5     is in a scope with a conventional name, depends on
                                        trained variables
  hidden/BiasAdd:0              2       depends on trained variables
  Relu:0                        2       depends on trained variables
  hidden/MatMul:0               1       depends on trained variables

Variables: 4 trainable (524 B), 10 optimizer slots (1.1 kB), 1 other (4 B)

  name            dtype     shape     bytes   role        in the checkpoint
 ───────────────────────────────────────────────────────────────────────────
  hidden/kernel   float32   [12, 8]   384 B   trainable   yes
  hidden/bias     float32   [8]       32 B    trainable   yes
  logits/kernel   float32   [8, 3]    96 B    trainable   yes
  logits/bias     float32   [3]       12 B    trainable   yes
  global_step     int32     []        4 B     other       yes

Rewritten ops

  op           nodes   becomes          outputs
 ─────────────────────────────────────────────────────
  Identity         4   ReadVariableOp   exactly equal
  VariableV2       4   VarHandleOp      exactly equal
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
from where the checkpoint was written, or pass it with --meta-graph (meta_graph= in Python).
"""
OBSTRUCTED = """
Graph           run/model.ckpt.meta
                15 nodes, 0 functions
Ops             15 of 12 kinds: 7 fine, 2 rewritten, 0 dropped, 6 unsupported (to serve y:0)
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

  tensor   inferred   score   because it
 ──────────────────────────────────────────────────────────────────────────────────────────────
  y:0      yes        7.5     was given a name, depends on trained variables, is computed
                              last, leads to nothing else
  gone:0              3.5     was given a name, is computed last, leads to nothing else
  sum:0               1       was given a name

Variables: 1 trainable (24 B), 1 other (28 B)

  name   dtype     shape    bytes   role        in the checkpoint
 ─────────────────────────────────────────────────────────────────
  w      float32   [2, 3]   24 B    trainable   -
  lost   float32   [7]      28 B    other       -

Rewritten ops

  op           nodes   becomes       outputs
 ──────────────────────────────────────────────────
  VariableV2       2   VarHandleOp   exactly equal

Unsupported ops

  op               nodes   needed   why
 ──────────────────────────────────────────────────────────────────────────────────────────────
  BipartiteMatch       1   yes      gone since TensorFlow 2.0; it was in tf.contrib.image
  FIFOQueueV2          1   yes      an input pipeline, which is no part of a served model
  NegTrain             1   yes      allowed only in graphs older than GraphDef version 19, and
                                    no rewrite is known
  PyFunc               1   yes      calls a Python function that is not stored in the file
  QueueDequeueV2       1   yes      an input pipeline, which is no part of a served model
  TheirOwnOp           1   yes      in no TensorFlow release known here; it comes from a third
                                    party

BipartiteMatch: TensorFlow 1.15 has it. Choose outputs that do not need it with --outputs.
FIFOQueueV2, QueueDequeueV2: Take its output as an input instead: --inputs batch:0
NegTrain: It serves the training of word vectors, which a served model does not have. Choose
outputs that do not need it with --outputs.
PyFunc: Take its output as an input instead: --inputs python:0
TheirOwnOp: Ask the author of the model for the op's library and its source; in no file of the
model is what the op computes. Choose outputs that do not need it with --outputs.
Reaches outside of the graph

  op       node     needed   what it does                             names
 ───────────────────────────────────────────────────────────────────────────
  PyFunc   python   yes      calls a Python function of the program
"""
