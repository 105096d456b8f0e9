"""ImageProjectiveTransform -> ImageProjectiveTransformV2: the size of the answer was that of the images.

Source: tensorflow/contrib/image/kernels/image_ops.h. What lies outside of an image is 0, as in V2 with its default
`fill_mode`, CONSTANT. In 1.0 there was no `interpolation`: it took the nearest pixel. TensorFlow Addons has V2 and V3
under names of its own, with the inputs and attributes of the core ops.
"""

from __future__ import annotations

from typing import ClassVar

from compat_saver.graph.attributes import bytes_attr, type_attr
from compat_saver.graph.ir import Node
from compat_saver.passes.build import Build
from compat_saver.passes.replacements.op_replacement import Successor

_INT32 = type_attr(3)
_ADDONS = "Addons>"


class ImageProjectiveTransformV2(Successor):
    """Gives each ImageProjectiveTransform the size of its images, and those of TensorFlow Addons their core name."""

    name = "image_projective_transform_v2"
    ops: ClassVar = {
        "ImageProjectiveTransform": "ImageProjectiveTransformV2",
        **{f"{_ADDONS}{op}": op for op in ("ImageProjectiveTransformV2", "ImageProjectiveTransformV3")},
    }
    agreement = "to rounding"

    def rewrite(self, node: Node, build: Build) -> None:
        """Rewrites one such op."""
        if node.op == "ImageProjectiveTransform":
            images, transforms = node.inputs
            shape = build("Shape", images, T=node.attrs["dtype"], out_type=_INT32)
            rows_and_columns = [build.constant(numbers, "int32") for numbers in ([1], [2])]
            size = build("Slice", shape, *rows_and_columns, T=_INT32, Index=_INT32)
            node.set_inputs([images, transforms, size])
            node.attrs.setdefault("interpolation", bytes_attr("NEAREST"))
        node.op = self.ops[node.op]
