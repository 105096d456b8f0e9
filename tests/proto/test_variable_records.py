import pytest

from compat_saver.proto.messages import CollectionDef, SaverDef, VariableDef
from compat_saver.proto.variable_records import SliceInfo, variable_records


def definition(name, **fields):
    return VariableDef(
        variable_name=f"{name}:0", initializer_name=f"{name}/Assign", snapshot_name=f"{name}/read:0", **fields
    )


def collection(*definitions):
    return CollectionDef(bytes_list={"value": [item.SerializeToString() for item in definitions]})


def test_collections_are_merged_in_the_order_of_the_global_one():
    records = variable_records(
        {
            "local_variables": collection(definition("count")),
            "moving_average_variables": collection(definition("w")),
            "my_own": collection(definition("b"), definition("only_here")),
            "trainable_variables": collection(definition("b"), definition("w")),
            "variables": collection(definition("w"), definition("b"), definition("step")),
        }
    )
    assert [(item.name, item.trainable, item.collections) for item in records] == [
        ("w", True, ("moving_average_variables", "trainable_variables", "variables")),
        ("b", True, ("my_own", "trainable_variables", "variables")),
        ("step", False, ("variables",)),
        ("count", False, ("local_variables",)),
        ("only_here", False, ("my_own",)),
    ]
    assert (records[0].initializer, records[0].snapshot, records[0].is_resource) == ("w/Assign", "w/read:0", False)


def test_trainable_as_new_releases_write_it():
    (record,) = variable_records({"variables": collection(definition("w", trainable=True, is_resource=True))})
    assert record.trainable
    assert record.is_resource


def test_a_part_of_a_partitioned_variable():
    info = {"full_name": "w", "full_shape": [10, 4], "var_offset": [5, 0], "var_shape": [5, 4]}
    (record,) = variable_records({"variables": collection(definition("w/part_1", save_slice_info_def=info))})
    assert record.slice_info == SliceInfo("w", (10, 4), (5, 0), (5, 4))


def test_fields_of_later_releases_do_no_harm():
    # synchronization (8) and aggregation (9)
    data = definition("w").SerializeToString() + b"\x40\x01\x48\x01"
    (record,) = variable_records({"variables": CollectionDef(bytes_list={"value": [data]})})
    assert record.name == "w"


def bytes_of(number, text):
    return bytes([number << 3 | 2, len(text)]) + text


NOT_VARIABLES = {
    "savers": SaverDef(
        filename_tensor_name="save/Const:0",
        save_tensor_name="save/Identity:0",
        restore_op_name="save/restore_all",
        max_to_keep=5,
        sharded=True,
    ).SerializeToString(),
    "cond_context": bytes_of(1, b"cond/cond_text") + bytes_of(2, b"cond/pred_id:0") + bytes_of(3, b"cond/switch_t:0"),
    "queue_runners": bytes_of(1, b"input/fifo_queue") + bytes_of(2, b"input/enqueue") + bytes_of(3, b"input/close"),
    "while_context": bytes_of(1, b"rnn/while/while_context") + b"\x10\x20" + bytes_of(3, b"rnn/while/LoopCond:0"),
    "text": b"hello world",
    "empty": b"",
    "noise": b"\xff\xff\xff",
}


@pytest.mark.parametrize("key", NOT_VARIABLES)
def test_other_messages_are_no_variables(key):
    assert variable_records({key: CollectionDef(bytes_list={"value": [NOT_VARIABLES[key]]})}) == ()


def test_other_kinds_of_collection_are_no_variables():
    assert variable_records({"a": CollectionDef(node_list={"value": ["w:0"]}), "b": CollectionDef()}) == ()
