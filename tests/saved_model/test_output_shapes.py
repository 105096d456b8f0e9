"""Static shapes of outputs, as recorded and as TensorFlow infers them."""

import pytest

from compat_saver.graph.attributes import shape_from_message
from compat_saver.saved_model import make_saved_model, refine_output_shapes
from compat_saver.saved_model.output_shapes import merged
from tests.saved_model.models import contents


@pytest.mark.parametrize(
    ("recorded", "inferred", "expected"),
    [
        (None, None, None),
        ((1,), None, (1,)),
        (None, (None,), (None,)),
        ((1,), (None,), (1,)),
        ((None, 3), (2, None), (2, 3)),
        ((1,), (2,), (2,)),
        ((1, 2), (None,), (None,)),
        ((), (), ()),
    ],
)
def test_both_know_something_and_shape_functions_know_better(recorded, inferred, expected):
    assert merged(recorded, inferred) == expected


def test_all_places_get_the_shape():
    meta = make_saved_model(contents()).message.meta_graphs[0]
    found = refine_output_shapes(meta, {"serving_default": {"y": (4, None), "id": (None,), "count": None}})
    assert found == {"serving_default": {"y": (4, 3), "id": (None,), "count": None}}
    assert shape_from_message(meta.signature_def["serving_default"].outputs["y"].tensor_shape) == (4, 3)
    specs = [item.output_signature.dict_value.fields for item in meta.object_graph_def.concrete_functions.values()]
    (fields,) = [item for item in specs if "y" in item]
    assert shape_from_message(fields["y"].tensor_spec_value.shape) == (4, 3)
    nodes = {node.name: node for function in meta.graph_def.library.function for node in function.node_def}
    assert [shape_from_message(item) for item in nodes["y"].attr["_output_shapes"].list.shape] == [(4, 3)]


def test_signatures_that_are_not_named_stay():
    meta = make_saved_model(contents()).message.meta_graphs[0]
    before = meta.SerializeToString(deterministic=True)
    assert refine_output_shapes(meta, {}) == {}
    assert meta.SerializeToString(deterministic=True) == before
