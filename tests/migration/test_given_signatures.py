"""Signatures as people give them: several depths, new keys, files; and weights that no checkpoint holds."""

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver import checkpoints
from compat_saver.cli import main
from compat_saver.errors import CannotMigrateError, NameNotFoundError, UsageError
from compat_saver.migration.options import read_signatures_file
from compat_saver.model.renaming import renamed
from compat_saver.model.signature import Signature, Tensor
from tests.golden_cases import case
from tests.small_models import DENSE, WEIGHTS, write_model

IMAGES = DENSE.replace(
    "x = Placeholder[dtype=float32, shape=[?, 2]]",
    """
    bytes = Placeholder[dtype=string, shape=[?]]
    raw = DecodeRaw[out_type=uint8, little_endian=true](bytes)
    x = Cast[SrcT=uint8, DstT=float32](raw)
    """,
)

# ---- new keys


def made(**tensors: tuple[dict[str, str], dict[str, str]]) -> list[Signature]:
    return [
        Signature(
            name,
            {key: Tensor(tensor, 1, None) for key, tensor in inputs.items()},
            {key: Tensor(tensor, 1, None) for key, tensor in outputs.items()},
        )
        for name, (inputs, outputs) in tensors.items()
    ]


TWO = made(policy=({"in_x": "in/x:0"}, {"prob": "p:0"}), value=({"in_x": "in/x:0"}, {"prob": "v:0"}))


def keys(signatures) -> list[list[str]]:
    return [[*item.inputs, *item.outputs] for item in signatures]


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ("in_x", [["new", "prob"], ["new", "prob"]]),
        ("in/x", [["new", "prob"], ["new", "prob"]]),
        ("in/x:0", [["new", "prob"], ["new", "prob"]]),
        ("value/in_x", [["in_x", "prob"], ["new", "prob"]]),
        ("value/in/x:0", [["in_x", "prob"], ["new", "prob"]]),
        ("value/prob", [["in_x", "prob"], ["in_x", "new"]]),
        ("p", [["in_x", "new"], ["in_x", "prob"]]),
    ],
)
def test_what_is_renamed(old, expected):
    assert keys(renamed(TWO, {old: "new"})) == expected


@pytest.mark.parametrize(
    ("rename", "error", "words"),
    [
        ({"prob": "new"}, UsageError, "means several tensors; name one of policy/p:0, value/v:0"),
        ({"gone": "new"}, NameNotFoundError, "No signature has an input or output 'gone'"),
        ({"policy/prop": "new"}, NameNotFoundError, "did you mean 'policy/prob'"),
        ({"p": "a-b"}, UsageError, "'a-b' cannot be a signature's key"),
        ({"p": "class"}, UsageError, "'class' cannot be a signature's key"),
    ],
)
def test_what_cannot_be_renamed(rename, error, words):
    with pytest.raises(error, match=words):
        renamed(TWO, rename)


def test_keys_may_be_swapped_but_not_shared():
    both = made(a=({"x": "x:0", "y": "y:0"}, {"z": "z:0"}))
    assert keys(renamed(both, {"x": "y", "y": "x"})) == [["y", "x", "z"]]
    with pytest.raises(UsageError, match="Two inputs of 'a' want the key 'y': x:0 and y:0"):
        renamed(both, {"x": "y"})


# ---- files


def test_a_file_says_what_the_flags_say(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "signatures:\n  a: {inputs: {features: x}, outputs: [prediction]}\n  b: {outputs: {p: product}}\n"
        "bind: {keep_prob: 0.5}\nrename: {a/prediction: score}\n"
    )
    found = read_signatures_file(tmp_path / "s.yaml")
    assert found.signatures == {"a": ({"features": "x"}, ["prediction"]), "b": (None, {"p": "product"})}
    assert (found.bind, found.rename) == ({"keep_prob": 0.5}, {"a/prediction": "score"})
    (tmp_path / "s.json").write_text('{"bind": {"k": [1, 2]}}')
    assert read_signatures_file(tmp_path / "s.json") == ({}, {"k": [1, 2]}, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file: expected a mapping of signatures, bind and rename, found None"),
        ("[a]", "the file: expected a mapping"),
        ("signature: {}", "the file: expected nothing but signatures, bind and rename, found 'signature'"),
        ("signatures: [a]", r"signatures: expected a mapping, found \['a'\]"),
        ("signatures: {on: {outputs: [y]}}", "signatures: expected names as text .*, found True"),
        ("signatures: {a: [y]}", "signatures/a: expected a mapping of inputs and outputs"),
        ("signatures: {a: {input: x, outputs: [y]}}", "signatures/a: expected nothing but inputs and outputs"),
        ("signatures: {a: {inputs: [x]}}", "signatures/a/outputs: expected"),
        ("signatures: {a: {outputs: []}}", "signatures/a/outputs: expected at least one tensor"),
        ("signatures: {a: {outputs: y}}", "signatures/a/outputs: expected a list of tensors, or key: tensor"),
        ("signatures: {a: {outputs: {y: 1}}}", "signatures/a/outputs: expected a list of tensors, or key: tensor"),
        ("rename: {a: 1}", "rename/a: expected a new key as text, found 1"),
        ("bind: 1", "bind: expected a mapping, found 1"),
        ("bind: {a: 1, a: 2}", "'a' is given more than once"),
        ("{", "expected a JSON or YAML file"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(tmp_path, text, words):
    (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(UsageError, match=f"s.yaml: {words}" if ":" in words else words):
        read_signatures_file(tmp_path / "s.yaml")


def test_the_flags_win_over_the_file(tmp_path):
    prefix = write_model(tmp_path)
    (tmp_path / "s.yaml").write_text("signatures: {a: {outputs: {p: prediction}}}\nrename: {p: one, x: two}\n")
    report = compat_saver.migrate(
        prefix, "never written", signatures=tmp_path / "s.yaml", rename={"p": "score"}, dry_run=True
    )
    assert keys(report.signatures) == [["two", "score"]]


def test_a_file_and_flags_that_exclude_each_other(tmp_path):
    prefix = write_model(tmp_path)
    (tmp_path / "s.yaml").write_text("signatures: {a: {outputs: [prediction]}}")
    flags = ["migrate", str(prefix), "out", "--dry-run", "--signatures", str(tmp_path / "s.yaml")]
    assert CliRunner().invoke(main, flags).exit_code == 0
    for more in (["--signature", "b:x->product"], ["--outputs", "product"]):
        result = CliRunner().invoke(main, [*flags, *more])
        assert result.exit_code == 2
        assert "not both" in result.stderr
    assert "OLD=NEW" in CliRunner().invoke(main, [*flags, "--rename", "x"]).stderr


# ---- several depths


@pytest.mark.tensorflow
@pytest.mark.slow
def test_each_signature_begins_where_it_says(tmp_path):
    import tensorflow as tf

    prefix = write_model(tmp_path, IMAGES)
    asked = {
        "from_bytes": (["bytes"], {"score": "prediction"}),
        "from_pixels": ({"pixels": "x"}, {"score": "prediction"}),
        "middle": (["bytes"], ["x"]),
        "rest": (["product"], ["prediction", "product"]),
    }
    report = compat_saver.migrate(
        prefix, tmp_path / "out", signatures=asked, verify_data=_write(tmp_path, bytes=[b"\1\2", b"\3\4"])
    )
    assert report.status == "passed"
    model = tf.saved_model.load(str(tmp_path / "out"))
    pixels = np.float32([[1, 2], [3, 4]])
    expected = pixels @ WEIGHTS["w"] + WEIGHTS["b"]
    found = [
        model.signatures["from_bytes"](bytes=tf.constant([b"\1\2", b"\3\4"]))["score"],
        model.signatures["from_pixels"](pixels=tf.constant(pixels))["score"],
        model.signatures["rest"](product=tf.constant(pixels @ WEIGHTS["w"]))["prediction"],
    ]
    for answer in found:
        np.testing.assert_allclose(answer, expected, rtol=1e-6)
    ops = {node.op for node in model.signatures["from_pixels"].graph.as_graph_def().node}
    assert "DecodeRaw" not in ops
    assert len(model.variables) == 2


def _write(directory, **arrays):
    np.savez(
        directory / "in.npz",
        x=np.float32([[1, 2], [3, 4]]),
        product=np.ones((2, 3), np.float32),
        **{name: np.array(value) for name, value in arrays.items()},
    )
    return directory / "in.npz"


@pytest.mark.tensorflow
@pytest.mark.slow
def test_an_output_that_is_bound_is_answered(tmp_path):
    text = DENSE + "keep = Placeholder[dtype=float32, shape=[]]\ny = Mul[T=float32](prediction, keep)\n"
    report = compat_saver.migrate(
        write_model(tmp_path, text), tmp_path / "out", outputs=["y", "keep"], bind={"keep": 0.5}
    )
    assert report.status == "passed"


# ---- weights that no checkpoint holds

PARTIAL = (
    DENSE
    + """
begin = TruncatedNormal[T=int32, dtype=float32, seed=0, seed2=0](shape)
shape = Const[dtype=int32, value=int32[2](2, 3)]
w/Assign = Assign[T=float32](w, begin)
zero = Const[dtype=float32, value=float32[3](0.0, 0.0, 0.0)]
b/Assign = Assign[T=float32](b, zero)
v = VariableV2[dtype=float32, shape=[2, 3]]
v/read = Identity[T=float32](v)
sum = Add[T=float32](w/read, b/read)
v/Assign = Assign[T=float32](v, sum)
other = MatMul[T=float32](x, v/read)
"""
)


def test_what_no_checkpoint_holds_is_in_the_way_only_if_it_is_needed(tmp_path):
    prefix = write_model(tmp_path, PARTIAL)
    assert compat_saver.migrate(prefix, "out", outputs=["prediction"], dry_run=True).untrained == ()
    with pytest.raises(CannotMigrateError, match=r"(?s)'v' is not in.*1 of the 1 variables .* --init-missing sets"):
        compat_saver.migrate(prefix, "out", outputs=["other"], dry_run=True)
    report = compat_saver.migrate(prefix, "out", outputs=["other"], init_missing=True, dry_run=True)
    assert report.untrained == ("v",)
    assert "1 variable is missing from the checkpoint and untrained" in " ".join(report.warnings)


@pytest.mark.tensorflow
@pytest.mark.slow
def test_what_begins_anew_begins_the_same_every_time(tmp_path):
    import tensorflow as tf

    prefix = write_model(tmp_path, PARTIAL, {"b": WEIGHTS["b"]})
    values = []
    for name in ("one", "two"):
        report = compat_saver.migrate(
            prefix, tmp_path / name, outputs=["prediction", "other"], inputs=["x"], init_missing=True
        )
        assert (report.status, report.untrained) == ("passed", ("w", "v"))
        assert "(w, v; 1 drawn at random, with a fixed seed)" in " ".join(report.warnings)
        values.append(tf.saved_model.load(str(tmp_path / name)).weights)
    assert (values[0]["w"].numpy() == values[1]["w"].numpy()).all()
    assert values[0]["w"].numpy().std() > 0
    # The checkpoint's own value, and not the initializer's, is what another variable begins with.
    np.testing.assert_array_equal(values[0]["v"].numpy(), values[0]["w"].numpy() + WEIGHTS["b"])
    assert compat_saver.verify(prefix, tmp_path / "one").status == "passed"


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_real_checkpoint_of_which_half_is_missing(tmp_path):
    source = case("1.15.5", "dense_adam")
    checkpoints.drop(source.prefix, tmp_path / "half", ["logits/*"])
    meta = source.prefix.with_name("model.ckpt.meta")
    report = compat_saver.migrate(
        tmp_path / "half", tmp_path / "out", meta_graph=meta, init_missing=True, **source.arguments
    )
    assert (report.status, report.untrained) == ("passed", ("logits/kernel", "logits/bias"))
