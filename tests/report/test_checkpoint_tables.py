"""The whole text of what the checkpoint commands print."""

import ml_dtypes
import numpy as np
import pytest

from compat_saver import checkpoints
from compat_saver.bundle import BundleWriter, SliceSpec
from compat_saver.report.checkpoint_tables import (
    render_changes,
    render_difference,
    render_flat,
    render_soundness,
    render_statistics,
    render_summary,
    render_tree,
)
from tests.checkpoints.files import write
from tests.checkpoints.test_looking import object_graph, write_objects


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    """Relative paths keep the text the same everywhere."""
    monkeypatch.chdir(tmp_path)


def write_model(prefix):
    with BundleWriter(prefix) as writer:
        writer.add("encoder/layer_0/kernel", np.full((300, 20), 0.5, np.float32))
        writer.add("encoder/layer_0/bias", np.array([1, np.nan, -np.inf], np.float64))
        for start in (0, 2):
            writer.add_slice("encoder/table", (4, 2), SliceSpec.parse(f"{start},2:-"), np.ones((2, 2), np.float32))
        writer.add("encoder/table/Adam", np.zeros((4, 2), np.float32))
        writer.add("global_step", np.int64(1234567))
        writer.add("words", np.array([b"a", b"bc"], object))
        writer.add("narrow", np.array([1 / 3], ml_dtypes.bfloat16))
    return str(prefix)


def test_a_tree():
    assert render_tree(checkpoints.ls(write_model("model.ckpt"))) == TREE.strip("\n")


def test_a_flat_list():
    assert render_flat(checkpoints.ls(write_model("model.ckpt"))) == FLAT.strip("\n")


def test_objects():
    source = write_objects("model.ckpt", object_graph())
    assert render_tree(checkpoints.ls(source)) == OBJECTS.strip("\n")
    assert render_flat(checkpoints.ls(source)) == FLAT_OBJECTS.strip("\n")


def test_an_empty_checkpoint():
    with BundleWriter("none"):
        pass
    assert render_tree(checkpoints.ls("none")) == "none: V2, saved by name, 2 files, 0 tensors, 0 B"
    assert render_flat(checkpoints.ls("none")) == ""
    assert render_statistics(()) == "name  dtype  shape  min  max  mean  NaN  Inf"


def test_statistics():
    assert render_statistics(checkpoints.stats(write_model("model.ckpt")).tensors) == STATISTICS.strip("\n")


def test_differences():
    a = write("a", same=1, moved__x=[1.0, 2.0], only__here=1, kind=[1.0], form=[1.0], nan=[np.nan], text=[b"a"])
    b = write("b", same=1, moved__x=[1.0, 2.5], new=1, kind=np.int32([1]), form=[[1.0]], nan=[1.0], text=[b"b"])
    assert render_difference(checkpoints.diff(a, b)) == DIFFERENCES.strip("\n")
    assert render_difference(checkpoints.diff(a, a)) == "A  a\nB  a\n7 of 7 tensors are the same."


def test_soundness():
    write_model("model.ckpt")
    assert render_soundness(checkpoints.verify("model.ckpt")) == "model.ckpt: intact, 2 files, 24.5 kB"
    with open("model.ckpt.data-00000-of-00001", "r+b") as file:
        file.write(b"x")
    assert render_soundness(checkpoints.verify("model.ckpt")) == DAMAGED.strip("\n")


def test_what_was_written():
    source = write("a", x=1.0, y=2)
    written = checkpoints.cast(source, "out", {"float64": "float32"})
    assert render_summary(written) == "Written to out: 2 tensors (12 B), 1 changed."
    planned = checkpoints.drop(source, "out2", ["y"], dry_run=True)
    assert render_summary(planned) == "Nothing was written (dry run): 1 tensor (8 B), 1 left out."
    assert (render_changes(written), render_changes(planned)) == ("x  was float64", "y  left out")
    assert render_changes(checkpoints.convert(source, "out3")) == ""


TREE = """
model.ckpt: V2, saved by name, 2 files, 7 tensors, 24.1 kB
global_step  int64     []                      8 B
narrow       bfloat16  [1]                     2 B
words        string    [2]                     9 B
encoder/                                   24.1 kB
  table      float32   [4, 2] in 2 slices     32 B
  layer_0/                                 24.0 kB
    bias     float64   [3]                    24 B
    kernel   float32   [300, 20]           24.0 kB
  table/                                      32 B
    Adam     float32   [4, 2]                 32 B
"""
FLAT = """
encoder/layer_0/bias    float64   [3]           24
encoder/layer_0/kernel  float32   [300, 20]  24000
encoder/table           float32   [4, 2]        32
encoder/table/Adam      float32   [4, 2]        32
global_step             int64     []             8
narrow                  bfloat16  [1]            2
words                   string    [2]            9
"""
OBJECTS = """
model.ckpt: V2, saved by object, 2 files, 3 tensors, 197 B
_CHECKPOINTABLE_OBJECT_GRAPH  string   []  181 B
a_longer/                                   16 B
  way                         float64  []    8 B  dense/kernel
  way/                                       8 B
    .OPTIMIZER_SLOT/                         8 B
      optimizer/                             8 B
        m                     float64  []    8 B  dense/kernel/m
"""
FLAT_OBJECTS = """
_CHECKPOINTABLE_OBJECT_GRAPH  string   []  181
layer/kernel/.ATTRIBUTES/V    float64  []    8  a_longer/way                              dense/kernel
slot                          float64  []    8  a_longer/way/.OPTIMIZER_SLOT/optimizer/m  dense/kernel/m
"""
STATISTICS = """
name                    dtype     shape           min       max         mean  NaN  Inf
encoder/layer_0/bias    float64   [3]               1         1            1    1    1
encoder/layer_0/kernel  float32   [300, 20]       0.5       0.5          0.5
encoder/table           float32   [4, 2]            1         1            1
encoder/table/Adam      float32   [4, 2]            0         0            0
global_step             int64     []          1234567   1234567  1.23457e+06
narrow                  bfloat16  [1]        0.333984  0.333984     0.333984
words                   string    [2]               -         -            -
"""
DIFFERENCES = """
A  a
B  b
1 of 8 tensors are the same.

name       differs in  A            B               elements  largest difference
form       shape       float64 [1]  float64 [1, 1]
kind       dtype       float64 [1]  int32 [1]              0                   0
moved/x    values      float64 [2]  float64 [2]            1                 0.5
nan        values      float64 [1]  float64 [1]            1                   -
new        only in B   -            int64 []
only/here  only in A   int64 []     -
text       values      string [1]   string [1]             1                   -
"""
DAMAGED = """
model.ckpt: damaged in 1 place
  - model.ckpt.data-00000-of-00001, byte 0: tensor 'encoder/layer_0/kernel' (24000 bytes) fails its checksum: \
expected CRC-32C 0xa6423511, found 0x6a3f5791. The file is damaged; copy it again.
"""
