"""The whole text of a migration's report."""

from compat_saver.migration.report import SourceFacts
from compat_saver.report.migration_table import render_migration
from compat_saver.report.text import as_text
from tests.report.outcomes import make_difference, make_report


def text(**changes) -> str:
    rendered = as_text(render_migration(make_report(**changes)), width=96)
    return "\n".join(line.rstrip() for line in rendered.splitlines()).strip("\n")


def test_everything():
    assert text() == EVERYTHING.strip("\n")


def test_a_dry_run_has_no_verification():
    planned = text(output=None, verification=None, output_shapes={})
    assert "Verification" not in planned
    assert "prediction:0    float32   unknown" in planned


def test_a_failure_shows_in_the_title():
    failed = text(verification=make_difference(None), warnings=())
    assert failed.endswith(FAILURE.strip("\n"))


def test_an_unnamed_writer():
    source = SourceFacts("checkpoint", "model", "model.meta", "V1", "", 8)
    assert "a TensorFlow release that is not recorded, GraphDef version 8, checkpoint V1" in text(source=source)


EVERYTHING = """
Source      run/model.ckpt
Written by  TensorFlow 1.15.5, GraphDef version 134, checkpoint V2
Variables   2 kept (1 trainable, 52.0 kB), 6 dropped
Ops         1,223 of 4 kinds: 2 fine, 1,201 rewritten, 20 dropped, 0 unsupported
Signatures

  signature                  key          tensor          dtype     shape
 ───────────────────────────────────────────────────────────────────────────────────
  serving_default   input    features     in/features:0   float32   [?, 12]
  serving_default   input    words        words:0         string    unknown
  serving_default   output   prediction   prediction:0    float32   [?, 3]
  serving_default   output   label        label:0         string    [?]
  serving_default   bound                 keep_prob:0               = 1.0
  serving_default   bound                 mode:0                    = eval
  serving_default   bound                 mask:0                    = [True, False]

Rewritten ops

  op           nodes   becomes       outputs
 ──────────────────────────────────────────────────
  TopK             1   TopKV2        exactly equal
  VariableV2   1,200   VarHandleOp   exactly equal

Training behavior

  what         node       became                                        variables   confidence
 ──────────────────────────────────────────────────────────────────────────────────────────────
  dropout      drop/mul   identity                                                  certain
  batch norm   norm       kept: its moving average 'm' was never                    certain
                          updated

Rewrites

  rewrite           count   detail
 ───────────────────────────────────────
  prune             1,234   1,234 nodes
  ref_to_resource       2   2 variables

Verification: passed (inputs: seed 0, rtol 1e-05, atol 1e-06)

  signature         output       largest difference   bitwise equal
 ───────────────────────────────────────────────────────────────────
  serving_default   prediction              1.5e-07   no
  serving_default   label                         -   yes

Generated for serving_default/words: any words, of shape [3, 4].
Gradients of serving_default: for 1 of 3 trainable variables; zero on these inputs for 'w'; none
for 'v', 'u' (one op has none).
Note: Something to know.
"""
FAILURE = """
Verification: failed (inputs: in.npz, rtol 1e-05, atol 1e-06)

  signature         output       largest difference   bitwise equal
 ───────────────────────────────────────────────────────────────────
  serving_default   prediction                    -   no
"""
