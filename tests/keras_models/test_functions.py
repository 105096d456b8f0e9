"""Functions of TensorFlow as those of Keras: the same values, computed by TensorFlow."""

import numpy as np
import pytest

from compat_saver.keras_models.functions import call_function
from compat_saver.keras_models.operations import operation_of

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

pytestmark = pytest.mark.tensorflow

NUMBERS = np.random.default_rng(1).normal(size=(2, 4, 6)).astype("float32")
PICTURES = np.random.default_rng(2).uniform(size=(2, 4, 4, 3)).astype("float32")
SQUARES = {"transpose_b": True, "b": NUMBERS}

ELLIPSIS_AND_NEW_AXIS = {"ellipsis_mask": 1, "new_axis_mask": 2, "shrink_axis_mask": 4}
BOX = {"offset_height": 1, "offset_width": 0, "target_height": 2, "target_width": 3}
CASES = [
    ("abs", NUMBERS, {}),
    ("subtract", NUMBERS, {"y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}),
    ("math.atan2", NUMBERS, {"x": 2.0}),
    ("math.reduce_logsumexp", NUMBERS, {"axis": 1, "keepdims": True}),
    ("math.reduce_std", NUMBERS, {"axis": -1}),
    ("math.reduce_euclidean_norm", NUMBERS, {"axis": [1, 2]}),
    ("math.squared_difference", NUMBERS, {"y": 0.5}),
    ("math.l2_normalize", NUMBERS, {}),
    ("math.cumsum", NUMBERS, {}),
    ("math.cumsum", NUMBERS, {"axis": 1, "exclusive": True, "reverse": True}),
    ("math.add_n", [NUMBERS, NUMBERS], {}),
    ("math.argmax", NUMBERS, {}),
    ("norm", NUMBERS, {"axis": -1, "keepdims": True}),
    ("norm", NUMBERS, {"ord": 1, "axis": 1}),
    ("clip_by_norm", NUMBERS, {"clip_norm": 1.0, "axes": [1]}),
    ("linalg.matmul", NUMBERS, SQUARES),
    ("linalg.diag", NUMBERS, {}),
    ("linalg.diag_part", NUMBERS, {}),
    ("reshape", NUMBERS, {"shape": [2, -1]}),
    ("stack", [NUMBERS, NUMBERS], {"axis": 1}),
    ("split", NUMBERS, {"num_or_size_splits": 3, "axis": 2}),
    ("split", NUMBERS, {"num_or_size_splits": [1, -1, 2], "axis": 2}),
    ("unstack", NUMBERS, {"axis": 1}),
    ("pad", NUMBERS, {"paddings": [[0, 0], [1, 0], [2, 2]], "constant_values": 3.0}),
    ("pad", NUMBERS, {"paddings": [[0, 0], [1, 0], [2, 2]], "mode": "REFLECT"}),
    ("reverse", NUMBERS, {"axis": [1, 2]}),
    ("sort", NUMBERS, {"axis": 1, "direction": "DESCENDING"}),
    ("gather", NUMBERS, {"indices": [1, 0, 1]}),
    ("gather", NUMBERS, {"indices": np.array([[1, 0], [3, 3]]), "batch_dims": 1}),
    ("slice", NUMBERS, {"begin": [0, 1, 2], "size": [-1, 2, 3]}),
    ("strided_slice", NUMBERS, {"begin": [0, 3], "end": [0, 0], "strides": [1, -1], "end_mask": 3, "begin_mask": 1}),
    ("strided_slice", NUMBERS, {"begin": [0, 0, 1], "end": [0] * 3, **ELLIPSIS_AND_NEW_AXIS}),
    ("sequence_mask", np.array([1, 3]), {"maxlen": 4, "dtype": "float32"}),
    ("one_hot", np.array([1, 3]), {"depth": 4, "on_value": 5.0, "off_value": 1.0}),
    ("nn.softmax", NUMBERS, {}),
    ("nn.gelu", NUMBERS, {}),
    ("nn.silu", NUMBERS, {"beta": 1.5}),
    ("nn.crelu", NUMBERS, {}),
    ("nn.bias_add", PICTURES, {"bias": [1.0, 2.0, 3.0]}),
    ("nn.local_response_normalization", PICTURES, {"depth_radius": 1, "alpha": 0.5}),
    ("nn.max_pool2d", PICTURES, {"ksize": 2, "strides": [1, 2, 2, 1], "padding": "SAME"}),
    ("nn.avg_pool2d", PICTURES, {"ksize": [2, 3], "strides": 1, "padding": "VALID"}),
    ("nn.conv2d", PICTURES, {"filters": np.ones((2, 2, 3, 2), "float32").tolist(), "strides": 2, "padding": "SAME"}),
    ("nn.depth_to_space", np.tile(PICTURES, 4), {"block_size": 2}),
    ("nn.space_to_depth", PICTURES, {"block_size": 2}),
    ("image.resize", PICTURES, {"size": [6, 7]}),
    ("image.resize", PICTURES, {"size": [6, 7], "method": "nearest"}),
    ("compat.v1.image.resize_bilinear", PICTURES, {"size": [6, 3]}),
    ("compat.v1.image.resize_bilinear", PICTURES, {"size": [7, 3], "align_corners": True}),
    ("compat.v1.image.resize_nearest_neighbor", PICTURES, {"size": [6, 3]}),
    ("compat.v1.image.resize_nearest_neighbor", PICTURES, {"size": [7, 3], "align_corners": True}),
    ("image.flip_left_right", PICTURES, {}),
    ("image.flip_up_down", PICTURES, {}),
    ("image.rgb_to_grayscale", PICTURES, {}),
    ("image.per_image_standardization", PICTURES, {}),
    ("image.crop_to_bounding_box", PICTURES, BOX),
]  # fmt: skip


@pytest.mark.parametrize(("name", "first", "arguments"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_a_function_computes_what_tensorflow_computes(name, first, arguments):
    function = tf
    for part in name.split("."):
        function = getattr(function, part)
    operation = operation_of(name)
    renamed = {operation.arguments[key]: value for key, value in arguments.items()}
    position = next(iter(operation.arguments.values()))
    found = call_function(keras, operation.function, {position: first, **renamed})
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(function(first, **arguments)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        assert np.asarray(one).shape == other.shape


def test_functions_of_other_families_are_others():
    assert operation_of("strings.split") is None
    assert operation_of("compat.v1.floor_div").function == "floor_divide"


def test_open_lengths_are_those_that_reshape_infers():
    tensor = keras.Input((4, 6))
    lengths = call_function(keras, "tf.shape", {"input": tensor})
    batch = call_function(keras, "tf.getitem", {"tensor": lengths, "slice_spec": 0})
    twice = call_function(keras, "multiply", {"x1": lengths.items[1], "x2": 2})
    assert call_function(keras, "tf.reshape", {"tensor": tensor, "shape": [batch, 3, twice]}).shape == (None, 3, 8)
    with pytest.raises((TypeError, ValueError)):
        call_function(keras, "multiply", {"x1": batch, "x2": 2})
