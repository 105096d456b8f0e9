"""Image ops of tf.contrib and TensorFlow Addons: what the golden cases do not show."""

import numpy as np
import pytest

from compat_saver.passes.replacements.image_ops import AdjustHsvInYiq, ImageProjectiveTransform
from tests.golden_cases import case
from tests.passes.graphs import (
    RNG,
    assert_addons_alike,
    assert_rewrites,
    assert_stays,
    in_a_function,
    replaced,
)


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
            (output,) = serve(images=images, transforms=tf.constant(inputs["transforms:0"])).values()
        np.testing.assert_allclose(tape.gradient(output, images), expected[name], rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
def test_contrast_is_adjusted_in_float_and_clipped():
    text = """
    x = Placeholder[dtype=uint8, shape=[*]]
    factor = Const[dtype=float32, value=float32[](1.7)]
    low = Const[dtype=float32, value=float32[](10.0)]
    high = Const[dtype=float32, value=float32[](200.0)]
    y = AdjustContrast[T=uint8](x, factor, low, high)
    """
    graph = replaced(text, producer=1)
    image = RNG.integers(0, 255, (5, 4, 3)).astype(np.uint8)
    mean = image.astype(np.float32).mean(axis=(0, 1))
    expected = np.clip((image - mean) * 1.7 + mean, 10, 200)
    np.testing.assert_allclose(in_a_function(graph, {"x:0": image}), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "line",
    [
        "y = AdjustHsvInYiq[T=float16](x, x, x, x)",
    ],
)
def test_what_had_no_kernel_or_cannot_be_known_stays(line):
    assert_stays(AdjustHsvInYiq(), line)


@pytest.mark.parametrize(
    "line",
    ["y = Addons>AdjustHsvInYiq[T=float32](x, x, x, x)"],
)
def test_the_op_of_addons_is_rewritten_as_that_of_contrib(line):
    assert_addons_alike(line)
