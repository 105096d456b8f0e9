"""Image ops of tf.contrib and TensorFlow Addons: what the golden cases do not show, gradients above all."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.graph.compare import differences
from compat_saver.passes import run_passes
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.convolutions import FusedConv2DBiasActivation
from compat_saver.passes.replacements.image_ops import AdjustHsvInYiq, ImageProjectiveTransform
from compat_saver.passes.replacements.periodic_resample import PeriodicResample
from compat_saver.passes.replacements.reductions import ReduceSlice
from tests.golden_cases import case
from tests.passes.graphs import apply, assert_rewrites

RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def rewritten(text: str, outputs: Iterable[str] = ("y:0",)) -> Callable:
    """Returns a function of the placeholders of a graph, after all successor passes."""
    import tensorflow as tf

    graph = parse_graph(text)
    run_passes([item() for item in OP_REPLACEMENTS], graph)
    message = tf.compat.v1.GraphDef.FromString(to_graph_def(graph).SerializeToString())
    inputs = [node for node in graph if node.op == "Placeholder"]

    def body(*values):
        fed = {f"{node.name}:0": value for node, value in zip(inputs, values, strict=True)}
        return tf.graph_util.import_graph_def(message, fed, list(outputs), name="")

    signature = [tf.TensorSpec(node.attr.shape("shape"), node.attr.type("dtype")) for node in inputs]
    return tf.compat.v1.wrap_function(body, signature)


def test_the_size_of_the_images_becomes_an_input():
    assert_rewrites(
        ImageProjectiveTransform(),
        """
        x = Placeholder[dtype=uint8, shape=[?, ?, ?, 3]]
        t = Placeholder[dtype=float32, shape=[?, 8]]
        y = ImageProjectiveTransform[dtype=uint8](x, t)
        """,
        """
        x = Placeholder[dtype=uint8, shape=[?, ?, ?, 3]]
        t = Placeholder[dtype=float32, shape=[?, 8]]
        y/Shape = Shape[T=uint8, out_type=int32](x)
        y/Const = Const[dtype=int32, value=int32[1](1)]
        y/Const_1 = Const[dtype=int32, value=int32[1](2)]
        y/Slice = Slice[T=int32, Index=int32](y/Shape, y/Const, y/Const_1)
        y = ImageProjectiveTransformV2[dtype=uint8, interpolation="NEAREST"](x, t, y/Slice)
        """,
    )


def test_the_transforms_of_addons_are_those_of_core():
    before = """
    x = Placeholder[dtype=float32, shape=[*]]
    t = Placeholder[dtype=float32, shape=[?, 8]]
    size = Placeholder[dtype=int32, shape=[2]]
    fill = Placeholder[dtype=float32, shape=[]]
    y = Addons>ImageProjectiveTransformV2[dtype=float32, interpolation="BILINEAR"](x, t, size)
    z = Addons>ImageProjectiveTransformV3[dtype=float32, interpolation="BILINEAR", fill_mode="WRAP"](x, t, size, fill)
    """
    assert_rewrites(ImageProjectiveTransform(), before, before.replace("Addons>", ""))


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (AdjustHsvInYiq(), "y = AdjustHsvInYiq[T=float16](x, x, x, x)"),
        (PeriodicResample(), "y = PeriodicResample[T=float32, shape=[?, ?]](x)"),
        (PeriodicResample(), "y = PeriodicResample[T=float32, shape=[2, 2]](x)"),
        (PeriodicResample(), "y = PeriodicResample[T=float32, shape=[*]](x)"),
        (ReduceSlice(), "y = ReduceSliceMax[T=complex64, Tindices=int32](x, x, x)"),
        (ReduceSlice(), "y = ReduceSliceSum[T=qint8, Tindices=int32](x, x, x)"),
        (
            FusedConv2DBiasActivation(),
            'y = FusedConv2DBiasActivation[T=float32, Tbias=float32, padding="SAME"](x, x, x, x, x, x)',
        ),
    ],
)
def test_what_had_no_kernel_or_cannot_be_known_stays(item, line):
    graph, rewrites = apply(item, f"x = Placeholder[dtype=float32]\n{line}")
    assert rewrites == []
    assert len(graph) == 2


RESAMPLER = """
data = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
warp = Placeholder[dtype=float32, shape=[*]]
seed = Placeholder[dtype=float32, shape=[*]]
y = Addons>Resampler[T=float32](data, warp)
g = Addons>ResamplerGrad[T=float32](data, warp, seed)
grad_data = Identity[T=float32](g)
grad_warp = Identity[T=float32](g:1)
"""
RESULTS = ("y:0", "grad_data:0", "grad_warp:0")


@pytest.mark.tensorflow
@pytest.mark.parametrize("points", [(), (5,), (2, 0), (2, 3)], ids=str)
def test_the_gradient_of_a_resampler_is_its_old_gradient_op(points):
    """Which the golden case holds against TensorFlow 1."""
    import tensorflow as tf

    data, warp = tf.constant(floats(2, 4, 5, 3)), tf.constant(3 * floats(2, *points, 2) + 2)
    seed = tf.constant(floats(2, *points, 3))
    function = rewritten(RESAMPLER, RESULTS)
    with tf.GradientTape() as tape:
        tape.watch([data, warp])
        answer, *expected = function(data, warp, seed)
    assert answer.shape == (2, *points, 3)
    for found, old in zip(tape.gradient(answer, [data, warp], seed), expected, strict=True):
        np.testing.assert_allclose(found, old, rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
def test_points_far_away_see_nothing_of_the_image_not_even_a_nan():
    data = np.full((1, 2, 2, 1), np.nan, np.float32)
    warp = np.array([[[-1, 0], [2, 1], [1e30, 0], [0, -np.inf], [np.nan, 0]]], np.float32)
    answer, grad_data, grad_warp = rewritten(RESAMPLER, RESULTS)(data, warp, np.ones((1, 5, 1), np.float32))
    assert not np.any(answer)
    assert not np.any(grad_data)
    assert not np.any(grad_warp)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("shape", "wanted"), [((1, 2, 2, 8), "[1, 4, 4, ?]"), ((2, 4, 24), "[4, ?, 48]")])
def test_the_gradient_of_periodic_resample_is_its_old_gradient_op(shape, wanted):
    """Which the golden case holds against TensorFlow 1."""
    import tensorflow as tf

    values = tf.constant(floats(*shape))
    resample = rewritten(
        f"""
        x = Placeholder[dtype=float32, shape=[*]]
        y = PeriodicResample[T=float32, shape={wanted}](x)
        """
    )
    with tf.GradientTape() as tape:
        tape.watch(values)
        (answer,) = resample(values)
    seed = tf.constant(floats(*answer.shape))
    gradient = rewritten(
        f"""
        x = Placeholder[dtype=float32, shape=[*]]
        y = PeriodicResampleOpGrad[T=float32, original_shape={list(shape)}, desired_shape={wanted}](x)
        """
    )
    np.testing.assert_array_equal(tape.gradient(answer, values, seed), gradient(seed)[0])


@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("release", ["1.4.1", "1.8.0"])
def test_the_gradient_of_a_transform_is_that_of_its_release(release, tmp_path):
    import tensorflow as tf

    import compat_saver

    golden = case(release, "image_transform")
    name = golden.facts["outputs"][-1]
    compat_saver.migrate(golden.prefix, tmp_path / "out", verify=False, outputs=["bilinear_float32:0"])
    model = tf.saved_model.load(str(tmp_path / "out"))
    serve = model.signatures["serving_default"]
    for inputs, expected in golden.runs():
        images = tf.constant(inputs["images:0"])
        with tf.GradientTape() as tape:
            tape.watch(images)
            (answer,) = serve(images=images, transforms=tf.constant(inputs["transforms:0"])).values()
        np.testing.assert_allclose(tape.gradient(answer, images), expected[name], rtol=1e-5, atol=1e-5)


FUSED = """
x = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
side = Placeholder[dtype=float32, shape=[*]]
k = Placeholder[dtype=float32, shape=[?, ?, ?, ?]]
b = Placeholder[dtype=float32, shape=[?]]
s = Const[dtype=float32, value=float32[](0.5)]
t = Const[dtype=float32, value=float32[](SIDE_SCALE)]
y = FusedConv2DBiasActivation[ATTRS, T=float32, Tbias=float32, dilations={1, 2, 2, 1}](x, k, b, side, s, t)
"""


def convolution(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Returns the valid convolution of NHWC images with a HWIO kernel."""
    rows, columns = kernel.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(x, (rows, columns), (1, 2))[:, ::stride, ::stride]
    return np.einsum("nyxihw,hwio->nyxo", windows, kernel)


@pytest.mark.tensorflow
@pytest.mark.parametrize("activation", ["Relu", "None"])
@pytest.mark.parametrize("side_scale", [0.0, -1.5])
@pytest.mark.parametrize(("data_format", "filter_format"), [("NHWC", "HWIO"), ("NHWC", "OIHW"), ("NCHW", "HWIO")])
def test_a_fused_convolution_follows_its_formula(activation, side_scale, data_format, filter_format):
    """In float32 it ran on GPUs only: this holds it against the formula in its documentation, not against a run."""
    x, kernel, bias, side = floats(2, 5, 7, 3), floats(3, 3, 3, 4), floats(4), floats(2, 2, 3, 4)
    expected = 0.5 * convolution(x, kernel, 2) + side_scale * side + bias
    expected = np.maximum(expected, 0) if activation == "Relu" else expected
    if data_format == "NCHW":
        x, side, expected = (array.transpose(0, 3, 1, 2) for array in (x, side, expected))
    strides = "{1, 2, 2, 1}" if data_format == "NHWC" else "{1, 1, 2, 2}"
    attrs = f'strides={strides}, padding="VALID", data_format="{data_format}", filter_format="{filter_format}"'
    text = FUSED.replace("SIDE_SCALE", str(side_scale)).replace("ATTRS", f'{attrs}, activation_mode="{activation}"')
    kernel = kernel.transpose(3, 2, 0, 1) if filter_format == "OIHW" else kernel
    side = side if side_scale else np.zeros(0, np.float32)
    (found,) = rewritten(text)(x, side, kernel, bias)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.tensorflow
def test_a_slice_that_begins_before_the_axis_begins_with_it():
    text = """
    x = Placeholder[dtype=int32, shape=[*]]
    i = Placeholder[dtype=int64, shape=[*]]
    axis = Const[dtype=int64, value=int64[](0)]
    y = ReduceSliceSum[T=int32, Tindices=int64](x, i, axis)
    """
    (found,) = rewritten(text)(np.arange(1, 5, dtype=np.int32), np.array([[-3, 2], [3, 1], [-9, -1]]))
    assert found.numpy().tolist() == [3, 0, 0]


@pytest.mark.parametrize(
    "line",
    [
        "y = Addons>Resampler[T=float16](x, x)",
        "y = Addons>ResamplerGrad[T=float64](x, x, x)",
        "y = Addons>AdjustHsvInYiq[T=float32](x, x, x, x)",
    ],
)
def test_the_ops_of_addons_are_rewritten_as_those_of_contrib(line):
    passes = [item() for item in OP_REPLACEMENTS]
    addons, contrib = (
        parse_graph(f"x = Placeholder[dtype=float32]\n{text}") for text in (line, line.replace("Addons>", ""))
    )
    for graph in (addons, contrib):
        run_passes(passes, graph)
    assert len(contrib) > 2
    assert differences(addons, contrib) == []
