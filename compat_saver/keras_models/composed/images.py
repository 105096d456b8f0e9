"""Pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat_saver.keras_models.composed.registry import composed
from compat_saver.keras_models.composed.shapes import Lengths


@composed("resize")
def _resize(ops: Any, images: Any, size: Any, method: str = "bilinear", antialias: bool = False) -> Any:
    if method != "nearest":
        images = ops.cast(images, "float32")
    size = tuple(size.items if isinstance(size, Lengths) else size)
    return ops.image.resize(images, size, interpolation=method, antialias=antialias, data_format="channels_last")


@composed("resize_bilinear")
def _resize_by_corners(
    ops: Any, images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """Resizes as TensorFlow 1 did, whose corners of pictures, or of pixels, stay where they are: by two matrices."""
    if half_pixel_centers:
        return _resize(ops, images, size)
    images = ops.cast(images, "float32")
    rows, columns = (
        _interpolation(images.shape[axis], wanted, _scale(images.shape[axis], wanted, align_corners))
        for axis, wanted in zip((1, 2), size, strict=True)
    )
    return ops.einsum("bhwc,oh,pw->bopc", images, rows, columns)


@composed("resize_nearest_neighbor")
def _resize_nearest_neighbor(
    ops: Any, images: Any, size: Any, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    for axis, wanted in zip((1, 2), size, strict=True):
        places = (np.arange(wanted) + 0.5 * half_pixel_centers) * _scale(images.shape[axis], wanted, align_corners)
        nearest = np.floor(places + 0.5 * align_corners).astype("int32")
        images = ops.take(images, np.minimum(nearest, images.shape[axis] - 1), axis=axis)
    return images


def _scale(length: int | None, wanted: int, align_corners: bool) -> float:
    if length is None:
        raise ValueError("a resizing of TensorFlow 1 needs pictures of a known size")
    return (length - 1) / (wanted - 1) if align_corners and wanted > 1 else length / wanted


def _interpolation(length: int, wanted: int, scale: float) -> Any:
    """Returns the matrix that interpolates a row of so many pixels linearly: what each wanted pixel takes of each."""
    places = np.arange(wanted) * scale
    low = np.floor(places).astype(int)
    matrix = np.zeros((wanted, length), np.float32)
    for row, (place, first) in enumerate(zip(places, low, strict=True)):
        matrix[row, first] += 1 - (place - first)
        matrix[row, min(first + 1, length - 1)] += place - first
    return matrix


@composed("flip_left_right")
def _flip_left_right(ops: Any, image: Any) -> Any:
    return ops.flip(image, axis=-2)


@composed("flip_up_down")
def _flip_up_down(ops: Any, image: Any) -> Any:
    return ops.flip(image, axis=-3)


@composed("rgb_to_grayscale")
def _rgb_to_grayscale(ops: Any, images: Any) -> Any:
    return ops.image.rgb_to_grayscale(images, data_format="channels_last")


@composed("grayscale_to_rgb")
def _grayscale_to_rgb(ops: Any, images: Any) -> Any:
    return ops.repeat(images, 3, axis=-1)


@composed("crop_to_bounding_box")
def _crop_to_bounding_box(
    ops: Any, image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    rows = slice(offset_height, offset_height + target_height)
    return image[..., rows, offset_width : offset_width + target_width, :]


@composed("per_image_standardization")
def _per_image_standardization(ops: Any, image: Any) -> Any:
    image = ops.cast(image, "float32")
    axes = (-3, -2, -1)
    count = float(np.prod([image.shape[axis] for axis in axes]))
    deviation = ops.maximum(ops.std(image, axis=axes, keepdims=True), count**-0.5)
    return ops.divide(ops.subtract(image, ops.mean(image, axis=axes, keepdims=True)), deviation)
